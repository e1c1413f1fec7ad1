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

  /// All pods that are on the node.
  var pods: [ClusterPod] { verdicts.map(\.pod) }

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
  /// - Parameter run: the run that drains; nil before there is one.
  package func refuseIfNeeded(node: String, cordoned: Bool, run: RunID? = nil) throws(StepFailure) {
    let refusals = refusals
    guard !refusals.isEmpty else { return }
    let lines = refusals.map { "\($0.pod.fullName): \($0.message)" }
    var remedies: [String] = []
    if refusals.contains(where: { $0.reasons.contains(DrainFilter.localData.name) }) {
      remedies.append(
        "`localData: delete` in the inventory's policy (`pawl drain --local-data`) gives emptyDir volumes up")
    }
    if refusals.contains(where: { $0.reasons.contains { $0 != DrainFilter.localData.name } }) {
      remedies.append(
        "`unmanagedPods: delete` (`pawl drain --unmanaged-pods`) gives pods up that nothing creates again")
    }
    remedies.append("a rule with `action: evict` in `policy.drain.pods` allows it for single pods")
    let hint =
      run.map {
        "Move or remove them and `pawl resume \($0)`; or allow it and plan anew, because this run keeps what was "
          + "approved: "
      } ?? "Move or remove them, or allow it: "
    throw StepFailure(
      code: "drain-refused",
      message: "\(node) is not drained: \(DrainText.pods(refusals.count)) can't be moved without loss: "
        + "\(DrainText.joined(lines)). \(Self.touched(cordoned))",
      causes: lines, hint: hint + remedies.joined(separator: "; ") + ".")
  }

  private static func touched(_ cordoned: Bool) -> String {
    cordoned ? "Nothing more was touched; the node stays cordoned." : "Nothing was touched."
  }

  /// The failure's code for evictions that the API server refuses for good.
  static let evictionRefused = "eviction-refused"

  /// Throws one failure that names every pod that several budgets cover: the API server evicts none of them.
  package func refuseSeveralBudgets(
    _ budgets: [ClusterBudget], node: String, cordoned: Bool, run: RunID? = nil
  ) throws(StepFailure) {
    let lines = verdicts.compactMap { verdict -> String? in
      let own = budgets.filter { $0.covers(verdict.pod) }
      guard verdict.behaviour == .evict, verdict.pod.phase == "Running", own.count > 1 else { return nil }
      return "\(DrainText.named(verdict.pod)) by \(DrainText.names(own))"
    }
    guard !lines.isEmpty else { return }
    throw StepFailure(
      code: Self.evictionRefused,
      message:
        "\(node) is not drained: several budgets cover \(DrainText.pods(lines.count)), which the API server "
        + "never evicts: \(DrainText.joined(lines)). \(Self.touched(cordoned))",
      causes: lines,
      hint: "Leave each of them one budget" + (run.map { ", then run `pawl resume \($0)`." } ?? "."))
  }
}
