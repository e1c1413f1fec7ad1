package import PawlEngine
import PawlModel
package import PawlPlan

/// Makes sure, before a hop's control plane moves, that no node is too far behind for it: one that joined since the plan
/// was made, or that the run has left behind.
package struct ClusterCheckSkew: ReadOnlyAction {
  package static let spec = ActionSpec(
    name: "cluster/check-skew", version: 1,
    summary: "Checks that every kubelet fits a control plane of a version.",
    parameters: [.init("version", .version, "The version that the control plane gets.")], needsHost: false,
    reversibility: .readOnly, timeoutSeconds: 120, estimateSeconds: 1, proof: .moment,
    title: { "Check that every kubelet fits a control plane at \($0.text("version"))" })

  private let version: KubernetesVersion

  package init(step: PlanStep) throws(StepFailure) {
    version = try StepParameters(step).version("version")
  }

  package func perform(_ environment: ActionEnvironment) async throws(StepFailure) -> StepOutcome {
    let nodes = try await environment.cluster.nodes()
    let kubelets = nodes.compactMap { node in node.kubeletVersion.map { (node.name, $0) } }
    let versions = ClusterVersions(
      apiServers: ["the control plane": version], kubelets: Dictionary(kubelets) { first, _ in first })
    let violations =
      SkewPolicy.violations(in: versions).filter { $0.rule != .kubeletNotNewer }
      + SkewPolicy.kubeadmViolations(
        applying: version, to: ClusterVersions(apiServers: [:], kubelets: versions.kubelets))
    guard violations.isEmpty else {
      let rules = Set(violations.map(\.description)).sorted()
      throw StepFailure(
        code: "skew",
        message: "The control plane can't go to \(version.tag): \(rules.joined(separator: "; ")).",
        causes: rules,
        hint: "Bring these nodes up first: `pawl resume` tries those again that were left behind.")
    }
    return StepOutcome("Every kubelet fits a control plane at \(version.tag).", changed: false)
  }
}
