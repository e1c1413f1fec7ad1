/// A dependency graph: which nodes must come before which. It knows nothing of what the nodes are.
///
/// Nodes keep the order in which they were added; every result is deterministic in that order.
package struct DirectedGraph<Node: Hashable & Sendable>: Sendable {
  /// The nodes in the order they were added.
  package private(set) var nodes: [Node] = []
  private var predecessorSets: [Node: [Node]] = [:]

  /// An empty graph.
  package init() {}

  /// Adds a node; adding it again changes nothing.
  package mutating func add(_ node: Node) {
    if predecessorSets[node] == nil {
      nodes.append(node)
      predecessorSets[node] = []
    }
  }

  /// Says that `before` must come before `after`; both are added when new.
  package mutating func addEdge(from before: Node, to after: Node) {
    add(before)
    add(after)
    if predecessorSets[after]?.contains(before) == false {
      predecessorSets[after]?.append(before)
    }
  }

  /// What comes directly before `node`, in the order the edges were added.
  package func predecessors(of node: Node) -> [Node] { predecessorSets[node] ?? [] }

  /// For each node, what comes directly after it.
  package func successorLists() -> [Node: [Node]] {
    var result: [Node: [Node]] = [:]
    for node in nodes {
      for before in predecessors(of: node) { result[before, default: []].append(node) }
    }
    return result
  }

  /// All nodes, each after everything that must come before it; among free ones the order of adding holds.
  ///
  /// - Throws: `GraphCycle` when there is no such order.
  package func topologicalOrder() throws(GraphCycle<Node>) -> [Node] {
    let successors = successorLists()
    let position = Dictionary(uniqueKeysWithValues: nodes.enumerated().map { ($1, $0) })
    var waitingFor = nodes.reduce(into: [Node: Int]()) { $0[$1] = predecessors(of: $1).count }
    var ready = SortedPositions(nodes.filter { waitingFor[$0] == 0 }.compactMap { position[$0] })
    var order: [Node] = []
    order.reserveCapacity(nodes.count)
    while let next = ready.popFirst() {
      let node = nodes[next]
      order.append(node)
      for after in successors[node] ?? [] {
        let left = (waitingFor[after] ?? 0) - 1
        waitingFor[after] = left
        if left == 0, let place = position[after] { ready.insert(place) }
      }
    }
    guard order.count == nodes.count else {
      throw GraphCycle(nodes: findCycle(among: Set(nodes).subtracting(order)))
    }
    return order
  }

  /// Walks backwards inside nodes that all lie on or behind a cycle, until one repeats.
  private func findCycle(among rest: Set<Node>) -> [Node] {
    guard var node = nodes.first(where: rest.contains) else { return [] }
    var path: [Node] = []
    var seen: [Node: Int] = [:]
    while seen[node] == nil {
      seen[node] = path.count
      path.append(node)
      guard let before = predecessors(of: node).first(where: rest.contains) else { return path }
      node = before
    }
    let cycle = Array(path[(seen[node] ?? 0)...].reversed())
    return cycle + cycle.prefix(1)
  }

  /// Everything that must come before `node`, directly or not, without the node itself.
  package func ancestors(of node: Node) -> Set<Node> {
    var found: Set<Node> = []
    var open = predecessors(of: node)
    while let next = open.popLast() {
      if found.insert(next).inserted { open.append(contentsOf: predecessors(of: next)) }
    }
    return found
  }
}

extension DirectedGraph {
  /// `ancestors(of:)` for all nodes at once.
  ///
  /// - Throws: `GraphCycle` when the graph has one.
  package func allAncestors() throws(GraphCycle<Node>) -> [Node: Set<Node>] {
    var result: [Node: Set<Node>] = [:]
    for node in try topologicalOrder() {
      var set: Set<Node> = []
      for before in predecessors(of: node) {
        set.insert(before)
        set.formUnion(result[before] ?? [])
      }
      result[node] = set
    }
    return result
  }

  /// The same order relation with the fewest edges: an edge goes when another path says it already.
  ///
  /// - Throws: `GraphCycle` when the graph has one.
  package func transitiveReduction() throws(GraphCycle<Node>) -> DirectedGraph {
    let ancestors = try allAncestors()
    var reduced = DirectedGraph()
    for node in nodes {
      reduced.add(node)
      let before = predecessors(of: node)
      for candidate in before
      where !before.contains(where: { $0 != candidate && ancestors[$0]?.contains(candidate) == true }) {
        reduced.addEdge(from: candidate, to: node)
      }
    }
    return reduced
  }
}

/// Nodes that wait for one another; first and last are the same.
package struct GraphCycle<Node: Hashable & Sendable>: Error, Sendable {
  /// The way around, each before the next.
  package let nodes: [Node]

  /// Makes a cycle.
  package init(nodes: [Node]) { self.nodes = nodes }
}

/// Small binary min-heap of positions.
private struct SortedPositions {
  private var heap: [Int] = []

  init(_ values: [Int]) {
    for value in values { insert(value) }
  }

  mutating func insert(_ value: Int) {
    heap.append(value)
    var child = heap.count - 1
    while child > 0, heap[child] < heap[(child - 1) / 2] {
      heap.swapAt(child, (child - 1) / 2)
      child = (child - 1) / 2
    }
  }

  mutating func popFirst() -> Int? {
    guard let first = heap.first else { return nil }
    heap[0] = heap[heap.count - 1]
    heap.removeLast()
    var parent = 0
    while true {
      var smallest = parent
      for child in [2 * parent + 1, 2 * parent + 2] where child < heap.count && heap[child] < heap[smallest] {
        smallest = child
      }
      if smallest == parent { return first }
      heap.swapAt(parent, smallest)
      parent = smallest
    }
  }
}
