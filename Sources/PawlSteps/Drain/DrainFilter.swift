import PawlModel

/// What drain does with one pod, and why.
package struct DrainVerdict: Sendable, Hashable {
  /// What is done.
  package enum Behaviour: String, Sendable, Hashable {
    /// Asked to leave, within its budget.
    case evict
    /// Removed without asking its budgets, because it has ended.
    case delete
    /// Left to end by itself.
    case wait
    /// Stays.
    case ignore
    /// The drain does not begin.
    case refuse
  }

  package let pod: ClusterPod
  package let behaviour: Behaviour
  /// The names of the rules that decided; empty for a plain eviction.
  package let reasons: [String]
  /// A phrase for the operator; empty for a plain eviction.
  package let message: String
  /// Pods with a higher order are asked only when those with a lower one are gone.
  package let order: Int
}

/// One rule about pods, as data: the list of rules is `DrainFilter.all`.
package struct DrainFilter: Sendable {
  /// What a rule says of a pod.
  package enum Finding: Sendable, Hashable {
    /// Settled; the rules below are not asked.
    case settle(DrainVerdict.Behaviour, String)
    /// The drain must not begin.
    case refuse(String)
    /// It may go, but the operator should know.
    case warn(String)
  }

  /// The reason's name.
  package let name: String
  /// nil when the rule has nothing to say of the pod.
  package let check: @Sendable (ClusterPod, DrainPolicy, _ daemonSetExists: Bool) -> Finding?

  /// In order; the same order and effects as `kubectl drain --ignore-daemonsets`, with `localData` for
  /// `--delete-emptydir-data` and `unmanagedPods` for `--force`.
  package static let all: [DrainFilter] = [
    daemonSet, mirror, rule, terminating, finished, localData, unmanaged,
  ]

  /// Pods of a DaemonSet belong on the node; a pod whose DaemonSet is gone is like an unmanaged one.
  package static let daemonSet = DrainFilter(name: "daemon-set") { pod, policy, exists in
    guard let owner = pod.controller, owner.kind == "DaemonSet", !pod.hasEnded else { return nil }
    if exists { return .settle(.ignore, "DaemonSet \(owner.name) keeps it on the node") }
    if pod.terminating { return nil }
    return loss(
      policy.unmanagedPods, pod, policy, "its DaemonSet \(owner.name) is gone, so nothing creates it again")
  }

  /// Static pods show up as mirror pods; only the host can remove them.
  package static let mirror = DrainFilter(name: "static-pod") { pod, _, _ in
    pod.annotations["kubernetes.io/config.mirror"] == nil
      ? nil : .settle(.ignore, "it is a static pod of the host")
  }

  /// What a rule for single pods says. A pod that ends, or has ended, is only left alone by it.
  package static let rule = DrainFilter(name: "rule") { pod, policy, _ in
    switch policy.action(for: pod) {
    case .skip: .settle(.ignore, "a rule leaves it on the node")
    case .wait where !pod.terminating && !pod.hasEnded: .settle(.wait, "a rule waits until it has ended")
    case .wait, .evict, nil: nil
    }
  }

  /// Already asked to leave.
  package static let terminating = DrainFilter(name: "terminating") { pod, _, _ in
    pod.terminating ? .settle(.wait, "it is being deleted already") : nil
  }

  /// Nothing is lost any more.
  package static let finished = DrainFilter(name: "finished") { pod, _, _ in
    pod.hasEnded ? .settle(.delete, "it has ended (\(pod.phase))") : nil
  }

  /// An emptyDir goes with its pod.
  package static let localData = DrainFilter(name: "local-data") { pod, policy, _ in
    pod.hasEmptyDir ? loss(policy.localData, pod, policy, "its emptyDir volume would be lost") : nil
  }

  /// Nothing creates it again elsewhere.
  package static let unmanaged = DrainFilter(name: "unmanaged") { pod, policy, _ in
    pod.controller == nil ? loss(policy.unmanagedPods, pod, policy, "no controller creates it again") : nil
  }

  /// A rule that evicts the pod allows the loss too.
  private static func loss(
    _ general: Policy.LossPolicy, _ pod: ClusterPod, _ policy: DrainPolicy, _ message: String
  ) -> Finding {
    general == .delete || policy.action(for: pod) == .evict ? .warn(message) : .refuse(message)
  }

  /// What the rules together say of a pod.
  package static func verdict(
    on pod: ClusterPod, policy: DrainPolicy, daemonSetExists: Bool, filters: [DrainFilter] = all
  ) -> DrainVerdict {
    var refusals: [(String, String)] = []
    var warnings: [(String, String)] = []
    let order = policy.order(of: pod)
    for filter in filters {
      switch filter.check(pod, policy, daemonSetExists) {
      case .settle(let behaviour, let message):
        return DrainVerdict(
          pod: pod, behaviour: behaviour, reasons: [filter.name], message: message, order: order)
      case .refuse(let message): refusals.append((filter.name, message))
      case .warn(let message): warnings.append((filter.name, message))
      case nil: continue
      }
    }
    let findings = refusals.isEmpty ? warnings : refusals
    return DrainVerdict(
      pod: pod, behaviour: refusals.isEmpty ? .evict : .refuse, reasons: findings.map(\.0),
      message: findings.map(\.1).joined(separator: " and "), order: order)
  }
}
