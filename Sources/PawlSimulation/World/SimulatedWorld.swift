import PawlModel
import PawlSteps

/// The whole simulation as a value: state, what is to come, commands under way, and the record of effects. It has
/// no clock: time is what `settle(to:)` is told.
struct SimulatedWorld: Sendable {
  var state: SimulatedState
  private(set) var now = Duration.zero
  /// Grows with everything that happens.
  private(set) var revision = 0
  var timeline = Timeline()
  var jobs: [Int: SimulatedJob] = [:]
  /// Detached jobs by host and key.
  var jobKeys: [String: [JobKey: Int]] = [:]
  /// The highest epoch that each host has seen.
  var epochs: [String: Int] = [:]
  /// How often each node was changed through the API, counted from 1; what kubelets report does not count.
  private(set) var nodeVersions: [String: Int] = [:]
  /// Leases by `namespace/name`.
  var leases: [String: ClusterLease] = [:]
  var faults = FaultPlan()
  var invariants = Invariants()
  private(set) var ledger: [EffectRecord] = []
  private(set) var violations: [InvariantViolation] = []
  var unreachableHosts: Set<String> = []
  var apiServerAway = false
  /// After that many effects the driver reaches nothing any more; nil for never.
  var cutOffAfterEffects: Int?
  private var made = 0
  private var kubeletStarts: [String: (count: Int, version: KubernetesVersion)] = [:]

  init(state: SimulatedState) {
    self.state = state
    for name in state.nodes.keys.sorted() { makeMirrorPods(of: name) }
    for workload in state.workloads { fill(workload, ready: true) }
    invariants.unavailableBefore = Set(
      self.state.nodes.values.filter { $0.unschedulable || self.state.unreadiness(of: $0) != nil }.map(\.name)
    )
  }

  /// Whether the driver is cut off from everything.
  var isCutOff: Bool { cutOffAfterEffects.map { ledger.count >= $0 } ?? false }

  /// Lets everything happen that is due by the time.
  mutating func settle(to time: Duration) {
    while let (due, event) = timeline.popDue(by: time) {
      now = max(now, due)
      revision += 1
      happen(event)
    }
    now = max(now, time)
  }

  /// Makes a change that somebody asked for, records it and checks the rules.
  mutating func perform(_ change: SimulatedChange, cause: String) {
    let before = state
    guard state.apply(change) else { return }
    revision += 1
    ledger.append(EffectRecord(sequence: ledger.count + 1, time: now, cause: cause, change: change))
    follow(change)
    let broken = invariants.violations(of: change, before: before) + invariants.violations(in: state)
    note(broken, cause: cause)
  }

  private mutating func note(_ broken: [(rule: String, message: String)], cause: String) {
    for (rule, message) in broken
    where !violations.contains(where: { $0.rule == rule && $0.message == message }) {
      violations.append(InvariantViolation(time: now, rule: rule, message: message, cause: cause))
    }
  }

  /// The consequences of a change.
  private mutating func follow(_ change: SimulatedChange) {
    switch change {
    case .componentUpgraded(let node, _, _): makeMirrorPods(of: node)
    case .addonsUpgraded(let version): replaceProxies(version)
    case .kubeletRestarted(let node, let version): startKubelet(of: node, version: version)
    case .podEvicted(_, let uid), .podDeleted(_, let uid): terminate(uid)
    case .nodePatched(let node, _, _):
      nodeVersions[node, default: 1] += 1
      fillAll()
    case .rebooted(let host): reboot(host)
    default: break
    }
  }

  private mutating func happen(_ event: Timeline.Event) {
    switch event {
    case .jobTurn(let id): takeTurn(of: id)
    case .podReady(let uid):
      state.pods[uid]?.phase = "Running"
      state.pods[uid]?.ready = true
    case .podGone(let uid): remove(uid)
    case .volumesDetached(let node, let claims):
      let used = state.pods.values.filter { $0.node == node }.flatMap(\.claims)
      state.attachedVolumes[node]?.subtract(Set(claims).subtracting(used))
    case .kubeletReports(let node, let start):
      guard let current = kubeletStarts[node], current.count == start else { return }
      state.nodes[node]?.kubeletVersion = current.version
      let boot = state.host(ofNode: node)?.bootCount ?? 1
      state.nodes[node]?.reportedBoot = boot
    case .kubeletReady(let node, let start):
      guard kubeletStarts[node]?.count == start else { return }
      state.nodes[node]?.kubelet = .running
      reviveFrozenPods(on: node)
      fillAll()
    case .hostUp(let host): boot(host)
    case .apiServerUp: apiServerAway = false
    }
    if case .jobTurn = event { return }
    note(invariants.violations(in: state), cause: "time")
  }

  // MARK: Kubelets and hosts

  private mutating func startKubelet(of node: String, version: KubernetesVersion) {
    let count = (kubeletStarts[node]?.count ?? 0) + 1
    kubeletStarts[node] = (count, version)
    state.nodes[node]?.kubelet = .starting
    timeline.schedule(.kubeletReports(node: node, start: count), at: now + SimulatedTimes.kubeletReport)
    timeline.schedule(.kubeletReady(node: node, start: count), at: now + SimulatedTimes.kubeletReady)
  }

  /// Takes a host down; it is back after a while with a new boot id, its commands lost, its kubelet as installed.
  mutating func reboot(_ name: String) {
    guard let host = state.hosts[name] else { return }
    revision += 1
    state.hosts[name]?.poweredOn = false
    state.hosts[name]?.bootCount += 1
    state.nodes[host.node]?.kubelet = .stopped
    for uid in state.pods.keys where state.pods[uid]?.node == host.node { state.pods[uid]?.ready = false }
    for id in jobs.keys where jobs[id]?.host == name && jobs[id]?.state == .running {
      jobs[id]?.state = .lost("The host was rebooted.")
    }
    timeline.schedule(.hostUp(name), at: now + SimulatedTimes.boot)
    note(invariants.violations(in: state), cause: "reboot of \(name)")
  }

  private mutating func boot(_ name: String) {
    state.hosts[name]?.boot()
    guard let host = state.hosts[name], let version = host.version(of: "kubelet"),
      state.nodes[host.node] != nil
    else { return }
    startKubelet(of: host.node, version: version)
  }

  private mutating func reviveFrozenPods(on node: String) {
    for (uid, pod) in state.pods where pod.node == node && !pod.terminating && pod.phase == "Running" {
      state.pods[uid]?.ready = true
    }
  }

  /// A number that was not given before.
  mutating func nextNumber() -> Int {
    made += 1
    return made
  }
}
