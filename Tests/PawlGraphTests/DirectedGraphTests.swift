import PawlGraph
import Testing

@Suite("Directed graph")
struct DirectedGraphTests {
  private func graph(_ edges: [(String, String)], _ nodes: [String] = []) -> DirectedGraph<String> {
    var graph = DirectedGraph<String>()
    for node in nodes { graph.add(node) }
    for (before, after) in edges { graph.addEdge(from: before, to: after) }
    return graph
  }

  @Test("Order respects edges and keeps the order of adding among free nodes")
  func order() throws {
    let graph = graph([("b", "a"), ("c", "a")], ["d", "a", "c", "b"])
    #expect(try graph.topologicalOrder() == ["d", "c", "b", "a"])
  }

  @Test("An empty graph has an empty order")
  func empty() throws {
    #expect(try DirectedGraph<String>().topologicalOrder() == [])
  }

  @Test(
    "A cycle is reported with its whole way",
    arguments: [
      [("a", "b"), ("b", "a")], [("a", "b"), ("b", "c"), ("c", "a")],
      [("x", "a"), ("a", "b"), ("b", "a"), ("b", "y")],
      [("a", "a")],
    ])
  func cycle(edges: [(String, String)]) throws {
    let graph = graph(edges)
    let error = try #require(throws: GraphCycle<String>.self) { _ = try graph.topologicalOrder() }
    #expect(error.nodes.first == error.nodes.last)
    for (before, after) in zip(error.nodes, error.nodes.dropFirst()) {
      #expect(graph.predecessors(of: after).contains(before))
    }
  }

  @Test("Ancestors are all that must come before")
  func ancestors() throws {
    let graph = graph([("a", "b"), ("b", "c"), ("x", "c"), ("c", "d")])
    #expect(graph.ancestors(of: "d") == ["a", "b", "c", "x"])
    #expect(graph.ancestors(of: "a") == [])
    #expect(try graph.allAncestors()["d"] == graph.ancestors(of: "d"))
  }

  @Test("Reduction keeps the relation and drops what another path says")
  func reduction() throws {
    let graph = graph([("a", "b"), ("b", "c"), ("a", "c")])
    let reduced = try graph.transitiveReduction()
    #expect(reduced.predecessors(of: "c") == ["b"])
    #expect(reduced.ancestors(of: "c") == graph.ancestors(of: "c"))
  }

  @Test("DOT and Mermaid escape what users write")
  func rendering() {
    let graph = graph([("a\"x", "b")])
    let dot = graph.dot(title: "t\\\"") { GraphLabel(text: "say \"\($0)\"", cluster: $0 == "b" ? "g" : nil) }
    #expect(dot.contains(#""a\"x" -> "b";"#))
    #expect(dot.contains(#"digraph "t\\\"" {"#))
    #expect(dot.contains("subgraph cluster_1 {"))
    let mermaid = graph.mermaid { GraphLabel(text: $0) }
    #expect(mermaid.contains(#"n0["a#quot;x"]"#))
    #expect(mermaid.contains("n0 --> n1"))
  }
}
