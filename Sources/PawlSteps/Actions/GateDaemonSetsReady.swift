package import PawlEngine
import PawlModel
package import PawlPlan

/// Waits until a node's DaemonSet pods are ready: those that were there before its turn, and those that came since.
package struct GateDaemonSetsReady: ReadOnlyAction {
  package static let spec = ActionSpec(
    name: "gate/daemonsets-ready", version: 1,
    summary: "Waits until the DaemonSet pods on a node are ready, as before its turn.",
    reversibility: .readOnly, retry: RetryPolicy(attempts: 1), timeoutSeconds: 300, estimateSeconds: 5,
    comesAfter: NodeBaseline.action,
    title: { "Wait for the DaemonSet pods on \($0.node) to be ready" }, freeze: NodeName.freeze)

  private let node: String

  package init(step: PlanStep) throws(StepFailure) {
    node = try StepParameters(step).node()
  }

  package func perform(_ environment: ActionEnvironment) async throws(StepFailure) -> StepOutcome {
    let before = try NodeBaseline.read(in: environment).daemonSets
    let proof = try await Gate(environment: environment, subject: node).wait(
      { () async throws(StepFailure) in try await look(before, environment.cluster) },
      failure: { missing, seconds in
        StepFailure(
          code: "daemonsets-not-ready",
          message:
            "DaemonSet pods on \(node) were not ready within \(seconds) s: \(GateText.joined(missing)).",
          causes: missing, retry: .temporary,
          hint:
            "`kubectl get pods -A --field-selector spec.nodeName=\(node)` shows them; see their logs on the "
            + "node. Then run `pawl resume`: the gate looks again.")
      })
    return StepOutcome("DaemonSet pods on \(node), \(proof.when): \(proof.text).", changed: false)
  }

  private func look(
    _ before: [NodeBaseline.DaemonSet], _ cluster: StepCluster
  ) async throws(StepFailure) -> Gate.Sight {
    let node = node
    let pods = try await cluster.pods(onNode: node)
      .filter { $0.controller?.kind == ClusterController.Kind.daemonSet.rawValue && !$0.terminating }
    var ready = 0
    var unready: [String] = []
    var missing: [String] = []
    for pod in pods.sorted(by: { $0.fullName < $1.fullName }) {
      let old = before.first { $0.namespace == pod.namespace && $0.name == pod.controller?.name }
      if pod.ready {
        ready += 1
      } else if old?.ready == false {
        unready.append("\(pod.fullName) is not ready, as before")
      } else {
        missing.append("\(pod.fullName) is not ready")
      }
    }
    for set in before where set.ready {
      guard !pods.contains(where: { $0.namespace == set.namespace && $0.controller?.name == set.name })
      else { continue }
      let (namespace, name) = (set.namespace, set.name)
      if try await cluster.daemonSetExists(namespace: namespace, name: name) {
        missing.append("DaemonSet \(set.fullName) has no pod there yet")
      }
    }
    guard missing.isEmpty else { return .lacks(missing) }
    return .holds((["\(ready) ready"] + unready).joined(separator: "; "))
  }
}
