package import PawlModel
package import PawlSteps

extension SimulatedCluster: ClusterClient {
  package func serverVersion() async throws(ClusterError) -> KubernetesVersion {
    try await request("GET version")
    guard let version = world.state.apiServers.min() else { throw away() }
    return version
  }

  package func isReady() async throws(ClusterError) -> Bool {
    try await request("GET readyz")
    return true
  }

  package func nodes() async throws(ClusterError) -> [ClusterNode] {
    try await request("GET nodes")
    return world.clusterNodes
  }

  package func node(named name: String) async throws(ClusterError) -> ClusterNode? {
    try await request("GET nodes/\(name)")
    return world.clusterNode(name)
  }

  package func pods(
    node: String?, namespace: String?, labels: String?
  ) async throws(ClusterError) -> [ClusterPod] {
    try await request("GET pods")
    let wanted = try Self.selector(labels)
    return world.podsInOrder.filter { pod in
      (node == nil || pod.node == node) && (namespace == nil || pod.namespace == namespace)
        && wanted.allSatisfy { pod.labels[$0.key] == $0.value }
    }
  }

  package func pod(
    namespace: String, name: String, uid: String?
  ) async throws(ClusterError) -> ClusterPod? {
    try await request("GET pods/\(namespace)/\(name)")
    return world.podsInOrder.first {
      $0.namespace == namespace && $0.name == name && (uid == nil || $0.uid == uid)
    }
  }

  package func budgets() async throws(ClusterError) -> [ClusterBudget] {
    try await request("GET poddisruptionbudgets")
    return world.state.budgets.map { budget in
      let status = world.state.status(of: budget)
      return ClusterBudget(
        namespace: budget.namespace, name: budget.name, disruptionsAllowed: status.allowed,
        currentHealthy: status.healthy, desiredHealthy: status.desired, expectedPods: status.expected,
        allowsUnhealthy: budget.allowsUnhealthy, selects: { budget.selects($0) })
    }
  }

  package func attachedVolumes(node: String) async throws(ClusterError) -> [String] {
    try await request("GET volumeattachments")
    return world.state.attachedVolumes[node, default: []].sorted()
  }

  package func detachErrors(node: String) async throws(ClusterError) -> [String: String] {
    try await request("GET volumeattachments")
    return [:]
  }

  package func volumes(namespace: String, claim: String) async throws(ClusterError) -> [ClusterVolume] {
    try await request("GET persistentvolumeclaims/\(namespace)/\(claim)")
    let exists = world.state.pods.values.contains { $0.namespace == namespace && $0.claims.contains(claim) }
    return exists ? [.named(claim)] : []
  }

  package func waitForDetachedVolumes(
    node: String, timeoutSeconds: Int, except mayStay: @escaping @Sendable (String) -> Bool
  ) async throws(ClusterError) {
    try await request("WATCH volumeattachments")
    try await waitForAPI("the volumes attached to \(node)", timeoutSeconds) {
      $0.state.attachedVolumes[node, default: []].allSatisfy(mayStay)
    }
  }

  package func daemonSetExists(namespace: String, name: String) async throws(ClusterError) -> Bool {
    try await request("GET daemonsets/\(namespace)/\(name)")
    return world.state.workloads.contains {
      $0.kind == .daemonSet && $0.namespace == namespace && $0.name == name
    }
  }

  package func controller(
    _ kind: ClusterController.Kind, namespace: String, name: String
  ) async throws(ClusterError) -> ClusterController? {
    try await request("GET \(kind.rawValue) \(namespace)/\(name)")
    return world.state.controller(kind, namespace: namespace, name: name)
  }

  package func patchNode(
    named name: String, unschedulable: Bool?, annotations: [String: String?], resourceVersion: String?
  ) async throws(ClusterError) {
    try await change("PATCH nodes/\(name)") { world throws(ClusterError) in
      guard let node = world.clusterNode(name) else {
        throw ClusterError(.notFound, "The API server knows no node \(name).")
      }
      guard resourceVersion == nil || resourceVersion == node.resourceVersion else {
        throw ClusterError(.conflict, "The node \(name) was changed since it was read.")
      }
      world.perform(
        .nodePatched(node: name, unschedulable: unschedulable, annotations: annotations),
        cause: "PATCH nodes/\(name)")
    }
  }

  package func evict(
    _ pod: ClusterPod, gracePeriodSeconds: Int?
  ) async throws(ClusterError) -> EvictionAnswer {
    let call = "POST pods/\(pod.fullName)/eviction"
    return try await change(call) { world throws(ClusterError) in
      let answer = world.answer(toEvicting: pod)
      if answer == .evicted, world.state.pods[pod.uid]?.terminating == false {
        world.perform(.podEvicted(pod: pod.fullName, uid: pod.uid), cause: call)
      }
      return answer
    }
  }

