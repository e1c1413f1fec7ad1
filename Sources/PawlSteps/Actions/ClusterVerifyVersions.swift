package import PawlEngine
import PawlModel
package import PawlPlan

/// Proves at the end of a hop that everything runs the version and that this run left no cordon.
package struct ClusterVerifyVersions: ReadOnlyAction {
  package static let spec = ActionSpec(
    name: "cluster/verify-versions", version: 1,
    summary:
      "Checks that every kubelet and control-plane component runs a version and nothing is left cordoned.",
    parameters: [.init("version", .version, "The version that everything must run.")], needsHost: false,
    reversibility: .readOnly, retry: RetryPolicy(attempts: 4, delaySeconds: 5, maxDelaySeconds: 30),
    timeoutSeconds: 120, estimateSeconds: 2, proof: .cluster,
    title: { "Check that the whole cluster runs \($0.text("version"))" })

  private let version: KubernetesVersion

  package init(step: PlanStep) throws(StepFailure) {
    version = try StepParameters(step).version("version")
  }

  package func perform(_ environment: ActionEnvironment) async throws(StepFailure) -> StepOutcome {
    let nodes = try await environment.cluster.nodes().sorted { $0.name < $1.name }
    var troubles: [String] = []
    let leftBehind = nodes.filter { environment.context.leftBehind.contains($0.name) }
    for node in nodes where !leftBehind.contains(node) {
      troubles += nodeTroubles(node, run: environment.context.run)
      guard node.isControlPlane else { continue }
      let name = node.name
      let pods = try await environment.cluster.pods(onNode: name, namespace: ControlPlanePods.namespace)
      let controlPlane = ControlPlanePods(pods)
      troubles += (controlPlane.differences(from: version) + controlPlane.troubles).map { "\($0) on \(name)" }
    }
    guard troubles.isEmpty, !nodes.isEmpty else {
      throw StepFailure(
        code: "versions-differ",
        message: "Not everything runs \(version.tag): \(troubles.joined(separator: "; ")).", causes: troubles,
        retry: .temporary, hint: "Plan the upgrade again: it takes along what was left behind.")
    }
    guard leftBehind.isEmpty else {
      let names = leftBehind.map { "\($0.name) at \($0.kubeletVersion?.tag ?? "an unknown version")" }
      return StepOutcome(
        "\(nodes.count - leftBehind.count) of \(nodes.count) nodes run \(version.tag); left behind: "
          + "\(names.joined(separator: ", ")).", changed: false)
    }
    return StepOutcome(
      "All \(nodes.count) nodes run \(version.tag) and none is left cordoned.", changed: false)
  }

  private func nodeTroubles(_ node: ClusterNode, run: RunID) -> [String] {
    var troubles: [String] = []
    if node.kubeletVersion != version {
      troubles.append("the kubelet of \(node.name) runs \(node.kubeletVersion?.tag ?? "an unknown version")")
    }
    if !node.ready { troubles.append("node \(node.name) is not Ready") }
    if CordonMark(of: node) == .run(run) { troubles.append("\(node.name) is still cordoned by this run") }
    return troubles
  }
}
