import Foundation
import PawlEngine
import PawlModel
import PawlPlan
import PawlSteps
import Synchronization

/// Collects what a step lets know.
final class ProgressLog: Sendable {
  private let entries = Mutex<[StepProgress]>([])

  func add(_ progress: StepProgress) { entries.withLock { $0.append(progress) } }

  var output: [String] {
    entries.withLock { $0.compactMap { if case .output(let text) = $0 { text } else { nil } } }
  }

  var statuses: [String] {
    entries.withLock { $0.compactMap { if case .status(let text) = $0 { text } else { nil } } }
  }
}

/// Performs and probes one step against fakes.
struct ActionBench: Sendable {
  static let run = RunID("20261121-104512-upgrade-7f3a")

  let host: FakeHost
  let cluster: FakeCluster
  let web: FakeWeb
  let clock: TestClock
  let log = ProgressLog()
  /// Asks the attempt to stop.
  let stops = AsyncStream<Void>.makeStream()
  var hostError: HostError?
  /// What earlier steps left on record.
  var records: [String: String] = [:]
  var watchdog: any Clock<Duration> = ContinuousClock()
  /// When the run first began the step.
  var firstBegun: Date?
  /// The time on the wall when the clock began.
  var start = Date(timeIntervalSince1970: 1_795_257_912)

  init(_ replies: [FakeHost.Reply] = [], _ world: World = World()) {
    host = FakeHost(replies: replies)
    clock = TestClock()
    cluster = FakeCluster(world, clock: clock)
    web = FakeWeb()
  }

  static func step(
    _ uses: String, with: [String: Value] = [:], host: String? = "cp-1", timeoutSeconds: Int = 600
  ) -> PlanStep {
    PlanStep(
      id: StepID("1.20/step@cp-1"), title: "A step", uses: uses, host: host, path: [], needs: [], with: with,
      retry: .never, timeoutSeconds: timeoutSeconds, reversibility: .final, estimateSeconds: 1, effects: [])
  }

  private var performer: ActionPerformer {
    ActionPerformer(
      registry: .standard, hosts: FakeHosts(fake: host, error: hostError), cluster: cluster, http: web,
      clock: clock, watchdog: watchdog,
      now: { [start, clock] in start.addingTimeInterval(Double(clock.seconds)) })
  }

  func context(
    attempt: Int = 1, force: ForceOrder? = nil, leftBehind: Set<String> = []
  ) -> StepContext {
    StepContext(
      run: Self.run, attempt: attempt, firstBegun: firstBegun, epoch: 1, records: records, force: force,
      leftBehind: leftBehind, stops: stops.stream, report: log.add)
  }

  func perform(
    _ step: PlanStep, attempt: Int = 1, force: ForceOrder? = nil, leftBehind: Set<String> = []
  ) async -> StepResult {
    await performer.perform(step, in: context(attempt: attempt, force: force, leftBehind: leftBehind))
  }

  func probe(_ step: PlanStep, attempt: Int = 1) async -> ProbeVerdict {
    await performer.probe(step, in: context(attempt: attempt))
  }

  func undo(_ step: PlanStep, attempt: Int = 1) async throws(StepFailure) -> StepOutcome {
    try await performer.undo(step, in: context(attempt: attempt))
  }

  /// The name of an attempt's command on the host.
  static func key(attempt: Int = 1, number: Int = 1) -> String { "1.20_2fstep_40cp-1.\(attempt).\(number)" }
}

extension StepResult {
  var failure: StepFailure? {
    switch self {
    case .succeeded: nil
    case .failed(let failure), .lost(let failure), .stopped(let failure): failure
    }
  }

  var outcome: StepOutcome? { if case .succeeded(let outcome) = self { outcome } else { nil } }
  var isStopped: Bool { if case .stopped = self { true } else { false } }
  var isLost: Bool { if case .lost = self { true } else { false } }
}

extension ProbeVerdict {
  /// The verdict without its text.
  var name: String {
    switch self {
    case .done: "done"
    case .attached: "attached"
    case .notStarted: "not started"
    case .torn: "torn"
    case .unknown: "unknown"
    case .unreachable: "unreachable"
    }
  }
}

/// Nodes and pods that tests need often.
enum Sample {
  static let old = KubernetesVersion(1, 19, 16)
  static let new = KubernetesVersion(1, 20, 15)

  static func node(
    _ name: String = "cp-1", controlPlane: Bool = true, cordoned: Bool = false, by run: String? = nil,
    version: KubernetesVersion = new, ready: Bool = true, message: String? = nil
  ) -> ClusterNode {
    ClusterNode(
      name: name, isControlPlane: controlPlane, unschedulable: cordoned,
      annotations: run.map { ["pawl.dev/cordoned-by": $0] } ?? [:], kubeletVersion: version, ready: ready,
      readyMessage: message)
  }

  static func pod(
    _ name: String, namespace: String = "shop", node: String = "cp-1", labels: [String: String] = [:],
    annotations: [String: String] = [:], phase: String = "Running", ready: Bool = true,
    terminating: Bool = false, grace: Int? = nil, finalizers: [String] = [],
    owner: ClusterPod.Owner? = .init(kind: "ReplicaSet", name: "web"),
    emptyDir: Bool = false
  ) -> ClusterPod {
    ClusterPod(
      namespace: namespace, name: name, uid: "uid-\(name)", labels: labels, annotations: annotations,
      node: node,
      phase: phase, ready: ready, terminating: terminating, deletionGraceSeconds: grace,
      finalizers: finalizers, controller: owner,
      hasEmptyDir: emptyDir
    )
  }

  /// The static pods of a control plane, each component at the version given.
  static func controlPlane(
    _ node: String = "cp-1", apiServer: KubernetesVersion = new, others: KubernetesVersion = new,
    notReady: Set<String> = []
  ) -> [ClusterPod] {
    let versions = [
      "kube-apiserver": apiServer.tag, "kube-controller-manager": others.tag, "kube-scheduler": others.tag,
      "etcd": "3.4.13-0",
    ]
    return versions.sorted { $0.key < $1.key }.map { component, tag in
      ClusterPod(
        namespace: "kube-system", name: "\(component)-\(node)", uid: "uid-\(component)-\(node)",
        labels: ["component": component, "tier": "control-plane"],
        annotations: ["kubernetes.io/config.mirror": "1"], node: node, ready: !notReady.contains(component),
        controller: .init(kind: "Node", name: node), images: ["registry.example:5000/\(component):\(tag)"])
    }
  }
}
