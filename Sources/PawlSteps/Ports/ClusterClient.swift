package import PawlModel

/// A node as far as steps need it.
package struct ClusterNode: Sendable, Hashable {
  package var name: String
  package var isControlPlane: Bool
  package var unschedulable: Bool
  package var annotations: [String: String]
  /// As the kubelet reports it; nil when it is no version.
  package var kubeletVersion: KubernetesVersion?
  /// The boot of its host that the kubelet reported last; nil when it reported none.
  package var bootID: String?
  /// Condition Ready is True.
  package var ready: Bool
  /// The message of the Ready condition, when there is one.
  package var readyMessage: String?
  /// Which of the node's versions this is; nil when it is not known.
  package var resourceVersion: String?

  /// Makes a node.
  package init(
    name: String, isControlPlane: Bool, unschedulable: Bool = false, annotations: [String: String] = [:],
    kubeletVersion: KubernetesVersion?, bootID: String? = nil, ready: Bool, readyMessage: String? = nil,
    resourceVersion: String? = nil
  ) {
    self.name = name
    self.isControlPlane = isControlPlane
    self.unschedulable = unschedulable
    self.annotations = annotations
    self.kubeletVersion = kubeletVersion
    self.bootID = bootID
    self.ready = ready
    self.readyMessage = readyMessage
    self.resourceVersion = resourceVersion
  }
}

/// A volume of a pod, as it is told by name among those attached to a node.
package enum ClusterVolume: Sendable, Hashable {
  /// The volume of this name.
  case named(String)
  /// One whose name begins like this; more can't be known.
  case unnamed(prefix: String)

  /// Whether it is the attached volume of this name, or may be.
  package func covers(_ name: String) -> Bool {
    switch self {
    case .named(let own): own == name
    case .unnamed(let prefix): name.hasPrefix(prefix)
    }
  }
}

/// A pod as far as drain and checks need it.
package struct ClusterPod: Sendable, Hashable {
  /// Who manages the pod.
  package struct Owner: Sendable, Hashable {
    package var kind: String
    package var name: String

    /// Makes an owner.
    package init(kind: String, name: String) {
      self.kind = kind
      self.name = name
    }
  }

  package var namespace: String
  package var name: String
  package var uid: String
  package var labels: [String: String]
  package var annotations: [String: String]
  package var node: String?
  /// `Running`, `Succeeded`, …
  package var phase: String
  /// Condition Ready is True.
  package var ready: Bool
  /// Carries a deletion timestamp.
  package var terminating: Bool
  /// Seconds that it got to end when it was deleted; nil before, and where that is not known.
  package var deletionGraceSeconds: Int?
  package var finalizers: [String]
  /// The controller among the owner references; nil for none.
  package var controller: Owner?
  package var hasEmptyDir: Bool
  /// Names of the persistent volume claims that it uses, in its namespace.
  package var claims: [String]
  /// The volumes of in-tree plugins that it uses without a claim.
  package var disks: [ClusterVolume]
  /// Image references of its containers, in order.
  package var images: [String]
  /// Whether all of its containers have ended; a pod that terminates is then the kubelet's to let go.
  package var containersHaveEnded: Bool

  /// Makes a pod.
  package init(
    namespace: String, name: String, uid: String, labels: [String: String] = [:],
    annotations: [String: String] = [:],
    node: String?, phase: String = "Running", ready: Bool = true, terminating: Bool = false,
    deletionGraceSeconds: Int? = nil, finalizers: [String] = [], controller: Owner? = nil,
    hasEmptyDir: Bool = false,
    claims: [String] = [], disks: [ClusterVolume] = [], images: [String] = [],
    containersHaveEnded: Bool = false
  ) {
    self.namespace = namespace
    self.name = name
    self.uid = uid
    self.labels = labels
    self.annotations = annotations
    self.node = node
    self.phase = phase
    self.ready = ready
    self.terminating = terminating
    self.deletionGraceSeconds = deletionGraceSeconds
    self.finalizers = finalizers
    self.controller = controller
    self.hasEmptyDir = hasEmptyDir
    self.claims = claims
    self.disks = disks
    self.images = images
    self.containersHaveEnded = containersHaveEnded
  }

  /// `namespace/name`.
  package var fullName: String { "\(namespace)/\(name)" }
  /// Whether its containers have ended for good.
  package var hasEnded: Bool { phase == "Succeeded" || phase == "Failed" }
}

/// A disruption budget with the pods it speaks of.
package struct ClusterBudget: Sendable {
  package var namespace: String
  package var name: String
  package var disruptionsAllowed: Int
  package var currentHealthy: Int
  package var desiredHealthy: Int
  package var expectedPods: Int
  /// Whether pods that run and are not ready may always go (`unhealthyPodEvictionPolicy: AlwaysAllow`).
  package var allowsUnhealthy: Bool
  /// Why the server can't work its numbers out; nil when it can, or does not tell.
  package var syncFailure: String?
  /// Whether its selector matches labels.
  package var selects: @Sendable (_ labels: [String: String]) -> Bool

  /// Makes a budget.
  package init(
    namespace: String, name: String, disruptionsAllowed: Int, currentHealthy: Int, desiredHealthy: Int,
    expectedPods: Int, allowsUnhealthy: Bool = false, syncFailure: String? = nil,
    selects: @escaping @Sendable (_ labels: [String: String]) -> Bool
  ) {
    self.namespace = namespace
    self.name = name
    self.disruptionsAllowed = disruptionsAllowed
    self.currentHealthy = currentHealthy
    self.desiredHealthy = desiredHealthy
    self.expectedPods = expectedPods
    self.allowsUnhealthy = allowsUnhealthy
    self.syncFailure = syncFailure
    self.selects = selects
  }
}