  package func delete(_ pod: ClusterPod, gracePeriodSeconds: Int?) async throws(ClusterError) {
    let call = "DELETE pods/\(pod.fullName)"
    try await change(call) { world throws(ClusterError) in
      // With no grace the object goes at once, also when the pod ends already.
      let atOnce = gracePeriodSeconds == 0
      guard let live = world.state.pods[pod.uid], atOnce || !live.terminating else { return }
      world.perform(.podDeleted(pod: pod.fullName, uid: pod.uid), cause: call)
      if atOnce { world.remove(pod.uid) }
    }
  }

  package func waitForNode(
    named name: String, timeoutSeconds: Int, until condition: @escaping @Sendable (ClusterNode?) -> Bool
  ) async throws(ClusterError) -> ClusterNode? {
    try await request("WATCH nodes/\(name)")
    try await waitForAPI("node \(name)", timeoutSeconds) { condition($0.clusterNode(name)) }
    return world.clusterNode(name)
  }

  package func waitForPods(
    onNode node: String, timeoutSeconds: Int, until condition: @escaping @Sendable ([ClusterPod]) -> Bool
  ) async throws(ClusterError) -> [ClusterPod] {
    try await request("WATCH pods on \(node)")
    let onNode: (borrowing SimulatedWorld) -> [ClusterPod] = { $0.podsInOrder.filter { $0.node == node } }
    try await waitForAPI("the pods on \(node)", timeoutSeconds) { condition(onNode($0)) }
    return onNode(world)
  }

  // MARK: Requests

  /// The time and the troubles of a request that changes nothing.
  func request(_ call: String) async throws(ClusterError) {
    try await change(call) { _ in }
  }

  /// A request: it takes its time, and may fail before or after its effect.
  func change<Answer>(
    _ call: String, _ body: (inout SimulatedWorld) throws(ClusterError) -> Answer
  ) async throws(ClusterError) -> Answer {
    do { try await sleep(for: SimulatedTimes.request) } catch {
      throw ClusterError(.cancelled, "The request '\(call)' was given up.")
    }
    guard !world.apiServerAway, !world.isCutOff, world.hasAPIServer else { throw away() }
    switch world.faults.strike(call, host: nil, where: { _ in true }) {
    case .fail(_, let message): throw ClusterError(.failed, message)
    case .loseLinkBefore: throw away()
    case .hang:
      await hang()
      throw ClusterError(.cancelled, "The request '\(call)' was given up.")
    case .overrun: throw ClusterError(.timedOut, "The request '\(call)' took too long.")
    case .failAfterEffect(_, let message):
      _ = try body(&world)
      throw ClusterError(.failed, message)
    case .loseLinkAfter, .loseLinkDuring, .killHalfway:
      _ = try body(&world)
      throw away()
    case nil: return try body(&world)
    }
  }

  private func waitForAPI(
    _ subject: String, _ timeoutSeconds: Int, _ condition: (borrowing SimulatedWorld) -> Bool
  ) async throws(ClusterError) {
    let holds: Bool
    do {
      holds = try await wait(until: now + .seconds(timeoutSeconds)) { $0.isCutOff || condition($0) }
    } catch {
      throw ClusterError(.cancelled, "Waiting for \(subject) was given up.")
    }
    guard !world.isCutOff else { throw away() }
    guard holds else {
      throw ClusterError(.timedOut, "Waiting for \(subject) took longer than \(timeoutSeconds) s.")
    }
  }

  private func away() -> ClusterError {
    ClusterError(.unreachable, "The API server of the simulated cluster can't be reached; see that it is up.")
  }

  /// `a=b,c=d`; other operators are not simulated.
  private static func selector(_ text: String?) throws(ClusterError) -> [String: String] {
    var wanted: [String: String] = [:]
    for term in (text ?? "").split(separator: ",") {
      let parts = term.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      guard parts.count == 2 else {
        throw ClusterError(.failed, "The simulated API server can't read the selector '\(text ?? "")'.")
      }
      wanted[String(parts[0])] = String(parts[1])
    }
    return wanted
  }
}

/// The world as the API shows it.
extension SimulatedWorld {
  /// Whether a host that runs an API server is up.
  var hasAPIServer: Bool {
    !state.hosts.values.contains { $0.isBastion && !$0.poweredOn }
      && state.nodes.values.contains {
        $0.controlPlane != nil && state.host(ofNode: $0.name)?.poweredOn != false
      }
  }

  var clusterNodes: [ClusterNode] { state.nodes.keys.sorted().compactMap(clusterNode) }

  func clusterNode(_ name: String) -> ClusterNode? {
    guard let node = state.nodes[name] else { return nil }
    let message = state.unreadiness(of: node)
    return ClusterNode(
      name: name, isControlPlane: node.controlPlane != nil, unschedulable: node.unschedulable,
      annotations: node.annotations, kubeletVersion: node.kubeletVersion,
      bootID: state.host(ofNode: name).map { state.bootID(ofHost: $0.name, boot: node.reportedBoot) },
      ready: message == nil, readyMessage: message,
      resourceVersion: "\(nodeVersions[name, default: 1])")
  }

  /// By namespace and name.
  var podsInOrder: [ClusterPod] {
    state.pods.values.sorted { ($0.namespace, $0.name, $0.uid) < ($1.namespace, $1.name, $1.uid) }
  }
}
