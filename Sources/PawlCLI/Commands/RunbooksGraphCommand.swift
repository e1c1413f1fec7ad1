import ArgumentParser
import PawlGraph
import PawlModel

/// `pawl runbooks graph NAME`
struct RunbooksGraphCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "graph", abstract: "A runbook's steps as a graph, for Graphviz or Mermaid.")

  /// The languages.
  enum Format: String, ExpressibleByArgument, CaseIterable { case dot, mermaid }

  @Argument(help: "A file, or a name from the list.")
  var runbook: String

  @Option(name: [.customShort("o"), .customLong("output")], help: "dot or mermaid.")
  var format: Format = .dot

  func run() async throws {
    try await reportingFailures {
      let book = try Catalogue.runbook(runbook)
      let drawing = RunbookDrawing(book)
      switch format {
      case .dot: Console.write(drawing.graph.dot(title: "\(book.name) \(book.version)", label: drawing.label))
      case .mermaid: Console.write(drawing.graph.mermaid(label: drawing.label))
      }
      return .success
    }
  }
}

/// A runbook's steps with their edges, groups as frames.
private struct RunbookDrawing {
  private(set) var graph = DirectedGraph<String>()
  private var labels: [String: GraphLabel] = [:]

  init(_ book: Runbook) { _ = add(book.steps, path: [], entry: []) }

  func label(_ node: String) -> GraphLabel { labels[node] ?? GraphLabel(text: node) }

  /// Adds a list; gives the steps that what follows must wait for.
  private mutating func add(_ list: [RunbookStep], path: [String], entry: [String]) -> [String] {
    var exits: [String: [String]] = [:]
    var awaited: Set<String> = []
    for (index, step) in list.enumerated() {
      let needs = step.needs?.map(\.name) ?? (index > 0 ? [list[index - 1].id] : [])
      awaited.formUnion(needs)
      let before = needs.isEmpty ? entry : needs.flatMap { exits[$0] ?? [] }
      switch step.body {
      case .group(let children):
        exits[step.id] = add(children, path: path + [step.id], entry: before)
      case .action(let call):
        let id = (path + [step.id]).joined(separator: "/")
        graph.add(id)
        for other in before { graph.addEdge(from: other, to: id) }
        labels[id] = GraphLabel(
          text: "\(step.id)\n\(call.reference)", cluster: path.isEmpty ? nil : path.joined(separator: " / "))
        exits[step.id] = [id]
      }
    }
    return list.filter { !awaited.contains($0.id) }.flatMap { exits[$0.id] ?? [] }
  }
}
