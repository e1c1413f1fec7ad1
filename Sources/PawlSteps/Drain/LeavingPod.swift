/// A pod that has to go, and how far it is.
package struct LeavingPod: Sendable, Hashable {
  /// How it is made to go.
  package enum Manner: Sendable, Hashable {
    /// Asked to leave, within its budgets.
    case evict
    /// Removed without asking its budgets, because it has ended.
    case delete
    /// Removed with no grace, however far it is.
    case force
    /// Left alone until it has ended; then it is removed.
    case completion
  }

  /// How far it is.
  package enum State: Sendable, Hashable {
    /// To be asked at this second of the drain; the text says why it was not let go before.
    case pending(atSecond: Int, blockedBy: String?)
    /// Asked and accepted, or going by itself.
    case going
  }

  /// As last seen.
  package var pod: ClusterPod
  package var manner: Manner
  package var state: State
  /// The second of the drain since which it is waited for; nil before its turn.
  package var since: Int?
  /// Whether a wait ends for it: it is to be asked at once.
  package var isDueNow = false

  /// Takes a verdict; a pod that goes by itself is only waited for.
  package init(_ verdict: DrainVerdict) {
    let manner: Manner =
      switch verdict.behaviour {
      case .wait where !verdict.pod.terminating: .completion
      case .delete: .delete
      case .evict, .wait, .ignore, .refuse: .evict
      }
    self.init(
      pod: verdict.pod, manner: manner,
      state: verdict.behaviour == .wait ? .going : .pending(atSecond: 0, blockedBy: nil))
  }

  /// Makes a leaving pod.
  package init(pod: ClusterPod, manner: Manner, state: State) {
    self.pod = pod
    self.manner = manner
    self.state = state
  }

  /// The same pod, to be removed with no grace.
  func forced() -> LeavingPod {
    LeavingPod(pod: pod, manner: .force, state: .pending(atSecond: 0, blockedBy: nil))
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
    case .going where manner == .completion && !pod.terminating: "it has not ended, and a rule waits for that"
    case .going: DrainText.staying(pod)
    }
  }

  /// The pod, its owner, and why it is there for how long: `shop/web-0 (of ReplicaSet web) stays because …, for 45 s`.
  /// - Parameter isAgain: whether an earlier attempt may have waited for it too.
  package func line(atSecond now: Int, isAgain: Bool) -> String {
    let time = since.map { ", for \(isAgain ? "at least " : "")\(max(0, now - $0)) s" } ?? ""
    return "\(DrainText.named(pod)) stays because \(why)\(time)"
  }
}
