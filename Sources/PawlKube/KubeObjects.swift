package import Foundation

/// What `/version` says.
package struct KubeServerVersion: Sendable, Equatable, Codable {
  /// For example `1`.
  package let major: String
  /// For example `19`, with a `+` behind it on some clouds.
  package let minor: String
  /// For example `v1.19.16`.
  package let gitVersion: String
  /// For example `linux/amd64`.
  package let platform: String?
}

/// A DaemonSet, with the fields that Pawl uses.
package struct KubeDaemonSet: KubeObject, Equatable, Codable {
  /// How it stands.
  package struct Status: Sendable, Equatable, Codable {
    /// Nodes that should run a pod.
    package let desiredNumberScheduled: Int?
    /// Nodes that run a ready pod.
    package let numberReady: Int?
    /// Nodes that run a pod of the latest template.
    package let updatedNumberScheduled: Int?
  }

  /// The DaemonSet's metadata.
  package let metadata: KubeMetadata
  /// How it stands.
  package let status: Status?
}

/// A ConfigMap, with its texts.
struct KubeConfigMap: KubeObject {
  let metadata: KubeMetadata
  let data: [String: String]?
}

/// A lease of `coordination.k8s.io/v1`, by which programs agree on who acts.
package struct KubeLease: KubeObject, Equatable, Codable {
  /// Who holds it and for how long.
  package struct Spec: Sendable, Equatable, Codable {
    /// Who holds it; nothing or an empty text means nobody.
    package var holderIdentity: String?
    /// Seconds after `renewTime` until others may take it.
    package var leaseDurationSeconds: Int?
    /// When the holder got it.
    package var acquireTime: Date?
    /// When the holder last said that it lives.
    package var renewTime: Date?
    /// How often it went to another holder.
    package var leaseTransitions: Int?

    /// Makes a specification.
    package init(
      holderIdentity: String?, leaseDurationSeconds: Int?, acquireTime: Date?, renewTime: Date?,
      leaseTransitions: Int?
    ) {
      self.holderIdentity = holderIdentity
      self.leaseDurationSeconds = leaseDurationSeconds
      self.acquireTime = acquireTime
      self.renewTime = renewTime
      self.leaseTransitions = leaseTransitions
    }
  }

  private var apiVersion: String? = "coordination.k8s.io/v1"
  private var kind: String? = "Lease"
  /// The lease's metadata; an update needs the resource version that was read.
  package var metadata: KubeMetadata
  /// Who holds it and for how long.
  package var spec: Spec

  /// Makes a lease.
  package init(metadata: KubeMetadata, spec: Spec) {
    self.metadata = metadata
    self.spec = spec
  }
}
