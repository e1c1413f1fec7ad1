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
    ["kubeadm", "upgrade", "apply", "-y", version.tag]
  }

  /// Takes another node to a version.
  ///
  /// Before 1.15 the two roles have commands of their own. In 1.15 and 1.16 `upgrade node` leaves certificates as they
  /// are unless told otherwise (kubernetes/kubeadm issue 1818).
  package static func upgradeNode(_ version: KubernetesVersion, role: Role) -> [String] {
    let command = ["kubeadm", "upgrade", "node"]
    let minor = version.minorVersion
    switch role {
    case .worker where minor < MinorVersion(major: 1, minor: 15):
      return command + ["config", "--kubelet-version", version.tag]
    case .controlPlane where minor < MinorVersion(major: 1, minor: 15):
      return command + ["experimental-control-plane"]
    case .controlPlane where minor < MinorVersion(major: 1, minor: 17):
      return command + ["--certificate-renewal=true"]
    case .worker, .controlPlane:
      return command
    }
  }
}
