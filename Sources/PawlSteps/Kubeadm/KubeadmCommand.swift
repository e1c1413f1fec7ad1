package import PawlModel

/// kubeadm's command lines, in the form of the version at hand.
package enum KubeadmCommand {
  /// The part a node plays.
  package enum Role: String, Sendable, Hashable, CaseIterable {
    case controlPlane = "control-plane"
    case worker
  }

  /// Checks read-only whether the cluster can be taken to a version.
  package static func upgradePlan(_ version: KubernetesVersion) -> [String] {
    ["kubeadm", "upgrade", "plan", version.tag]
  }

  /// Takes the cluster and the first control plane to a version.
  package static func upgradeApply(_ version: KubernetesVersion) -> [String] {
    ["kubeadm"] + rules(version).firstControlPlaneArguments(for: version)
  }

  /// Takes another node to a version; nil where kubeadm has no command for that, as for control planes up to 1.11.
  package static func upgradeNode(_ version: KubernetesVersion, role: Role) -> [String]? {
    let arguments: [String]? =
      switch role {
      case .worker: rules(version).workerArguments(for: version)
      case .controlPlane: rules(version).otherControlPlaneArguments
      }
    return arguments.map { ["kubeadm"] + $0 }
  }

  /// Why a control plane can't be taken to a version, and what to do instead.
  package static func noCommand(for version: KubernetesVersion, node: String) -> (
    message: String, hint: String
  ) {
    (
      "kubeadm \(version) has no command that upgrades a further control plane, so \(node) can't be upgraded.",
      "Upgrade the control planes to \(version.minorVersion) by hand, or replace \(node) by a new one; then plan again."
    )
  }

  private static func rules(_ version: KubernetesVersion) -> ReleaseRules {
    KubernetesReleases.rules(for: version.minorVersion)
  }
}
