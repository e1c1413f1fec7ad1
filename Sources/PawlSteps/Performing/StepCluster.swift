package import PawlEngine
import PawlModel
import PawlPlan

/// The API server as an action uses it: looks and changes are told apart, and failures are those of a step.
///
/// Each call is the `ClusterClient` call of the same name.
package struct StepCluster: Sendable {
  private let client: any ClusterClient
  private let tracker: EffectTracker
  private let gate: any EffectGate

  init(client: any ClusterClient, tracker: EffectTracker, gate: any EffectGate) {
    self.client = client
    self.tracker = tracker
    self.gate = gate
  }

  /// For looks outside of a run.
  package init(looking client: any ClusterClient) {
    let context = StepContext(run: RunID("look"), attempt: 1, epoch: 0) { _ in }
    self.init(
      client: client, tracker: EffectTracker(step: StepID("look"), in: context, limit: 0), gate: OpenGate())
  }

  private func look<Result: Sendable>(
    _ call: (any ClusterClient) async throws(ClusterError) -> Result
  ) async throws(StepFailure) -> Result {
    do throws(ClusterError) {
      return try await call(client)
    } catch {
      throw StepFailure(error)
    }
  }

  /// From here on something may have been changed, whatever the answer is.
  private func change<Result: Sendable>(
    _ call: (any ClusterClient) async throws(ClusterError) -> Result
  ) async throws(StepFailure) -> Result {
    try await gate.check()
    tracker.begin()
    return try await look(call)
  }

  // MARK: Looks

  /// Whether the server calls itself ready.
  package func isReady() async throws(StepFailure) -> Bool {
    try await look { client throws(ClusterError) in try await client.isReady() }
  }

  /// All nodes.
  package func nodes() async throws(StepFailure) -> [ClusterNode] {
    try await look { client throws(ClusterError) in try await client.nodes() }
  }

  /// nil when there is none of that name.
  package func node(named name: String) async throws(StepFailure) -> ClusterNode? {
    try await look { client throws(ClusterError) in try await client.node(named: name) }
  }

  /// The pods of a namespace that carry labels, on all nodes.
  package func pods(namespace: String, labels: String) async throws(StepFailure) -> [ClusterPod] {
    try await look { client throws(ClusterError) in
      try await client.pods(node: nil, namespace: namespace, labels: labels)
    }
  }

  /// The pods of a node, in one namespace or all.
  package func pods(onNode node: String, namespace: String? = nil) async throws(StepFailure) -> [ClusterPod] {
    try await look { client throws(ClusterError) in
      try await client.pods(node: node, namespace: namespace, labels: nil)
    }
  }

  /// All disruption budgets.
  package func budgets() async throws(StepFailure) -> [ClusterBudget] {
    try await look { client throws(ClusterError) in try await client.budgets() }
  }

  /// Names of the volumes that are attached to a node.
  package func attachedVolumes(node: String) async throws(StepFailure) -> [String] {
    try await look { client throws(ClusterError) in try await client.attachedVolumes(node: node) }
  }

  /// Why volumes could not be detached from a node, by their names.
  package func detachErrors(node: String) async throws(StepFailure) -> [String: String] {
    try await look { client throws(ClusterError) in try await client.detachErrors(node: node) }
  }

  /// How the volume that a claim is bound to is told when it is attached.
  package func volumes(namespace: String, claim: String) async throws(StepFailure) -> [ClusterVolume] {
    try await look { client throws(ClusterError) in
      try await client.volumes(namespace: namespace, claim: claim)
    }
  }

  /// Whether the owner of a DaemonSet pod still exists.
  package func daemonSetExists(namespace: String, name: String) async throws(StepFailure) -> Bool {
    try await look { client throws(ClusterError) in
      try await client.daemonSetExists(namespace: namespace, name: name)
    }
  }

  /// nil when there is none of that kind and name.
  package func controller(
    _ kind: ClusterController.Kind, namespace: String, name: String
  ) async throws(StepFailure) -> ClusterController? {
    try await look { client throws(ClusterError) in
      try await client.controller(kind, namespace: namespace, name: name)
    }
  }

  /// Waits by watch until the node satisfies the condition.
  /// - Throws: `api-timed-out` after the limit.
  package func waitForNode(
    named name: String, timeoutSeconds: Int, until condition: @escaping @Sendable (ClusterNode?) -> Bool
  ) async throws(StepFailure) -> ClusterNode? {
    try await look { client throws(ClusterError) in
      try await client.waitForNode(named: name, timeoutSeconds: timeoutSeconds, until: condition)
    }
  }

  /// Waits by watch until no volumes are attached to the node but those whose names may stay.
  /// - Throws: `api-timed-out` after the limit.
  package func waitForDetachedVolumes(
    node: String, timeoutSeconds: Int, except mayStay: @escaping @Sendable (String) -> Bool
  ) async throws(StepFailure) {
    try await look { client throws(ClusterError) in
      try await client.waitForDetachedVolumes(node: node, timeoutSeconds: timeoutSeconds, except: mayStay)
    }
  }

  /// Waits by watch until the pods on the node satisfy the condition.
  /// - Throws: `api-timed-out` after the limit.
  @discardableResult
  package func waitForPods(
    onNode node: String, timeoutSeconds: Int, until condition: @escaping @Sendable ([ClusterPod]) -> Bool
  ) async throws(StepFailure) -> [ClusterPod] {
    try await look { client throws(ClusterError) in
      try await client.waitForPods(onNode: node, timeoutSeconds: timeoutSeconds, until: condition)
    }
  }

  // MARK: Changes

  /// Sets `spec.unschedulable` and annotations (nil removes one) in one change.
  /// - Parameter resourceVersion: the version that the node must still be; nil takes any.
  package func patchNode(
    named name: String, unschedulable: Bool?, annotations: [String: String?], resourceVersion: String? = nil
  ) async throws(StepFailure) {
    try await change { client throws(ClusterError) in
      try await client.patchNode(
        named: name, unschedulable: unschedulable, annotations: annotations, resourceVersion: resourceVersion)
    }
  }

  /// Asks a pod to leave, within its budget.
  package func evict(_ pod: ClusterPod, gracePeriodSeconds: Int?) async throws(StepFailure) -> EvictionAnswer
  {
    try await change { client throws(ClusterError) in
      try await client.evict(pod, gracePeriodSeconds: gracePeriodSeconds)
    }
  }

  /// Removes a pod; no budget is asked.
  package func delete(_ pod: ClusterPod, gracePeriodSeconds: Int?) async throws(StepFailure) {
    try await change { client throws(ClusterError) in
      try await client.delete(pod, gracePeriodSeconds: gracePeriodSeconds)
    }
  }
}
