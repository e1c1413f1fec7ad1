/// A node, with the fields that Pawl uses.
package struct KubeNode: KubeObject, Equatable, Codable {
  /// What is asked of the node.
  package struct Spec: Sendable, Equatable, Codable {
    /// Whether the node is cordoned.
    package let unschedulable: Bool
    /// What pods must tolerate to run here.
    package let taints: [Taint]

    package init(from decoder: any Decoder) throws {
      let container = try decoder.container(keyedBy: CodingKeys.self)
      unschedulable = try container.optional(.unschedulable) ?? false
      taints = try container.list(.taints)
    }

    init() {
      unschedulable = false
      taints = []
    }
  }

  /// A taint.
  package struct Taint: Sendable, Equatable, Codable {
    /// The taint's key.
    package let key: String
    /// The taint's value.
    package let value: String?
    /// `NoSchedule`, `PreferNoSchedule` or `NoExecute`.
    package let effect: String
  }

  /// What the kubelet reports.
  package struct Status: Sendable, Equatable, Codable {
    /// `Ready`, `DiskPressure` and others.
    package let conditions: [KubeCondition]
    /// Addresses by type.
    package let addresses: [Address]
    /// Versions and identity of the machine.
    package let nodeInfo: Info?
    /// What the attach/detach controller has attached.
    package let volumesAttached: [Attached]

    package init(from decoder: any Decoder) throws {
      let container = try decoder.container(keyedBy: CodingKeys.self)
      conditions = try container.list(.conditions)
      addresses = try container.list(.addresses)
      nodeInfo = try container.optional(.nodeInfo)
      volumesAttached = try container.list(.volumesAttached)
    }

    init() {
      conditions = []
      addresses = []
      nodeInfo = nil
      volumesAttached = []
    }
  }

  /// A volume that is attached to the node.
  package struct Attached: Sendable, Equatable, Codable {
    /// The plugin and the plugin's name for the volume.
    package let name: String
  }

  /// An address of the node.
  package struct Address: Sendable, Equatable, Codable {
    /// `InternalIP`, `Hostname` and others.
    package let type: String
    /// The address itself.
    package let address: String
  }

  /// Versions and identity of the machine, as the kubelet reports them.
  package struct Info: Sendable, Equatable, Codable {
    /// For example `v1.19.16`.
    package let kubeletVersion: String
    /// The same as the kubelet's in old versions, empty in new ones.
    package let kubeProxyVersion: String?
    /// For example `containerd://1.6.20`.
    package let containerRuntimeVersion: String?
    /// The distribution's name.
    package let osImage: String?
    /// The kernel's release.
    package let kernelVersion: String?
    /// Changes with every boot.
    package let bootID: String?
    /// For example `amd64`.
    package let architecture: String?
  }

  /// The node's metadata.
  package let metadata: KubeMetadata
  /// What is asked of the node.
  package let spec: Spec
  /// What the kubelet reports.
  package let status: Status

  package init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    metadata = try container.decode(KubeMetadata.self, forKey: .metadata)
    spec = try container.optional(.spec) ?? Spec()
    status = try container.optional(.status) ?? Status()
  }

  /// The node's name.
  package var name: String { metadata.name }
  /// Whether the node is cordoned.
  package var isUnschedulable: Bool { spec.unschedulable }
  /// Whether the condition `Ready` holds; `Unknown` and an absent condition are not ready.
  package var isReady: Bool { status.conditions.first { $0.type == "Ready" }?.isTrue ?? false }
  /// Names of the attached volumes of in-tree plugins; those of CSI have VolumeAttachments.
  package var disks: [String] {
    status.volumesAttached.map(\.name).filter { !$0.hasPrefix("kubernetes.io/csi/") }
  }
  /// Whether kubeadm's labels make it a control plane (`master` before 1.24).
  package var isControlPlane: Bool {
    metadata.labels["node-role.kubernetes.io/control-plane"] != nil
      || metadata.labels["node-role.kubernetes.io/master"] != nil
  }
}
