/// Something that keeps a number of pods running, with the fields that Pawl uses: one form for all kinds.
package struct KubeController: KubeObject, Equatable, Codable {
  /// The kinds that count ready pods.
  package enum Kind: String, Sendable, Hashable, CaseIterable {
    case deployment, replicaSet, statefulSet, daemonSet, replicationController

    /// Where objects of the kind are, below a namespace.
    var collection: (root: String, name: String) {
      switch self {
      case .deployment: ("/apis/apps/v1/namespaces", "deployments")
      case .replicaSet: ("/apis/apps/v1/namespaces", "replicasets")
      case .statefulSet: ("/apis/apps/v1/namespaces", "statefulsets")
      case .daemonSet: ("/apis/apps/v1/namespaces", "daemonsets")
      case .replicationController: ("/api/v1/namespaces", "replicationcontrollers")
      }
    }
  }

  /// What is asked for.
  package struct Spec: Sendable, Equatable, Codable {
    /// Pods that it should have; the server fills it in for all kinds but a DaemonSet, which has none.
    package let replicas: Int?
  }

  /// How it stands.
  package struct Status: Sendable, Equatable, Codable {
    /// Ready pods; absent for none.
    package let readyReplicas: Int?
    /// Of a DaemonSet: nodes that should run a pod.
    package let desiredNumberScheduled: Int?
    /// Of a DaemonSet: nodes that run a ready pod.
    package let numberReady: Int?
  }

  /// The controller's metadata.
  package let metadata: KubeMetadata
  /// What is asked for.
  package let spec: Spec?
  /// How it stands.
  package let status: Status?

  /// Pods that it should have.
  package var desired: Int { spec?.replicas ?? status?.desiredNumberScheduled ?? 0 }
  /// Pods of it that are ready.
  package var ready: Int { status?.readyReplicas ?? status?.numberReady ?? 0 }
}

extension KubeClient {
  /// A controller, or nothing if there is none of that kind and name.
  package func controller(
    _ kind: KubeController.Kind, namespace: String, name: String
  ) async throws(KubeError) -> KubeController? {
    let (root, collection) = kind.collection
    return try await fetchIfPresent(
      KubeController.self,
      KubeCall(
        action: "\(kind.rawValue) \(namespace)/\(name)",
        path: KubeCall.path(root, namespace, collection, name)))
  }
}
