package import PawlEngine

/// The verdicts on all pods of a node.
package struct DrainSurvey: Sendable, Hashable {
  /// In the order of the pods' full names.
  package let verdicts: [DrainVerdict]

  /// Sorts the verdicts.
  package init(_ verdicts: [DrainVerdict]) {
    self.verdicts = verdicts.sorted { $0.pod.fullName < $1.pod.fullName }
  }

  /// Asks the API server for the pods and for the DaemonSets they name.
  package static func take(
    node: String, policy: DrainPolicy, cluster: StepCluster
  ) async throws(StepFailure) -> DrainSurvey {
    let pods = try await cluster.pods(onNode: node)
    var daemonSets: [String: Bool] = [:]
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
    return DrainSurvey(verdicts)
  }

  /// Pods that keep the drain from beginning.
  package var refusals: [DrainVerdict] { verdicts.filter { $0.behaviour == .refuse } }

  /// Pods that must be gone at the end.
  package var leaving: [DrainVerdict] {
    verdicts.filter { $0.behaviour == .evict || $0.behaviour == .delete || $0.behaviour == .wait }
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
