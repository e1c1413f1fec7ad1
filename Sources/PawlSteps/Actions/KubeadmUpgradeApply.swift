package import PawlEngine
import PawlModel
package import PawlPlan

/// Takes the first control plane, and what the cluster shares, to a version.
package struct KubeadmUpgradeApply: Action {
  package static let spec = ActionSpec(
    name: "kubeadm/upgrade-apply", version: 1, summary: "Upgrades the first control plane with kubeadm.",
    parameters: [.init("version", .version, "The version to upgrade to.")],
    reversibility: .final, retry: RetryPolicy(attempts: 2, delaySeconds: 15), timeoutSeconds: 1800,
    estimateSeconds: 60, title: { "Upgrade the control plane of \($0.node) to \($0.text("version"))" },
    effects: { site in
      site.version("version").map { [.controlPlane(node: site.node, version: $0)] } ?? []
    },
    freeze: NodeName.freeze)

  package static let hostChanges = 1

  private let upgrade: KubeadmUpgrade

  package init(step: PlanStep) throws(StepFailure) {
    let version = try StepParameters(step).version("version")
    upgrade = try KubeadmUpgrade(
      step: step, version: version, command: KubeadmCommand.upgradeApply(version), changesControlPlane: true,
      failureCode: "kubeadm-upgrade-apply-failed")
  }

  package func probe(_ environment: ActionEnvironment) async throws(StepFailure) -> ProbeVerdict {
    try await upgrade.probe(environment)
  }

  package func perform(_ environment: ActionEnvironment) async throws(StepFailure) -> StepOutcome {
    try await upgrade.perform(environment)
  }

  /// kubeadm waits for its pods itself; the API server is away for a moment, so a step of its own,
  /// `cluster/verify-control-plane`, waits for the rest.
  package func verify(_ environment: ActionEnvironment) async throws(StepFailure) {}
}
