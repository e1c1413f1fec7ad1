import Foundation
import PawlEngine
import PawlModel
import PawlPlan
import PawlSimulation
import PawlSteps
import Synchronization

/// One run of a scenario's plan, from its first process to its last.
final class CrashWorld: Sendable {
  /// How one process ended.
  enum Stretch: Sendable, Equatable {
    case ended(RunOutcome)
    /// Killed, as `MortalStore` was told.
    case killed
    /// The engine gave up with an error of its own.
    case broke(String)
  }

  /// Also what a bug that goes round in circles is held by.
  private static let mostEvents = 20_000
  private static let mostPauses = 200

  let cluster: SimulatedCluster
  let store: MortalStore
  let hosts: RecordingHosts
  private let bench: CrashBench
  private let epoch = Mutex(0)
  private let unrecorded = Mutex<[String]>([])

  init(_ bench: CrashBench) async throws {
    self.bench = bench
    let policy = bench.scenario.inventory.policy
    // Workers that are left behind stay as they are beside those that come after them.
    cluster = SimulatedCluster(
      bench.scenario.state, maxUnavailable: policy.maxUnavailable + (policy.rollout?.failureBudget ?? 0))
    store = MortalStore(cluster: cluster)
    hosts = RecordingHosts(cluster)
    try await store.create(bench.record)
  }

  /// One process after the other, as long as the operator has only to approve or to wait.
  func stretch(
    until death: Death? = nil, trouble: Trouble? = nil, cancelling: Bool = false
  ) async -> Stretch {
    store.schedule(death)
    do {
      for _ in 0..<Self.mostPauses {
        let end = await process(trouble: trouble, cancelling: cancelling)
        guard case .ended(.paused) = end, try await letGoOn() else { return end }
      }
      return .broke("The run pauses without end.")
    } catch let error as StoreError where error.code == .inputOutput {
      return .killed
    } catch {
      return .broke("\(error)")
    }
  }

  /// Approves what the run waits for, or waits for a window; whether there was any of it.
  private func letGoOn() async throws -> Bool {
    let events = try await events()
    let state = try RunState(plan: bench.plan, events: events)
    var isHeld = false
    var answers: [RunEventKind] = []
    for step in bench.plan.steps {
      guard case .held(let attempt, let reason) = state.status(of: step.id) else { continue }
      isHeld = true
      if reason.code == "approval-needed" {
        answers.append(.stepDecided(step.id, attempt: attempt, .done, by: "op"))
      }
    }
    if answers.isEmpty { await cluster.advance(by: .seconds(1800)) }
    try await store.append(
      answers.enumerated().map {
        RunEvent(sequence: events.count + 1 + $0, time: Date(timeIntervalSince1970: 0), kind: $1)
      }, to: bench.record.id)
    return isHeld
  }

  /// One process: a fresh executor and performer on what is in store and cluster.
  private func process(trouble: Trouble?, cancelling: Bool) async -> Stretch {
    let actions = ActionPerformer(
      hosts: hosts, cluster: cluster, http: cluster, clock: cluster.clock, now: cluster.wallTime)
    let (controls, control) = AsyncStream<RunControl>.makeStream()
    let performer: any StepPerformer =
      trouble.map {
        Interposer(base: actions, instead: $0.interposer(control), undoFailure: $0.undoFailure())
      } ?? actions
    let watched = IntentWatch(base: performer, store: store) { [self] text in
      unrecorded.withLock { $0.append(text) }
    }
    let executor = RunExecutor(
      store: store, performer: watched, clock: cluster.clock, now: cluster.wallTime)
    let epoch = epoch.withLock { epoch in
      epoch += 1
      return epoch
    }
    do {
      guard
        let outcome = try await executor.run(
          bench.record.id, by: "test", epoch: epoch, cancelling: cancelling, controls: controls)
      else {
        return .broke("The executor ended without an outcome.")
      }
      return .ended(outcome)
    } catch let error as StoreError where error.code == .inputOutput {
      return .killed
    } catch {
      return .broke("\(error)")
    }
  }

  /// The machine comes back after a while in which commands on hosts have gone on.
  func comeBack(after pause: Duration) async { await cluster.reconnect(after: pause) }

  /// Everything that the journal says.
  func events() async throws -> [RunEvent] {
    let events = try await store.load(bench.record.id).events
    guard events.count < Self.mostEvents else { throw StoreError(.damaged, "The run goes round in circles.") }
    return events
  }

  /// What was done before its intent was in the journal.
  var unrecordedActs: [String] { unrecorded.withLock { $0 } }

  /// Lets everything settle and compares with the undisturbed run.
  func differences(after disturbance: Disturbance) async throws -> [String] {
    await cluster.advance(by: .seconds(120))
    var found = await cluster.violations.map { "rule \($0.rule): \($0.message), after \($0.cause)" }
    found += unrecordedActs
    found += SnapshotText.differences(await cluster.snapshot, bench.reference.snapshot)
    found += Effects(await cluster.ledger).differences(from: bench.reference.effects, after: disturbance)
    do {
      let state = try RunState(plan: bench.plan, events: try await events())
      found += bench.plan.steps.filter { !state.status(of: $0.id).isSucceeded }.map {
        "step \($0.id) is \(state.status(of: $0.id).label) at the end"
      }
    } catch {
      found.append("\(error)")
    }
    return found
  }

  /// The end of the journal, for a finding.
  func tail() async throws -> String {
    try await events().suffix(6).map { "\($0.sequence) \($0.kind)" }.joined(separator: "\n    ")
  }
}

/// Where two ends differ, host by host and node by node.
enum SnapshotText {
  static func differences(_ found: SimulatedSnapshot, _ wanted: SimulatedSnapshot) -> [String] {
    var lines: [String] = []
    for (name, host) in wanted.hosts where found.hosts[name] != host {
      lines.append("host \(name) differs: \(found.hosts[name].map { "\($0)" } ?? "missing"), not \(host)")
    }
    for (name, node) in wanted.nodes where found.nodes[name] != node {
      lines.append("node \(name) differs: \(found.nodes[name].map { "\($0)" } ?? "missing"), not \(node)")
    }
    if found.readyPods != wanted.readyPods {
      lines.append("ready pods \(found.readyPods), not \(wanted.readyPods)")
    }
    if found.clusterVersion != wanted.clusterVersion {
      lines.append("the cluster is at \(found.clusterVersion)")
    }
    return lines.sorted()
  }
}
