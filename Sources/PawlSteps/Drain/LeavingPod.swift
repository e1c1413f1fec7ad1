/// A pod that has to go, and how far it is.
package struct LeavingPod: Sendable, Hashable {
  /// How far it is.
  package enum State: Sendable, Hashable {
    /// To be asked at this second of the drain; the text says why it was not let go before.
    case pending(atSecond: Int, blockedBy: String?)
    /// Asked and accepted: it terminates.
    case going
  }

  /// As last seen.
  package var pod: ClusterPod
  /// Removed rather than evicted: it has ended.
  package let delete: Bool
  package var state: State

  /// Takes a verdict; a pod that is being deleted already is only waited for.
  package init(_ verdict: DrainVerdict) {
    self.init(
      pod: verdict.pod, delete: verdict.behaviour == .delete,
      state: verdict.behaviour == .wait ? .going : .pending(atSecond: 0, blockedBy: nil))
  }

  /// Makes a leaving pod.
  package init(pod: ClusterPod, delete: Bool, state: State) {
    self.pod = pod
    self.delete = delete
    self.state = state
  }

  /// Whether it was asked and not let go.
  package var isBlocked: Bool {
    if case .pending(_, .some) = state { true } else { false }
  }

  /// When it is to be asked; nil once it goes.
  package var dueAt: Int? {
    if case .pending(let second, _) = state { second } else { nil }
  }

  /// Why it is still there.
  package var why: String {
    switch state {
    case .pending(_, let blockedBy?): blockedBy
    case .pending(_, nil): "it has not been asked yet"
    case .going: DrainText.staying(pod)
    }
  }
}
