/// What Pawl knows about one Kubernetes minor.
package struct ReleaseFacts: Sendable, Hashable {
  /// The minor.
  package let minor: MinorVersion
  /// The last day of support, `2022-02-28`.
  package let endOfLife: String
  /// Bounds and command forms.
  package let rules: ReleaseRules
  /// What can go wrong on the way to this minor, the worst first.
  package let hazards: [ReleaseHazard]

  init(_ minor: Int, endOfLife: String, rules: ReleaseRules, hazards: [ReleaseHazard]) {
    self.minor = MinorVersion(major: 1, minor: minor)
    self.endOfLife = endOfLife
    self.rules = rules
    self.hazards = hazards.enumerated()
      .sorted { ($0.element.level, $0.offset) < ($1.element.level, $1.offset) }
      .map(\.element)
  }
}

/// Bounds and kubeadm command forms of a minor.
package struct ReleaseRules: Sendable, Hashable {
  /// The form of `kubeadm upgrade` on a worker.
  package enum WorkerCommand: Sendable, Hashable {
    /// `kubeadm upgrade node config --kubelet-version v1.14.10`, up to 1.14.
    case nodeConfig
    /// `kubeadm upgrade node`, from 1.15 on.
    case node
  }

  /// The form of `kubeadm upgrade` on control planes other than the first.
  package enum ControlPlaneCommand: Sendable, Hashable {
    /// There is none: several control planes are upgraded by hand, as in 1.11.
    case manual
    /// `kubeadm upgrade node experimental-control-plane`, 1.12 to 1.14.
    case experimentalControlPlane
    /// `kubeadm upgrade node --certificate-renewal=true`, in 1.15 and 1.16, where the flag's default is wrong.
    case nodeRenewingCertificates
    /// `kubeadm upgrade node`, from 1.17 on.
    case node
  }

  /// How many minors a kubelet may be older than an API server of this minor; kubelets before 1.25 never more than 2.
  package let kubeletSkew: Int
  /// How many minors the oldest kubelet may be behind the target when kubeadm of this minor applies it.
  package let kubeadmKubeletSkew: Int
  /// On workers.
  package let worker: WorkerCommand
  /// On control planes other than the first.
  package let otherControlPlane: ControlPlaneCommand

  /// The rules of a minor 1.x, also of one that is newer than the table.
  init(minor: Int) {
    kubeletSkew = minor <= 12 ? 1 : (minor <= 27 ? 2 : 3)
    kubeadmKubeletSkew = minor <= 28 ? 1 : 3
    worker = minor < 15 ? .nodeConfig : .node
    otherControlPlane =
      switch minor {
      case ...11: .manual
      case 12...14: .experimentalControlPlane
      case 15, 16: .nodeRenewingCertificates
      default: .node
      }
  }

  /// The arguments after `kubeadm` on the first control plane.
  package func firstControlPlaneArguments(for version: KubernetesVersion) -> [String] {
    ["upgrade", "apply", "-y", version.tag]
  }

  /// The arguments after `kubeadm` on a worker.
  package func workerArguments(for version: KubernetesVersion) -> [String] {
    switch worker {
    case .nodeConfig: ["upgrade", "node", "config", "--kubelet-version", version.tag]
    case .node: ["upgrade", "node"]
    }
  }

  /// The arguments after `kubeadm` on control planes other than the first; nil when there is no such command.
  package var otherControlPlaneArguments: [String]? {
    switch otherControlPlane {
    case .manual: nil
    case .experimentalControlPlane: ["upgrade", "node", "experimental-control-plane"]
    case .nodeRenewingCertificates: ["upgrade", "node", "--certificate-renewal=true"]
    case .node: ["upgrade", "node"]
    }
  }
}

/// Something to know before a cluster goes to a minor.
package struct ReleaseHazard: Sendable, Hashable {
  /// How bad it is.
  package enum Level: String, Sendable, Hashable, CaseIterable, Comparable {
    /// Components do not start, or data is at risk, where it applies.
    case blocker
    /// Something has to be changed before or soon after.
    case action
    /// Good to know.
    case info

    /// The worse comes first.
    package static func < (left: Level, right: Level) -> Bool { left.rank < right.rank }

    private var rank: Int {
      switch self {
      case .blocker: 0
      case .action: 1
      case .info: 2
      }
    }
  }

  /// How bad it is.
  package let level: Level
  /// The part of the cluster: `kubelet`, `etcd`, `api`.
  package let area: String
  /// A sentence or two.
  package let text: String

  static func blocker(_ area: String, _ text: String) -> ReleaseHazard {
    ReleaseHazard(level: .blocker, area: area, text: text)
  }

  static func action(_ area: String, _ text: String) -> ReleaseHazard {
    ReleaseHazard(level: .action, area: area, text: text)
  }

  static func info(_ area: String, _ text: String) -> ReleaseHazard {
    ReleaseHazard(level: .info, area: area, text: text)
  }
}
