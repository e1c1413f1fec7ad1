import Foundation
import PawlEngine
import PawlModel
import PawlPlan

/// Small values for store tests; times are whole milliseconds, as the journal keeps them.
enum Sample {
  static let start = JournalTime.date(1_795_257_912_123)

  static func record(_ id: String, cluster: String = "prod", createdAt: Date = start) -> RunRecord {
    let version = KubernetesVersion(1, 20, 15)
    let plan = Plan(
      cluster: cluster, runbook: RunbookReference(name: "upgrade", version: "1", digest: "00"),
      inputs: ["to": .string("1.21")], title: "Upgrade \(cluster) ä/\"quoted\"", versions: [], steps: [],
      skipped: [SkippedStep(id: StepID("drain@worker-2"), reason: "is out of service")], notes: [],
      basis: [:])
    return RunRecord(
      id: RunID(id), plan: plan,
      inventory: Inventory(
        name: cluster, kubernetes: KubernetesAccess(kubeconfig: "/kube"), ssh: SSHAccess(user: "ops"),
        hosts: [Host(name: "worker-1", address: "10.0.0.1", roles: [.worker], labels: ["b": "1", "a": "2"])]),
      facts: Facts(cluster: ClusterFacts(serverVersion: version, nodes: [], controlPlane: []), hosts: [:]),
      createdAt: createdAt, createdBy: "anna@ops1", pawlVersion: "0.1.0")
  }

  static func event(_ sequence: Int, _ kind: RunEventKind) -> RunEvent {
    RunEvent(sequence: sequence, time: start + Double(sequence), kind: kind)
  }

  /// A short run that ends well: four events.
  static let shortRun: [RunEvent] = [
    event(1, .runStarted(by: "anna@ops1", resumed: false)),
    event(2, .stepStarted(step, attempt: 1)),
    event(3, .stepSucceeded(step, attempt: 1, StepOutcome("drained", changed: true))),
    event(4, .runStopped(.completed)),
  ]

  static let step = StepID("drain@worker-1")

  /// Each kind of event, each verdict and each outcome.
  static let everyKind: [RunEvent] = {
    let failure = StepFailure(
      code: "link-lost", message: "The link to worker-1 fell.", causes: ["timeout", "no route"],
      retry: .transport, hint: "Look at the bastion.")
    let outcome = StepOutcome("found drained", changed: false)
    let verdicts: [ProbeVerdict] = [
      .done(outcome), .attached("pid 12"), .notStarted, .torn("half configured"), .unknown("which?"),
      .unreachable(failure),
    ]
    let outcomes: [RunOutcome] = [
      .completed, .failed(step), .unreachable(step), .paused("by anna"), .cancelled, .needsOperator(step),
      .stuck(step),
    ]
    let kinds: [RunEventKind] =
      [
        .runStarted(by: "anna@ops1", resumed: true), .stepStarted(step, attempt: 1),
        .stepSucceeded(step, attempt: 1, outcome),
        .stepAttemptFailed(step, attempt: 1, failure, retryAfterSeconds: 5),
        .stepFailed(step, attempt: 2, failure), .stepInDoubt(step, attempt: 2, reason: "killed"),
        .stepProbeStarted(step, attempt: 2), .stepDecided(step, attempt: 2, .redo, by: "eve@ops2"),
        .stepForced(step, attempt: 3, by: "eve@ops2", reason: "agreed with shop"),
        .stepRetried(step, attempt: 3), .stepStopped(step, attempt: 3, reason: "asked for"),
        .stepUndoStarted(step, attempt: 1),
        .stepUndoFailed(step, attempt: 1, failure, retryAfterSeconds: 2),
        .stepUndoFailed(step, attempt: 2, failure, retryAfterSeconds: nil),
        .stepUndone(step, attempt: 3, outcome),
        .controlRequested(.pause(reason: "lunch"), by: "eve@ops2"),
        .controlRequested(.cancel, by: "eve@ops2"),
        .controlRequested(.cancelNow, by: "eve@ops2"),
        .controlRequested(.approve(step, .done), by: "eve@ops2"),
        .controlRequested(.force(step, reason: "agreed"), by: "eve@ops2"),
      ] + verdicts.map { .stepProbed(step, attempt: 2, $0) } + outcomes.map { .runStopped($0) }
    return kinds.enumerated().map { event($0.offset + 1, $0.element) }
  }()

  static func holder(_ run: String, process: Int32 = 4711) -> LockHolder {
    LockHolder(run: RunID(run), owner: "anna@ops1", processID: process, since: start)
  }

  static func output(_ text: String, step: String = "drain@worker-1", attempt: Int = 1) -> OutputRecord {
    OutputRecord(step: StepID(step), attempt: attempt, text: text)
  }
}

/// Times as the journal reads them back.
enum JournalTime {
  static func date(_ milliseconds: Int64) -> Date { Date(timeIntervalSince1970: Double(milliseconds) / 1000) }
}

/// The error that `body` throws; nil when it throws none.
func refusal<T>(_ body: () async throws(StoreError) -> T) async -> StoreError? {
  do {
    _ = try await body()
    return nil
  } catch {
    return error
  }
}
