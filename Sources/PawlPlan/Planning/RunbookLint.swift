import PawlGraph
package import PawlModel

/// What can be said of a runbook without facts: actions exist, parameters fit.
package struct RunbookLint: Sendable {
  private let catalog: ActionCatalog

  /// Makes a lint for the actions of a catalogue.
  package init(catalog: ActionCatalog) { self.catalog = catalog }

  /// - Throws: all problems at once, with their places.
  package func check(_ runbook: Runbook) throws(DiagnosticsError) {
    let diagnostics = runbook.steps.flatMap { problems(of: $0, hasHost: false) }
    if !diagnostics.isEmpty { throw DiagnosticsError(diagnostics) }
  }

  private func problems(of step: RunbookStep, hasHost: Bool) -> [Diagnostic] {
    let hasHost = hasHost || step.on != nil
    switch step.body {
    case .group(let children): return children.flatMap { problems(of: $0, hasHost: hasHost) }
    case .action(let call): return problems(of: call, hasHost: hasHost)
    }
  }

  private func problems(of call: ActionCall, hasHost: Bool) -> [Diagnostic] {
    guard let spec = catalog.spec(call.reference) else {
      return [
        Diagnostic(
          .error, "There is no action '\(call.reference)'.",
          hint: "Known actions: \(catalog.references.joined(separator: ", ")).", at: call.location)
      ]
    }
    var found: [Diagnostic] = []
    if spec.needsHost, !hasHost {
      found.append(
        Diagnostic(
          .error, "\(spec.reference) needs a host.", hint: "Add 'on' to the step or to a group around it.",
          at: call.location))
    }
    let known = Dictionary(uniqueKeysWithValues: spec.parameters.map { ($0.name, $0) })
    for (name, template) in call.parameters.sorted(by: { $0.key < $1.key }) {
      guard let parameter = known[name] else {
        let names = spec.parameters.map(\.name).joined(separator: ", ")
        found.append(
          Diagnostic(
            .error, "\(spec.reference) has no parameter '\(name)'.",
            hint: names.isEmpty ? "It takes none." : "It takes: \(names).", at: call.location))
        continue
      }
      if case .literal(let value) = template, ActionParameters.convert(value, to: parameter) == nil {
        found.append(
          Diagnostic(
            .error,
            "'\(name)' of \(spec.reference) must be \(ActionParameters.expectation(parameter)), not '\(value)'.",
            at: call.location))
      }
    }
    for parameter in spec.parameters
    where parameter.defaultValue == nil && call.parameters[parameter.name] == nil {
      found.append(
        Diagnostic(.error, "\(spec.reference) needs the parameter '\(parameter.name)'.", at: call.location))
    }
    return found
  }
}

/// The order in which siblings can be expanded.
enum RunbookOrder {
  /// The list's steps with their positions, each after what it needs. The reader has refused cycles; what is left
  /// of one keeps the file's order.
  static func sorted(_ list: [RunbookStep]) -> [(Int, RunbookStep)] {
    let position = Dictionary(list.enumerated().map { ($1.id, $0) }, uniquingKeysWith: { first, _ in first })
    var graph = DirectedGraph<Int>()
    for (index, step) in list.enumerated() {
      graph.add(index)
      let needs = step.needs?.compactMap { position[$0.name] } ?? (index > 0 ? [index - 1] : [])
      for need in needs { graph.addEdge(from: need, to: index) }
    }
    do throws(GraphCycle<Int>) {
      return try graph.topologicalOrder().map { ($0, list[$0]) }
    } catch {
      return list.enumerated().map { ($0, $1) }
    }
  }
}
