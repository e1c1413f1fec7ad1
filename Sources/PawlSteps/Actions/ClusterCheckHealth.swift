package import PawlEngine
import PawlModel
package import PawlPlan

/// Proves that the control plane is well before it is touched: API server ready, control-plane nodes Ready, their
/// static pods running.
package struct ClusterCheckHealth: ReadOnlyAction {
  package static let spec = ActionSpec(
    name: "cluster/check-health", version: 1,
    summary: "Checks that the API server and every control-plane node and its pods are well.",
    needsHost: false,
    reversibility: .readOnly, retry: RetryPolicy(attempts: 5, delaySeconds: 5, maxDelaySeconds: 30),
    timeoutSeconds: 120, estimateSeconds: 2, proof: .moment,
    title: { _ in "Check that the control plane is healthy" })

  package init(step: PlanStep) throws(StepFailure) {}

  package func perform(_ environment: ActionEnvironment) async throws(StepFailure) -> StepOutcome {
    guard try await environment.cluster.isReady() else {
      throw unhealthy(["the API server is not ready"])
    }
    let nodes = try await environment.cluster.nodes().filter(\.isControlPlane)
    guard !nodes.isEmpty else { throw unhealthy(["the cluster has no control-plane node"]) }
    var troubles: [String] = []
    for node in nodes.sorted(by: { $0.name < $1.name }) {
      if !node.ready {
        troubles.append("node \(node.name) is not Ready\(node.readyMessage.map { " (\($0))" } ?? "")")
      }
      let name = node.name
      let pods = try await environment.cluster.pods(onNode: name, namespace: ControlPlanePods.namespace)
      troubles += ControlPlanePods(pods).troubles.map { "\($0) on \(name)" }
    }
    guard troubles.isEmpty else { throw unhealthy(troubles) }
    let names = nodes.map(\.name).sorted().joined(separator: ", ")
    return StepOutcome("The control plane is healthy on \(names).", changed: false)
  }

  private func unhealthy(_ troubles: [String]) -> StepFailure {
    StepFailure(
      code: "cluster-unhealthy",
      message: "The control plane is not healthy: \(troubles.joined(separator: "; ")).",
      causes: troubles, retry: .temporary, hint: "Make it healthy first, then run `pawl resume`.")
  }
}
