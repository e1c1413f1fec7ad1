package import PawlEngine

/// Asked before each effect on a host or the cluster.
package protocol EffectGate: Sendable {
  /// - Throws: why nothing may be changed any more.
  func check() async throws(StepFailure)
}

/// Lets everything through.
package struct OpenGate: EffectGate {
  package init() {}
  package func check() async throws(StepFailure) {}
}

extension StepFailure {
  /// The code of a failure because somebody else took the cluster over, as its lease says.
  package static let lockLost = "lock-lost"

  /// Whether another run holds the cluster: its lease or a host says so.
  package var isTakenOver: Bool { code == Self.lockLost || code == "fenced" }
}
