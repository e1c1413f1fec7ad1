package import Foundation

/// A lease of `coordination.k8s.io/v1` as far as a lock needs it.
package struct ClusterLease: Sendable, Hashable {
  package var namespace: String
  package var name: String
  /// nil when nobody holds it.
  package var holder: String?
  /// Seconds after `renewedAt` from which the holder counts as gone.
  package var durationSeconds: Int?
  /// By the holder's clock.
  package var acquiredAt: Date?
  /// By the holder's clock.
  package var renewedAt: Date?
  /// How often it went to another holder.
  package var transitions: Int
  package var annotations: [String: String]
  /// What an update compares with; nil for a lease that was not read.
  package var version: String?

  /// Makes a lease that nobody holds.
  package init(namespace: String, name: String) {
    self.namespace = namespace
    self.name = name
    transitions = 0
    annotations = [:]
  }
}

/// The API server's leases. Contract: `ClusterLeasesContract` in the tests.
package protocol ClusterLeases: Sendable {
  /// What tells this cluster from every other one, also from one of the same name: the UID of namespace
  /// `kube-system`.
  func clusterIdentity() async throws(ClusterError) -> String
  /// nil when there is none of that name.
  func lease(namespace: String, name: String) async throws(ClusterError) -> ClusterLease?
  /// Makes a lease and gives it as it is kept. - Throws: `conflict` when there is one of that name.
  func createLease(_ lease: ClusterLease) async throws(ClusterError) -> ClusterLease
  /// Writes a lease back and gives it as it is kept; one that is gone is made anew, or `notFound`, as the API server
  /// has it. - Throws: `conflict` when it was changed since it was read.
  func updateLease(_ lease: ClusterLease) async throws(ClusterError) -> ClusterLease
}
