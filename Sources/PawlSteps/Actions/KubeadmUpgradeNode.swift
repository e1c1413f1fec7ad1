package import PawlEngine
import PawlModel
package import PawlPlan

/// Takes another control plane, or a worker's kubelet configuration, to a version.
package struct KubeadmUpgradeNode: Action {
  package static let spec = ActionSpec(
    name: "kubeadm/upgrade-node", version: 1,
    summary: "Upgrades a further control plane or a worker's kubelet configuration with kubeadm.",
    parameters: [
      .init("version", .version, "The version to upgrade to."),
      .init(
        "role", .string, allowed: KubeadmCommand.Role.allCases.map(\.rawValue),
        "The part that the node plays."),
    ],
    reversibility: .final, retry: RetryPolicy(attempts: 2, delaySeconds: 15), timeoutSeconds: 1800,
    estimateSeconds: 20,
    title: { site in
      let what = site.text("role") == "worker" ? "kubelet configuration" : "control plane"
      return "Upgrade the \(what) of \(site.node) to \(site.text("version"))"
    },
    effects: { site in
      guard site.text("role") == KubeadmCommand.Role.controlPlane.rawValue,
        let version = site.version("version")
      else { return [] }
      return [.controlPlane(node: site.node, version: version)]
    },
    freeze: { (site, facts) throws(PlanRefusal) in
      if let version = site.version("version"), let role = KubeadmCommand.Role(rawValue: site.text("role")),
        KubeadmCommand.upgradeNode(version, role: role) == nil
      {
        let (message, hint) = KubeadmCommand.noCommand(for: version, node: site.node)
        throw PlanRefusal(code: "no-upgrade-command", message: message, hint: hint)
      }
      return try NodeName.freeze(site, facts)
    })

  package static let hostChanges = 1

  private let upgrade: KubeadmUpgrade

  package init(step: PlanStep) throws(StepFailure) {
    let parameters = StepParameters(step)
    let version = try parameters.version("version")
    let role: KubeadmCommand.Role = try parameters.choice("role")
    guard let command = KubeadmCommand.upgradeNode(version, role: role) else {
      let (message, hint) = KubeadmCommand.noCommand(for: version, node: try parameters.node())
      throw StepFailure(code: "no-upgrade-command", message: message, hint: hint)
    }
    upgrade = try KubeadmUpgrade(
      step: step, version: version, command: command,
      changesControlPlane: role == .controlPlane, failureCode: "kubeadm-upgrade-node-failed")
  }

  package func probe(_ environment: ActionEnvironment) async throws(StepFailure) -> ProbeVerdict {
    try await upgrade.probe(environment)
  }

  package func perform(_ environment: ActionEnvironment) async throws(StepFailure) -> StepOutcome {
    try await upgrade.perform(environment)
  }

  /// On a control plane `cluster/verify-control-plane` looks at the pods; on a worker the kubelet that reads the
  /// configuration is the proof, in `node/wait-ready`.
  package func verify(_ environment: ActionEnvironment) async throws(StepFailure) {}
}
