package import PawlEngine

/// The verdicts on all pods of a node.
package struct DrainSurvey: Sendable, Hashable {
  /// In the order of the pods' full names.
  package let verdicts: [DrainVerdict]
  /// Which DaemonSets exist, by `namespace/name`.
  private let daemonSets: [String: Bool]

  /// Sorts the verdicts.
  package init(_ verdicts: [DrainVerdict], daemonSets: [String: Bool] = [:]) {
    self.verdicts = verdicts.sorted { $0.pod.fullName < $1.pod.fullName }
    self.daemonSets = daemonSets
  }

  /// Asks the API server for the pods and for the DaemonSets they name, as far as an earlier survey does not tell.
  package static func take(
    node: String, policy: DrainPolicy, cluster: StepCluster, after before: DrainSurvey? = nil
  ) async throws(StepFailure) -> DrainSurvey {
    let pods = try await cluster.pods(onNode: node)
    var daemonSets = before?.daemonSets ?? [:]
    var verdicts: [DrainVerdict] = []
    for pod in pods {
      var exists = false
      if let owner = pod.controller, owner.kind == "DaemonSet" {
        let key = "\(pod.namespace)/\(owner.name)"
        if let known = daemonSets[key] {
          exists = known
        } else {
          let namespace = pod.namespace
          exists = try await cluster.daemonSetExists(namespace: namespace, name: owner.name)
          daemonSets[key] = exists
        }
      }
      verdicts.append(DrainFilter.verdict(on: pod, policy: policy, daemonSetExists: exists))
    }
    return DrainSurvey(verdicts, daemonSets: daemonSets)
  }

  /// Pods that keep the drain from beginning.
  package var refusals: [DrainVerdict] { verdicts.filter { $0.behaviour == .refuse } }

  /// Pods that must be gone at the end.
  package var leaving: [DrainVerdict] {
    verdicts.filter { $0.behaviour == .evict || $0.behaviour == .delete || $0.behaviour == .wait }
  }

  /// Pods that are left on the node.
  var staying: [ClusterPod] { verdicts.filter { $0.behaviour == .ignore }.map(\.pod) }

  /// The pods that must be gone, those of the lowest order first.
  var turns: [[LeavingPod]] {
    Dictionary(grouping: leaving, by: \.order).sorted { $0.key < $1.key }.map {
      $0.value.map(LeavingPod.init)
    }
  }

  /// One line for each pod: verdict, pod, reason.
  package var lines: [String] { lines(notIn: DrainSurvey([])) }

  /// The same, with what budgets say of the pods that are to be evicted.
  package func lines(with budgets: [ClusterBudget]) -> [String] { DrainText.table(verdicts, budgets) }

  /// The lines of pods on which another survey has no verdict, or another one.
  func lines(notIn other: DrainSurvey) -> [String] {
    let known = Dictionary(
      other.verdicts.map { ($0.pod.uid, $0.behaviour) }, uniquingKeysWith: { first, _ in first })
    return DrainText.table(verdicts.filter { known[$0.pod.uid] != $0.behaviour })
  }

  /// Throws one failure that names every refused pod.
  package func refuseIfNeeded(node: String, cordoned: Bool) throws(StepFailure) {
    let refusals = refusals
    guard !refusals.isEmpty else { return }
    let lines = refusals.map { "\($0.pod.fullName): \($0.message)" }
    var remedies: [String] = []
    if refusals.contains(where: { $0.reasons.contains(DrainFilter.localData.name) }) {
      remedies.append("`localData: delete` in the inventory's policy gives emptyDir volumes up")
    }
    if refusals.contains(where: { $0.reasons.contains { $0 != DrainFilter.localData.name } }) {
      remedies.append("`unmanagedPods: delete` gives pods up that nothing creates again")
    }
    let state = cordoned ? "Nothing more was touched; the node stays cordoned." : "Nothing was touched."
    throw StepFailure(
      code: "drain-refused",
      message: "\(node) is not drained: \(DrainText.pods(refusals.count)) can't be moved without loss: "
        + "\(DrainText.joined(lines)). \(state)",
      causes: lines, hint: "Move or remove them, or allow it: " + remedies.joined(separator: "; ") + ".")
  }
}
