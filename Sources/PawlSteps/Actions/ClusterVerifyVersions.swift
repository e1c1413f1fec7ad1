package import PawlEngine
import PawlModel
package import PawlPlan

/// Proves at the end of a hop that everything runs the version and that this run left no cordon.
package struct ClusterVerifyVersions: ReadOnlyAction {
  package static let spec = ActionSpec(
    name: "cluster/verify-versions", version: 1,
    summary:
      "Checks that every kubelet and control-plane component runs a version and nothing is left cordoned.",
    parameters: [
      .init("version", .version, "The version that everything must run."),
      .init("except", .stringList, default: .list([]), "Nodes that the job is not for."),
    ], needsHost: false,
    reversibility: .readOnly, retry: RetryPolicy(attempts: 4, delaySeconds: 5, maxDelaySeconds: 30),
    timeoutSeconds: 120, estimateSeconds: 2, proof: .cluster,
    title: { "Check that the whole cluster runs \($0.text("version"))" })

  private let version: KubernetesVersion
  private let except: [String]

  package init(step: PlanStep) throws(StepFailure) {
    let parameters = StepParameters(step)
    version = try parameters.version("version")
    // Plans of 0.1.0 have none.
    except = step.with["except"] == nil ? [] : try parameters.texts("except")
  }

  package func perform(_ environment: ActionEnvironment) async throws(StepFailure) -> StepOutcome {
    let nodes = try await environment.cluster.nodes().sorted { $0.name < $1.name }
    var troubles: [String] = []
    let outside = nodes.filter { except.contains($0.name) }
    let leftBehind = nodes.filter {
      !outside.contains($0) && environment.context.leftBehind.contains($0.name)
    }
    for node in nodes where !outside.contains(node) && !leftBehind.contains(node) {
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
    let others = [("left behind", leftBehind), ("not part of this job", outside)].filter { !$0.1.isEmpty }
    guard others.isEmpty else {
      let count = nodes.count - leftBehind.count - outside.count
      let words = others.map { what, nodes in "; \(what): \(nodes.map(atVersion).joined(separator: ", "))" }
      return StepOutcome(
        "\(count) of \(nodes.count) nodes run \(version.tag)\(words.joined()).", changed: false)
    }
    return StepOutcome(
      "All \(nodes.count) nodes run \(version.tag) and none is left cordoned.", changed: false)
  }

  private func atVersion(_ node: ClusterNode) -> String {
    "\(node.name) at \(node.kubeletVersion?.tag ?? "an unknown version")"
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