/// What the API server says to an eviction.
package enum EvictionAnswer: Sendable, Hashable {
  case evicted
  /// It was gone already, or the name belongs to another pod now.
  case gone
  /// A budget, or else the server's load, does not allow it now; ask again after the seconds, when given.
  case blocked(message: String, retryAfterSeconds: Int?, isBudget: Bool = true)
  /// The namespace is being deleted.
  case namespaceTerminating
  /// Several budgets match, or the like: asking again does not help.
  case refused(message: String)
}

/// Why the API server could not be used.
package struct ClusterError: Error, Sendable, Hashable, CustomStringConvertible {
  /// The kind of trouble.
  package enum Code: String, Sendable, Hashable {
    case unreachable, unauthorized, forbidden, notFound, conflict, timedOut, cancelled, failed
  }

  package let code: Code
  /// One sentence with the server, the cause and the next thing to do.
  package let message: String

  /// Makes an error.
  package init(_ code: Code, _ message: String) {
    self.code = code
    self.message = message
  }

  package var description: String { message }
}

/// The API server. Contract: `ClusterClientContract` in the tests.
package protocol ClusterClient: Sendable {
  func serverVersion() async throws(ClusterError) -> KubernetesVersion
  /// Whether the server calls itself ready.
  func isReady() async throws(ClusterError) -> Bool
  func nodes() async throws(ClusterError) -> [ClusterNode]
  /// nil when there is none of that name.
  func node(named name: String) async throws(ClusterError) -> ClusterNode?
  /// Pods by node, by namespace and labels (`component=etcd`), or all.
  func pods(node: String?, namespace: String?, labels: String?) async throws(ClusterError) -> [ClusterPod]
  /// nil when there is none, or another pod has taken the name.
  func pod(namespace: String, name: String, uid: String?) async throws(ClusterError) -> ClusterPod?
  func budgets() async throws(ClusterError) -> [ClusterBudget]
  /// What is attached to a node: by the persistent volumes' names what was attached through CSI, and by the names in
  /// the node's status (`kubernetes.io/aws-ebs/vol-1`) what in-tree plugins attached.
  func attachedVolumes(node: String) async throws(ClusterError) -> [String]
  /// Why volumes could not be detached from a node, by their names; only of those that could not.
  func detachErrors(node: String) async throws(ClusterError) -> [String: String]
  /// How the volume that a claim is bound to is told when it is attached, in whatever way; nothing when there is none.
  func volumes(namespace: String, claim: String) async throws(ClusterError) -> [ClusterVolume]
  /// Whether the owner of a DaemonSet pod still exists.
  func daemonSetExists(namespace: String, name: String) async throws(ClusterError) -> Bool
  /// nil when there is none of that kind and name.
  func controller(
    _ kind: ClusterController.Kind, namespace: String, name: String
  ) async throws(ClusterError) -> ClusterController?
  /// Sets `spec.unschedulable` and annotations (nil removes one) in one change.
  /// - Parameter resourceVersion: the version that the node must still be; nil takes any.
  /// - Throws: `conflict` when the node has changed since.
  func patchNode(
    named name: String, unschedulable: Bool?, annotations: [String: String?], resourceVersion: String?
  ) async throws(ClusterError)
  func evict(_ pod: ClusterPod, gracePeriodSeconds: Int?) async throws(ClusterError) -> EvictionAnswer
  func delete(_ pod: ClusterPod, gracePeriodSeconds: Int?) async throws(ClusterError)
  /// Waits by watch until the node satisfies the condition (it is called with nil when there is no such node).
  /// - Throws: `timedOut` after the limit.
  func waitForNode(
    named name: String, timeoutSeconds: Int, until condition: @escaping @Sendable (ClusterNode?) -> Bool
  ) async throws(ClusterError) -> ClusterNode?
  /// Waits by watch until no volumes are attached to the node but those whose names may stay.
  func waitForDetachedVolumes(
    node: String, timeoutSeconds: Int, except mayStay: @escaping @Sendable (String) -> Bool
  ) async throws(ClusterError)
  /// Waits by watch until the pods on the node satisfy the condition, calling it with each change.
  func waitForPods(
    onNode node: String, timeoutSeconds: Int, until condition: @escaping @Sendable ([ClusterPod]) -> Bool
  ) async throws(ClusterError) -> [ClusterPod]
}

extension ClusterClient {
  /// Changes the node whatever version it is.
  package func patchNode(
    named name: String, unschedulable: Bool?, annotations: [String: String?]
  ) async throws(ClusterError) {
    try await patchNode(
      named: name, unschedulable: unschedulable, annotations: annotations, resourceVersion: nil)
  }
}
