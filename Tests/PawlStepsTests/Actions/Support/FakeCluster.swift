import PawlModel
import PawlSteps
import Synchronization

/// What a fake API server knows, and what it was asked to change.
struct World: Sendable {
  var nodes: [ClusterNode] = []
  var pods: [ClusterPod] = []
  var budgets: [ClusterBudget] = []
  /// `namespace/name`.
  var daemonSets: Set<String> = []
  var controllers: [ClusterController] = []
  var ready = true
  /// Answers to evictions by pod name, each given once, the last for ever; `evicted` when there is none.
  var evictions: [String: [Result<EvictionAnswer, ClusterError>]] = [:]
  /// Seconds that a pod takes to go, by name; 0 when it is not listed.
  var termination: [String: Int] = [:]
  /// Thrown by every call while it is set.
  var error: ClusterError?
  /// Thrown by the next change only, after it was made.
  var changeError: ClusterError?
  /// Volumes attached to any node.
  var attached: [String] = []
  /// What drivers say of volumes that can't be detached.
  var detachErrors: [String: String] = [:]
  /// Volumes by `namespace/claim`.
  var volumes: [String: String] = [:]
  /// Thrown by each look at the attached volumes while it is set.
  var attachedError: ClusterError?
  /// Thrown by each look at the budgets while it is set.
  var budgetError: ClusterError?
  /// Thrown by each watch at its end while it is set; until then the watch tells nothing.
  var silence: ClusterError?
  /// Seconds that the answer to an eviction takes.
  var evictionSeconds = 0
  /// Once, right before a node is changed: what somebody else does at the same time.
  var beforePatch: (@Sendable (inout World) -> Void)?
  /// Once, right after a node is cordoned.
  var onCordon: (@Sendable (inout World) -> Void)?
  /// Changes in words, in order.
  var changes: [String] = []
  /// Pods that another one follows with the same name when they are evicted.
  var recreated: Set<String> = []

  var nodeNames: [String] { nodes.map(\.name) }

  /// The node's version, which follows from what can be changed about it.
  static func version(of node: ClusterNode) -> String {
    "\(node.unschedulable) \(node.annotations.sorted { $0.key < $1.key })"
  }

  func node(_ name: String) -> ClusterNode? {
    guard var node = nodes.first(where: { $0.name == name }) else { return nil }
    node.resourceVersion = Self.version(of: node)
    return node
  }

  mutating func remove(uid: String) {
    guard let index = pods.firstIndex(where: { $0.uid == uid }) else { return }
    let pod = pods.remove(at: index)
    guard recreated.contains(pod.name) else { return }
    var next = pod
    next.uid += "-next"
    next.terminating = false
    pods.append(next)
  }
}

/// A small API server in memory, whose time is a `TestClock`.
final class FakeCluster: ClusterClient {
  private struct State: Sendable {
    var world: World
    var later: [(second: Int, change: @Sendable (inout World) -> Void)] = []
  }

  private let clock: TestClock
  private let state: Mutex<State>

  init(_ world: World, clock: TestClock = TestClock()) {
    self.clock = clock
    self.state = Mutex(State(world: world))
  }

  var world: World { state.withLock { $0.world } }
  var changes: [String] { world.changes }

  /// Changes the world at a second of the clock.
  func at(_ second: Int, _ change: @escaping @Sendable (inout World) -> Void) {
    state.withLock { $0.later.append((second, change)) }
  }

  private func look<Answer: Sendable>(
    _ read: (inout World) throws(ClusterError) -> Answer
  ) throws(ClusterError) -> Answer {
    let now = clock.seconds
    let outcome = state.withLock { state -> Result<Answer, ClusterError> in
      Self.catchUp(&state, now)
      if let error = state.world.error { return .failure(error) }
      return Result { () throws(ClusterError) in try read(&state.world) }
    }
    return try outcome.get()
  }

  private static func catchUp(_ state: inout State, _ now: Int) {
    for entry in state.later.sorted(by: { $0.second < $1.second }) where entry.second <= now {
      entry.change(&state.world)
    }
    state.later.removeAll { $0.second <= now }
    // Pods whose time to terminate is over are gone.
    for pod in state.world.pods where pod.terminating && pod.finalizers.isEmpty {
      if let end = state.world.termination[pod.uid], end <= now { state.world.remove(uid: pod.uid) }
    }
  }

  private func change(
    _ text: String, _ make: (inout World) throws(ClusterError) -> Void
  ) throws(ClusterError) {
    try look { world throws(ClusterError) in
      try make(&world)
      world.changes.append(text)
      if let error = world.changeError {
        world.changeError = nil
        throw error
      }
    }
  }

  // MARK: Looks

