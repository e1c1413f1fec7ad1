import Foundation
import PawlEngine
import PawlModel
import PawlPlan
import PawlSteps
import PawlStore

/// Everything around a run: the record, the lock, the engine, the display.
struct RunWorkflow {
  let store: SQLiteRunStore
  let output: OutputOptions
  /// Whether a holder of the cluster's lock that gives no sign of life is replaced.
  let takeOver: Bool

  /// Opens the store of a state directory.
  static func open(
    _ state: StateOptions, output: OutputOptions, takeOver: Bool = false
  ) throws -> RunWorkflow {
    RunWorkflow(store: try state.openStore(), output: output, takeOver: takeOver)
  }

  private var locking: ClusterLocking { ClusterLocking(store: store, takeOver: takeOver) }

  /// Keeps a new run of a plan and runs it.
  func start(_ plan: Plan, inventory: Inventory, facts: Facts, world: World) async throws -> ExitStatus {
    let id = RunID.make(for: plan.runbook.name, at: Date(), salt: .random(in: .min ... .max))
    let record = RunRecord(
      id: id, plan: plan, inventory: inventory, facts: facts, createdAt: Date(), createdBy: Self.owner,
      pawlVersion: PawlVersion.current)
    return try await locking.holding(inventory, for: id, world: world) { lock in
      try await store.create(record)
      return try await run(id, plan: plan, world: world, lock: lock)
    }
  }

  /// Cancels a run that has stopped and undoes what it left.
  ///
  /// - Returns: success when it is undone.
  func cancel(_ record: RunRecord, world: World) async throws -> ExitStatus {
    try await locking.holding(record.inventory, for: record.id, world: world) { lock in
      let status = try await run(record.id, plan: record.plan, world: world, lock: lock, cancelling: true)
      let outcome = try await store.load(record.id).events.last?.kind
      return outcome == .runStopped(.cancelled) ? .success : status
    }
  }

  /// Goes on with a run.
  func resume(_ id: RunID, record: RunRecord, world: World) async throws -> ExitStatus {
    try await locking.holding(record.inventory, for: id, world: world) { lock in
      try await run(id, plan: record.plan, world: world, lock: lock)
    }
  }

  private func run(
    _ id: RunID, plan: Plan, world: World, lock: ClusterLock, cancelling: Bool = false
  ) async throws -> ExitStatus {
    let (_, events) = try await store.load(id)
    let state = try RunState(plan: plan, events: events)
    if !cancelling, !state.isUndoing {
      try await StoppedRun(plan: plan, state: state).requireDrained(world.cluster)
    }
    let display = RunDisplay()
    let executor = RunExecutor(
      store: store,
      performer: RedactingPerformer(
        ActionPerformer(
          registry: .standard, hosts: world.hosts.fenced(for: lock.cluster), cluster: world.cluster,
          http: world.http, gate: lock, clock: world.clock, watchdog: world.clock, now: world.now),
        redactor: world.redactor),
      clock: world.clock, now: world.now,
      notify: { display.notify($0) },
      beforeCompletion: { await cleanUp(id, plan: plan, world: world) })
    let interrupts = Interrupts()
    defer { interrupts.end() }
    async let shown = display.run(output.view(), run: id, plan: plan, state: state, store: store)
    let outcome: RunOutcome?
    do {
      outcome = try await listening(to: id, interrupts) {
        try await executor.run(
          id, by: Self.owner, epoch: lock.epoch, cancelling: cancelling, controls: interrupts.controls)
      }
    } catch {
      display.finish()
      _ = await shown
      throw error
    }
    display.finish()
    var (view, end) = await shown
    view.end(outcome, state: end)
    return ExitStatus(outcome, plan, end)
  }

  /// Removes what the run's remote commands left on its hosts. A host that is away keeps it; `pawl release` finds it.
  private func cleanUp(_ id: RunID, plan: Plan, world: World) async {
    await withTaskGroup(of: Void.self) { group in
      for host in Set(plan.steps.filter(ActionRegistry.standard.startsCommands).compactMap(\.host)) {
        group.addTask {
          do {
            try await world.hosts.session(to: host).removeJobs(of: id)
          } catch {
            Console.error("warning: \(host) keeps the run's files below its state directory: \(error)")
          }
        }
      }
    }
  }

  /// `user@machine`.
  static var owner: String { "\(NSUserName())@\(ProcessInfo.processInfo.hostName)" }
}
