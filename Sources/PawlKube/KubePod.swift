/// A pod, with the fields that Pawl uses.
package struct KubePod: KubeObject, Equatable {
  /// What is asked for.
  package struct Spec: Sendable, Equatable, Decodable {
    /// Where the pod runs; nothing while it waits for a node.
    package let nodeName: String?
    /// The pod's volumes.
    package let volumes: [Volume]
    /// The pod's containers, without the init containers.
    package let containers: [Container]
    /// For example `system-node-critical`.
    package let priorityClassName: String?
    /// Seconds between the request to stop and the kill.
    package let terminationGracePeriodSeconds: Int?

    private enum CodingKeys: String, CodingKey {
      case nodeName, volumes, containers, priorityClassName, terminationGracePeriodSeconds
    }

    package init(from decoder: any Decoder) throws {
      let values = try decoder.container(keyedBy: CodingKeys.self)
      nodeName = try values.optional(.nodeName)
      volumes = try values.list(.volumes)
      containers = try values.list(.containers)
      priorityClassName = try values.optional(.priorityClassName)
      terminationGracePeriodSeconds = try values.optional(.terminationGracePeriodSeconds)
    }

    init() {
      nodeName = nil
      volumes = []
      containers = []
      priorityClassName = nil
      terminationGracePeriodSeconds = nil
    }
  }

  /// A volume; of its source only an `emptyDir`, a claim or a disk is of interest.
  package struct Volume: Sendable, Equatable, Decodable {
    /// The part of an `emptyDir` that is of interest.
    package struct EmptyDir: Sendable, Equatable, Codable {
      /// `Memory` for a volume in memory.
      package let medium: String?
    }

    /// A claim that exists beside the pod.
    package struct Claim: Sendable, Equatable, Codable {
      /// The claim's name, in the pod's namespace.
      package let claimName: String
    }

    /// A claim that is made for the pod; it is called after pod and volume.
    package struct Ephemeral: Sendable, Equatable, Codable {}

    /// The volume's name.
    package let name: String
    /// Present if the volume's data goes with the pod.
    package let emptyDir: EmptyDir?
    /// Present if the volume is a claim's.
    package let persistentVolumeClaim: Claim?
    /// Present if the volume's claim is made for the pod.
    package let ephemeral: Ephemeral?
    /// Present if the volume is one of an in-tree plugin that needs no claim.
    package let disk: KubeDisk?

    private enum CodingKeys: String, CodingKey { case name, emptyDir, persistentVolumeClaim, ephemeral }

    package init(from decoder: any Decoder) throws {
      let values = try decoder.container(keyedBy: CodingKeys.self)
      name = try values.decode(String.self, forKey: .name)
      emptyDir = try values.optional(.emptyDir)
      persistentVolumeClaim = try values.optional(.persistentVolumeClaim)
      ephemeral = try values.optional(.ephemeral)
      disk = try KubeDisk(sourceIn: decoder)
    }
  }

  /// A container as asked for.
  package struct Container: Sendable, Equatable, Codable {
    /// The container's name.
    package let name: String
    /// The container's image.
    package let image: String?
  }

  /// What the kubelet reports.
  package struct Status: Sendable, Equatable, Codable {
    /// `Pending`, `Running`, `Succeeded`, `Failed` or `Unknown`.
    package let phase: String?
    /// `Ready`, `PodScheduled` and others.
    package let conditions: [KubeCondition]
    /// The containers as they are.
    package let containerStatuses: [ContainerStatus]

    package init(from decoder: any Decoder) throws {
      let container = try decoder.container(keyedBy: CodingKeys.self)
      phase = try container.optional(.phase)
      conditions = try container.list(.conditions)
      containerStatuses = try container.list(.containerStatuses)
    }

    init() {
      phase = nil
      conditions = []
      containerStatuses = []
    }
  }

  /// A container as it is.
  package struct ContainerStatus: Sendable, Equatable, Codable {
    /// What it does; only that it has ended is of interest.
    package struct State: Sendable, Equatable, Codable {
      /// How it has ended.
      package struct Terminated: Sendable, Equatable, Codable {}

      /// Present once it has ended.
      package let terminated: Terminated?
    }

    /// The container's name.
    package let name: String
    /// Whether it passes its readiness probe.
    package let ready: Bool
    /// How often it was started again.
    package let restartCount: Int?
    /// The image that runs.
    package let image: String?
    /// What it does.
    package let state: State?
  }

  /// The pod's metadata.
  package let metadata: KubeMetadata
  /// What is asked for.
  package let spec: Spec
  /// What the kubelet reports.
  package let status: Status

  private enum CodingKeys: String, CodingKey { case metadata, spec, status }

  package init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    metadata = try container.decode(KubeMetadata.self, forKey: .metadata)
    spec = try container.optional(.spec) ?? Spec()
    status = try container.optional(.status) ?? Status()
  }

  /// Whether the kubelet runs it from a file; the API only mirrors it, and evicting it does nothing.
  package var isMirror: Bool { metadata.annotations["kubernetes.io/config.mirror"] != nil }
  /// Whether it has run to its end.
  package var isFinished: Bool { status.phase == "Succeeded" || status.phase == "Failed" }
  /// Whether all of its containers have ended, for good or not.
  package var containersHaveEnded: Bool {
    let ended = status.containerStatuses.count { $0.state?.terminated != nil }
    return ended > 0 && ended == spec.containers.count
  }
  /// Whether the condition `Ready` holds.
  package var isReady: Bool { status.conditions.first { $0.type == "Ready" }?.isTrue ?? false }
  /// Whether it has data that goes with it.
  package var hasEmptyDir: Bool { spec.volumes.contains { $0.emptyDir != nil } }
  /// Names of its claims.
  package var claims: [String] {
    spec.volumes.compactMap { volume in
      volume.persistentVolumeClaim?.claimName
        ?? volume.ephemeral.map { _ in "\(metadata.name)-\(volume.name)" }
    }
  }
  /// The volumes of in-tree plugins that it has without a claim.
  package var disks: [KubeDisk] { spec.volumes.compactMap(\.disk) }
}