  func serverVersion() async throws(ClusterError) -> KubernetesVersion { KubernetesVersion(1, 20, 15) }
  func isReady() async throws(ClusterError) -> Bool { try look { $0.ready } }
  func nodes() async throws(ClusterError) -> [ClusterNode] { try look { $0.nodes } }
  func node(named name: String) async throws(ClusterError) -> ClusterNode? {
    try look { $0.node(name) }
  }
  func pods(node: String?, namespace: String?, labels: String?) async throws(ClusterError) -> [ClusterPod] {
    try look { world in
      world.pods.filter {
        (node == nil || $0.node == node) && (namespace == nil || $0.namespace == namespace)
          && (labels == nil || labels == "component=\($0.labels["component"] ?? "")")
      }
    }
  }
  func pod(namespace: String, name: String, uid: String?) async throws(ClusterError) -> ClusterPod? {
    try look { $0.pods.first { $0.name == name && (uid == nil || $0.uid == uid) } }
  }
  func budgets() async throws(ClusterError) -> [ClusterBudget] {
    if let error = world.budgetError { throw error }
    return try look { $0.budgets }
  }
  func attachedVolumes(node: String) async throws(ClusterError) -> [String] {
    if let error = world.attachedError { throw error }
    return try look { $0.attached }
  }
  func detachErrors(node: String) async throws(ClusterError) -> [String: String] {
    try look { $0.detachErrors }
  }
  func volumes(namespace: String, claim: String) async throws(ClusterError) -> [ClusterVolume] {
    try look { $0.volumes["\(namespace)/\(claim)"].map { [.named($0)] } ?? [] }
  }
  func daemonSetExists(namespace: String, name: String) async throws(ClusterError) -> Bool {
    try look { $0.daemonSets.contains("\(namespace)/\(name)") }
  }

  func controller(
    _ kind: ClusterController.Kind, namespace: String, name: String
  ) async throws(ClusterError) -> ClusterController? {
    try look { $0.controllers.first { $0.kind == kind && $0.namespace == namespace && $0.name == name } }
  }

  // MARK: Changes

  func patchNode(
    named name: String, unschedulable: Bool?, annotations: [String: String?], resourceVersion: String?
  ) async throws(ClusterError) {
    try look { world in
      let meanwhile = world.beforePatch
      world.beforePatch = nil
      meanwhile?(&world)
    }
    let marks = annotations.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value ?? "-")" }
    let cordon = unschedulable.map { $0 ? " cordon" : " uncordon" } ?? ""
    try change("patch \(name)\(cordon) \(marks.joined(separator: " "))") { world throws(ClusterError) in
      guard resourceVersion == nil || resourceVersion == world.node(name)?.resourceVersion else {
        throw ClusterError(.conflict, "The node was changed since.")
      }
      guard let index = world.nodes.firstIndex(where: { $0.name == name }) else { return }
      if let unschedulable { world.nodes[index].unschedulable = unschedulable }
      for (key, value) in annotations { world.nodes[index].annotations[key] = value }
      guard unschedulable == true, let then = world.onCordon else { return }
      world.onCordon = nil
      then(&world)
    }
  }

  func evict(_ pod: ClusterPod, gracePeriodSeconds: Int?) async throws(ClusterError) -> EvictionAnswer {
    let answer = try look { world throws(ClusterError) -> Result<EvictionAnswer, ClusterError> in
      var queue = world.evictions[pod.name] ?? [.success(.evicted)]
      let answer = queue.count > 1 ? queue.removeFirst() : queue[0]
      world.evictions[pod.name] = queue
      return answer
    }
    clock.advance(seconds: world.evictionSeconds)
    let grace = gracePeriodSeconds.map { " grace \($0)" } ?? ""
    if case .success(.evicted) = answer {
      try change("evict \(pod.name)\(grace)") { self.terminate(pod, &$0) }
    }
    return try answer.get()
  }

  func delete(_ pod: ClusterPod, gracePeriodSeconds: Int?) async throws(ClusterError) {
    let grace = gracePeriodSeconds.map { " grace \($0)" } ?? ""
    try change("delete \(pod.name)\(grace)") { world in
      if gracePeriodSeconds == 0 { world.termination[pod.name] = 0 }
      self.terminate(pod, &world)
    }
  }

  private func terminate(_ pod: ClusterPod, _ world: inout World) {
    let seconds = world.termination[pod.name] ?? 0
    guard seconds > 0 || !pod.finalizers.isEmpty else { return world.remove(uid: pod.uid) }
    for index in world.pods.indices where world.pods[index].uid == pod.uid {
      world.pods[index].terminating = true
    }
    world.termination[pod.uid] = clock.seconds + seconds
  }

  // MARK: Waits

  func waitForNode(
    named name: String, timeoutSeconds: Int, until condition: @escaping @Sendable (ClusterNode?) -> Bool
  ) async throws(ClusterError) -> ClusterNode? {
    try wait(timeoutSeconds) { world in
      let node = world.node(name)
      return condition(node) ? .some(node) : nil
    }
  }

  func waitForDetachedVolumes(
    node: String, timeoutSeconds: Int, except mayStay: @escaping @Sendable (String) -> Bool
  ) async throws(ClusterError) {
    try wait(timeoutSeconds) { world in world.attached.allSatisfy(mayStay) ? () : nil }
  }

  func waitForPods(
    onNode node: String, timeoutSeconds: Int, until condition: @escaping @Sendable ([ClusterPod]) -> Bool
  ) async throws(ClusterError) -> [ClusterPod] {
    try wait(timeoutSeconds) { world in
      let pods = world.pods.filter { $0.node == node }
      return condition(pods) ? pods : nil
    }
  }

  /// Lets the clock go on second by second, as a watch would tell of each change.
  private func wait<Answer: Sendable>(
    _ timeoutSeconds: Int, _ find: (World) -> Answer?
  ) throws(ClusterError) -> Answer {
    let end = clock.seconds + timeoutSeconds
    while true {
      if Task.isCancelled { throw ClusterError(.cancelled, "The wait was cancelled.") }
      let silence = world.silence
      if silence == nil, let answer = try look({ world in find(world) }) { return answer }
      guard clock.seconds < end else { throw silence ?? ClusterError(.timedOut, "The wait took too long.") }
      clock.advance(seconds: 1)
    }
  }
}
