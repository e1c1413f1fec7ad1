/// A volume of a plugin that is part of Kubernetes and attaches it to nodes: an in-tree volume. A node's
/// `status.volumesAttached` names it by its plugin and its id, as in `kubernetes.io/aws-ebs/vol-1`.
package struct KubeDisk: Sendable, Equatable {
  /// What the names of all volumes of the plugin begin with.
  package let prefix: String
  /// What follows; nothing where it has changed between versions of Kubernetes, or is up to a driver.
  package let id: String?

  private struct Field: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }

    init(_ name: String) { stringValue = name }
    init?(stringValue: String) { self.init(stringValue) }
    init?(intValue: Int) { nil }
  }

  /// The field of a volume's source, the prefix, and the field of the id: `GetVolumeName` of each plugin.
  private static let kinds: [(source: String, prefix: String, id: String?)] = [
    ("awsElasticBlockStore", "kubernetes.io/aws-ebs/", "volumeID"),
    ("gcePersistentDisk", "kubernetes.io/gce-pd/", "pdName"),
    ("azureDisk", "kubernetes.io/azure-disk/", "diskURI"),
    ("cinder", "kubernetes.io/cinder/", "volumeID"),
    ("vsphereVolume", "kubernetes.io/vsphere-volume/", "volumePath"),
    ("iscsi", "kubernetes.io/iscsi/", nil), ("fc", "kubernetes.io/fc/", nil),
    ("rbd", "kubernetes.io/rbd/", nil), ("photonPersistentDisk", "kubernetes.io/photon-pd/", nil),
    ("flexVolume", "flexvolume-", nil),
  ]

  /// Reads a source where it stands, in a pod's volume or in the `spec` of a persistent volume; nothing if the volume
  /// is no such one.
  init?(sourceIn decoder: any Decoder) throws {
    let fields = try decoder.container(keyedBy: Field.self)
    for kind in Self.kinds {
      let source = Field(kind.source)
      guard fields.contains(source), try !fields.decodeNil(forKey: source) else { continue }
      prefix = kind.prefix
      id = try kind.id.flatMap {
        try fields.nestedContainer(keyedBy: Field.self, forKey: source).decodeIfPresent(
          String.self, forKey: Field($0))
      }
      return
    }
    return nil
  }
}
