package import PawlEngine
import PawlModel
package import PawlPlan

/// Waits until the control plane of one node runs a version and is ready.
package struct ClusterVerifyControlPlane: ReadOnlyAction {
  package static let spec = ActionSpec(
    name: "cluster/verify-control-plane", version: 1,
    summary: "Waits until a node's control-plane pods run a version and are ready.",
    parameters: [.init("version", .version, "The version that the pods must run.")],
    reversibility: .readOnly, retry: RetryPolicy(attempts: 2), timeoutSeconds: 300, estimateSeconds: 10,
    proof: .cluster,
    title: { "Wait for the control plane of \($0.node) to be ready at \($0.text("version"))" },
    freeze: NodeName.freeze)

  private let node: String
  private let version: KubernetesVersion

  package init(step: PlanStep) throws(StepFailure) {
    let parameters = StepParameters(step)
    node = try parameters.node()
    version = try parameters.version("version")
  }

  package func perform(_ environment: ActionEnvironment) async throws(StepFailure) -> StepOutcome {
    let deadline = environment.deadline()
    let node = node
    let version = version
    let report: @Sendable (String) -> Void = { environment.status($0) }
    do throws(StepFailure) {
      try await deadline.retrying(report: report) { () async throws(StepFailure) in
        let limit = deadline.remainingSeconds
        try await environment.cluster.waitForPods(onNode: node, timeoutSeconds: limit) { pods in
          let troubles = Self.troubles(pods, version)
          if !troubles.isEmpty { report("\(node): waits because \(troubles.joined(separator: ", "))") }
          return troubles.isEmpty
        }
        while try await !environment.cluster.isReady(), !deadline.isOver {
          report("\(node): waits for the API server to call itself ready")
          try await deadline.pause(seconds: 2)
        }
      }
    } catch {
      guard error.retry == .transport, error.code == "api-timed-out" else { throw error }
      throw await timedOut(environment)
    }
    guard try await environment.cluster.isReady() else {
      throw await timedOut(environment)
    }
    return StepOutcome("The control plane of \(node) runs \(version.tag) and is ready.", changed: false)
  }

  private static func troubles(_ pods: [ClusterPod], _ version: KubernetesVersion) -> [String] {
    let controlPlane = ControlPlanePods(pods)
    return controlPlane.differences(from: version) + controlPlane.troubles
  }

  /// What is not as it should be, or why that can't be told.
  private func timedOut(_ environment: ActionEnvironment) async -> StepFailure {
    let causes: [String]
    do throws(StepFailure) {
      let pods = try await environment.cluster.pods(onNode: node, namespace: ControlPlanePods.namespace)
      causes = Self.troubles(pods, version)
    } catch {
      return error
    }
    let why = causes.isEmpty ? "the API server does not call itself ready" : causes.joined(separator: ", ")
    return StepFailure(
      code: "control-plane-not-ready",
      message: "The control plane of \(node) was not ready at \(version.tag) in time: \(why).",
      causes: causes,
      retry: .temporary,
      hint: "Look at the component's log in /var/log/pods on \(node); then run `pawl resume`.")
  }
}
