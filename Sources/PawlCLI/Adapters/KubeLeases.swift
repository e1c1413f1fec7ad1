import PawlKube
import PawlSteps

/// The API server's leases behind the port `ClusterLeases`.
extension KubeCluster: ClusterLeases {
  func clusterIdentity() async throws(ClusterError) -> String {
    let found = try await asking { () throws(KubeError) in try await client.namespace("kube-system") }
    guard let uid = found?.metadata.uid, !uid.isEmpty else {
      throw ClusterError(
        .failed, "\(client.server) has no namespace kube-system with a UID; check the kubeconfig's address.")
    }
    return uid
  }

  func lease(namespace: String, name: String) async throws(ClusterError) -> ClusterLease? {
    try await asking { () throws(KubeError) in
      try await client.lease(namespace: namespace, name: name).map(ClusterLease.init)
    }
  }

  func createLease(_ lease: ClusterLease) async throws(ClusterError) -> ClusterLease {
    try await asking { () throws(KubeError) in
      ClusterLease(try await client.createLease(KubeLease(lease)))
    }
  }

  func updateLease(_ lease: ClusterLease) async throws(ClusterError) -> ClusterLease {
    try await asking { () throws(KubeError) in
      ClusterLease(try await client.updateLease(KubeLease(lease)))
    }
  }
}

extension ClusterLease {
  init(_ lease: KubeLease) {
    self.init(namespace: lease.metadata.namespace ?? "default", name: lease.metadata.name)
    holder = lease.spec.holderIdentity
    durationSeconds = lease.spec.leaseDurationSeconds
    acquiredAt = lease.spec.acquireTime
    renewedAt = lease.spec.renewTime
    transitions = lease.spec.leaseTransitions ?? 0
    annotations = lease.metadata.annotations
    version = lease.metadata.resourceVersion
  }
}

extension KubeLease {
  init(_ lease: ClusterLease) {
    var metadata = KubeMetadata(
      name: lease.name, namespace: lease.namespace, annotations: lease.annotations)
    metadata.resourceVersion = lease.version
    // A free lease has no holder rather than an empty one.
    self.init(
      metadata: metadata,
      spec: Spec(
        holderIdentity: lease.holder, leaseDurationSeconds: lease.durationSeconds,
        acquireTime: lease.acquiredAt, renewTime: lease.renewedAt, leaseTransitions: lease.transitions))
  }
}
