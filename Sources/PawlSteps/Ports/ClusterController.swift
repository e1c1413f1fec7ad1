/// What keeps a number of pods running, such as a Deployment, as far as gates need it.
package struct ClusterController: Sendable, Hashable {
  /// The kinds that count ready pods.
  package enum Kind: String, Sendable, Hashable, Codable, CaseIterable {
    case deployment = "Deployment"
    case replicaSet = "ReplicaSet"
    case statefulSet = "StatefulSet"
    case daemonSet = "DaemonSet"
    case replicationController = "ReplicationController"
  }

  package var kind: Kind
  package var namespace: String
  package var name: String
  /// Pods that it should have.
  package var desired: Int
  /// Pods of it that are ready.
  package var ready: Int
  /// What manages it in turn, as a Deployment does a ReplicaSet.
  package var owner: ClusterPod.Owner?

  /// Makes a controller.
  package init(
    kind: Kind, namespace: String, name: String, desired: Int, ready: Int, owner: ClusterPod.Owner? = nil
  ) {
    self.kind = kind
    self.namespace = namespace
    self.name = name
    self.desired = desired
    self.ready = ready
    self.owner = owner
  }
}
