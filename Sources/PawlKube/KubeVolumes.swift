import Foundation

/// A VolumeAttachment, with the fields that Pawl uses.
package struct KubeVolumeAttachment: KubeObject, Equatable, Codable {
  /// What is attached, and where.
  package struct Spec: Sendable, Equatable, Codable {
    /// Where the volume comes from.
    package struct Source: Sendable, Equatable, Codable {
      /// Nothing for a volume that a pod describes in itself.
      package let persistentVolumeName: String?
    }

    /// The node.
    package let nodeName: String
    /// The volume.
    package let source: Source
  }

  /// How it stands.
  package struct Status: Sendable, Equatable, Codable {
    /// What the storage driver said last.
    package struct Trouble: Sendable, Equatable, Codable {
      /// The driver's words.
      package let message: String?
    }

    /// Why it could not be detached; nil when nothing went wrong.
    package let detachError: Trouble?
  }

  /// The attachment's metadata.
  package let metadata: KubeMetadata
  /// What is attached, and where.
  package let spec: Spec
  /// How it stands.
  package let status: Status?
}

/// A PersistentVolumeClaim, with the fields that Pawl uses.
struct KubeClaim: KubeObject {
  struct Spec: Decodable, Sendable { let volumeName: String? }

  let metadata: KubeMetadata
  let spec: Spec?
}

/// A PersistentVolume, with the fields that Pawl uses.
struct KubeVolume: Decodable, Sendable {
  struct Spec: Decodable, Sendable {
    /// Present if the volume is one of an in-tree plugin.
    let disk: KubeDisk?

    init(from decoder: any Decoder) throws { disk = try KubeDisk(sourceIn: decoder) }
  }

  let spec: Spec
}

extension KubeQuery<KubeVolumeAttachment> {
  /// No field selector tells attachments by their node.
  static let all = Self(
    action: "the list of volume attachments", path: "/apis/storage.k8s.io/v1/volumeattachments")
}

extension KubeClient {
  /// Every volume attachment; storage.k8s.io/v1 has them from 1.13.
  package func volumeAttachments() async throws(KubeError) -> [KubeVolumeAttachment] {
    try await snapshot(.all).items
  }

  /// Waits until the volume attachments are as wanted; see `waitForNode`.
  @discardableResult
  package func waitForVolumeAttachments(
    deadline: ContinuousClock.Instant, until condition: @Sendable ([KubeVolumeAttachment]) -> Bool
  ) async throws(KubeError) -> [KubeVolumeAttachment] {
    var query = KubeQuery<KubeVolumeAttachment>.all
    query.action = "the attached volumes"
    return try await wait(for: query, deadline: deadline, until: condition)
  }

  /// The name of the volume that a claim is bound to; nothing if it is bound to none, or does not exist.
  package func volumeName(namespace: String, claim: String) async throws(KubeError) -> String? {
    let found = try await fetchIfPresent(
      KubeClaim.self,
      KubeCall(
        action: "claim \(namespace)/\(claim)",
        path: KubeCall.path("/api/v1/namespaces", namespace, "persistentvolumeclaims", claim)))
    return found?.spec?.volumeName
  }

  /// What a persistent volume is to an in-tree plugin; nothing if it is none of such a plugin, or does not exist.
  package func disk(ofVolume name: String) async throws(KubeError) -> KubeDisk? {
    let found = try await fetchIfPresent(
      KubeVolume.self,
      KubeCall(action: "volume \(name)", path: KubeCall.path("/api/v1/persistentvolumes", name)))
    return found?.spec.disk
  }
}
