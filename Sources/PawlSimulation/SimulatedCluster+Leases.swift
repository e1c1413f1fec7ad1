package import PawlSteps

/// Leases are no part of the state that runs are compared by, and no effects: the ledger does not have them.
extension SimulatedCluster: ClusterLeases {
  package func clusterIdentity() async throws(ClusterError) -> String {
    try await request("GET namespaces/kube-system")
    return "00000000-0000-4000-8000-00000000c1a5"
  }

  package func lease(namespace: String, name: String) async throws(ClusterError) -> ClusterLease? {
    try await request("GET leases/\(namespace)/\(name)")
    return world.leases["\(namespace)/\(name)"]
  }

  package func createLease(_ lease: ClusterLease) async throws(ClusterError) -> ClusterLease {
    let key = "\(lease.namespace)/\(lease.name)"
    return try await change("POST leases/\(key)") { world throws(ClusterError) in
      guard world.leases[key] == nil else {
        throw ClusterError(.conflict, "There is a lease \(key) already; read it first.")
      }
      return Self.keep(lease, as: key, in: &world)
    }
  }

  package func updateLease(_ lease: ClusterLease) async throws(ClusterError) -> ClusterLease {
    let key = "\(lease.namespace)/\(lease.name)"
    return try await change("PUT leases/\(key)") { world throws(ClusterError) in
      // A lease that is gone is made by an update, as on a real API server.
      if let kept = world.leases[key], lease.version == nil || kept.version != lease.version {
        throw ClusterError(.conflict, "Lease \(key) was changed since it was read; read it again.")
      }
      return Self.keep(lease, as: key, in: &world)
    }
  }

  /// Takes a lease away by hand: what somebody did with kubectl.
  package func removeLease(namespace: String, name: String) {
    world.leases["\(namespace)/\(name)"] = nil
  }

  private static func keep(
    _ lease: ClusterLease, as key: String, in world: inout SimulatedWorld
  ) -> ClusterLease {
    var kept = lease
    kept.version = String(world.nextNumber())
    world.leases[key] = kept
    return kept
  }
}
