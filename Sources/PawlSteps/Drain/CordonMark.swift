package import PawlEngine

/// Who cordoned a node, as its annotation tells.
package enum CordonMark: Sendable, Hashable {
  /// The annotation that a run sets in the same change as `unschedulable`, and removes with it.
  package static let annotation = "pawl.dev/cordoned-by"

  /// No run of Pawl.
  case none
  case run(RunID)

  /// Reads a node.
  package init(of node: ClusterNode) {
    self = node.annotations[Self.annotation].map { .run(RunID($0)) } ?? .none
  }

  static func unknownNode(_ name: String) -> StepFailure {
    StepFailure(
      code: "unknown-node", message: "The API server knows no node \(name).",
      hint: "Check `node` of that host in the inventory.")
  }
}
