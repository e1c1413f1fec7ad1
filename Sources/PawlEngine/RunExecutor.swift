package import Foundation
import PawlModel
import PawlPlan

/// Drives a `RunMachine`: makes its events durable, performs its steps, and tells listeners.
package struct RunExecutor: Sendable {
  private let store: any RunStore
  private let performer: any StepPerformer
  private let clock: any Clock<Duration>
  private let limits: RunMachine.Limits
  private let now: @Sendable () -> Date
  private let notify: @Sendable (RunNotice) -> Void
  private let beforeCompletion: @Sendable () async -> Void

  /// Makes an executor.
  ///
  /// - Parameters:
  ///   - clock: measures the waits between attempts.
  ///   - now: stamps events, for people and for steps that let time pass; no state is decided by it.
  ///   - notify: hears every event after it is durable, and progress; must return at once.
  ///   - beforeCompletion: clears up after the steps, once all have succeeded or what they left is undone: when the run
  ///     can't be taken up any more. The run is over only when this has returned, so a crash in it means that it is
  ///     called again.
  package init(
    store: any RunStore, performer: any StepPerformer, clock: any Clock<Duration> = ContinuousClock(),
    limits: RunMachine.Limits = RunMachine.Limits(), now: @escaping @Sendable () -> Date = { Date() },
    notify: @escaping @Sendable (RunNotice) -> Void = { _ in },
    beforeCompletion: @escaping @Sendable () async -> Void = {}
  ) {
    self.store = store
    self.performer = performer
    self.clock = clock
    self.limits = limits
    self.now = now
    self.notify = notify
    self.beforeCompletion = beforeCompletion
  }

  /// Runs, or goes on with, a stored run until it ends or stops.
  ///
  /// - Parameters:
  ///   - owner: `user@machine`, for the journal.
  ///   - epoch: the held lock's.
  ///   - cancelling: takes it up only to cancel it and to put back what it left.
  ///   - controls: asks to stop; may never give anything.
  /// - Returns: how the stretch ended; nil after a detach.
  /// - Throws: `StoreError` when the journal can't be read or written (what was begun is in doubt then), or
  ///   `IllegalTransition` when the journal does not fit the plan.
  package func run(
    _ id: RunID, by owner: String, epoch: Int, cancelling: Bool = false,
    controls: AsyncStream<RunControl> = AsyncStream { $0.finish() }
  ) async throws -> RunOutcome? {
    let (record, events) = try await store.load(id)
    let machine = try RunMachine(
      plan: record.plan, events: events, limits: limits,
      undoesFailures: record.inventory.policy.onFailure == .undo,
      hasUndo: { [performer] in performer.hasUndo($0) })
    let (inputs, continuation) = AsyncStream<ExecutorInput>.makeStream()
    var stretch = RunStretch(id: id, epoch: epoch, machine: machine, inputs: continuation)
    for event in events { stretch.note(event) }
    continuation.yield(.machine(.begin(by: owner, cancelling: cancelling)))
    return try await withThrowingDiscardingTaskGroup { group in
      defer { group.cancelAll() }
      group.addTask { await relay(controls, to: continuation) }
      for await input in inputs {
        let outcome =
          switch input {
          case .machine(let input): try await process(input, &stretch, &group)
          case .control(let control): try await follow(control, &stretch, &group)
          }
        if let outcome { return outcome }
      }
      return nil
    }
  }

  private func relay(
    _ controls: AsyncStream<RunControl>, to inputs: AsyncStream<ExecutorInput>.Continuation
  ) async {
    for await control in controls {
      if case .detach = control { inputs.finish() } else { inputs.yield(.control(control)) }
    }
  }

  private func follow(
    _ control: RunControl, _ stretch: inout RunStretch, _ group: inout ThrowingDiscardingTaskGroup<any Error>
  ) async throws -> RunOutcome? {
    switch control {
    case .detach:
      return nil
    case .stop(let reason):
      return try await process(.stopRequested(reason), &stretch, &group)
    case .stopSteps:
      stretch.stopSteps()
      return try await process(.stopRequested(.cancel), &stretch, &group)
    case .requested(let action, let owner, let answer):
      if let refusal = stretch.machine.refusal(of: action) {
        answer(ControlAnswer(accepted: false, refusal))
        return nil
      }
      if action == .cancelNow { stretch.stopSteps() }
      let outcome = try await process(.controlRequested(action, by: owner), &stretch, &group)
      answer(ControlAnswer(accepted: true, "Noted: \(action.label)."))
      return outcome
    }
  }

  /// Feeds one input and whatever follows from it at once; gives the outcome when the run is over.
  private func process(
    _ input: RunInput, _ stretch: inout RunStretch, _ group: inout ThrowingDiscardingTaskGroup<any Error>
  ) async throws -> RunOutcome? {
    var open = [input]
    while !open.isEmpty {
      for command in try stretch.machine.handle(open.removeFirst()) {
        switch command {
        case .record(let kinds):
          if stretch.machine.isLastStop(kinds) { await beforeCompletion() }
          try await record(kinds, &stretch)
          open.append(.recorded(kinds))
        case .perform(let step, let attempt):
          start(step, attempt, &stretch, &group) { .finished(step, await performer.perform($0, in: $1)) }
        case .probe(let step, let attempt):
          start(step, attempt, &stretch, &group) { .probed(step, await performer.probe($0, in: $1)) }
        case .undo(let step, let attempt):
          start(step, attempt, &stretch, &group) { .undoEnded(step, await undo($0, in: $1)) }
        case .startTimer(let step, let seconds):
          startTimer(step, seconds, stretch, &group)
        case .finish(let outcome):
          return outcome
        }
      }
    }
    return nil
  }

  private func record(_ kinds: [RunEventKind], _ stretch: inout RunStretch) async throws {
    let time = now()
    var events: [RunEvent] = []
    for kind in kinds {
      events.append(RunEvent(sequence: stretch.nextSequence + events.count, time: time, kind: kind))
    }
    try await store.append(events, to: stretch.id)
    for event in events {
      stretch.note(event)
      notify(.event(event))
    }
  }

  private func start(
    _ id: StepID, _ attempt: Int, _ stretch: inout RunStretch,
    _ group: inout ThrowingDiscardingTaskGroup<any Error>,
    _ work: @escaping @Sendable (PlanStep, StepContext) async -> RunInput
  ) {
    guard let step = stretch.machine.steps.step(id) else { return }
    let (stops, stop) = AsyncStream<Void>.makeStream()
    stretch.stops[id] = stop
    let context = StepContext(
      run: stretch.id, attempt: attempt, firstBegun: stretch.firstBegun[id], epoch: stretch.epoch,
      records: stretch.machine.records(before: step), force: stretch.machine.state.forced[id],
      leftBehind: stretch.machine.nodesLeftBehind, stops: stops
    ) { [notify] progress in notify(.progress(id, progress)) }
    let inputs = stretch.inputs
    group.addTask {
      let input = await work(step, context)
      // A performance that was cut off by a detach says nothing: its step stays started, so in doubt.
      if !Task.isCancelled { inputs.yield(.machine(input)) }
    }
  }

  private func undo(_ step: PlanStep, in context: StepContext) async -> Result<StepOutcome, StepFailure> {
    do throws(StepFailure) { return .success(try await performer.undo(step, in: context)) } catch {
      return .failure(error)
    }
  }

  private func startTimer(
    _ step: StepID, _ seconds: Int, _ stretch: RunStretch,
    _ group: inout ThrowingDiscardingTaskGroup<any Error>
  ) {
    let inputs = stretch.inputs
    group.addTask { [clock] in
      do {
        try await clock.sleep(for: .seconds(seconds))
        inputs.yield(.machine(.timerFired(step)))
      } catch is CancellationError {
        return
      }
    }
  }
}

/// What the executor's loop takes in.
private enum ExecutorInput: Sendable {
  case machine(RunInput)
  case control(RunControl)
}

/// What belongs to one process's stretch of a run.
private struct RunStretch {
  let id: RunID
  let epoch: Int
  var machine: RunMachine
  private(set) var nextSequence = 1
  /// When each step was first begun, by the journal.
  private(set) var firstBegun: [StepID: Date] = [:]
  let inputs: AsyncStream<ExecutorInput>.Continuation
  /// How to stop what was performed or probed last of each step.
  var stops: [StepID: AsyncStream<Void>.Continuation] = [:]

  init(
    id: RunID, epoch: Int, machine: RunMachine, inputs: AsyncStream<ExecutorInput>.Continuation
  ) {
    self.id = id
    self.epoch = epoch
    self.machine = machine
    self.inputs = inputs
  }

  /// Takes an event of the journal down.
  mutating func note(_ event: RunEvent) {
    nextSequence += 1
    if case .stepStarted(let step, _) = event.kind, firstBegun[step] == nil { firstBegun[step] = event.time }
  }

  /// Asks everything that runs to stop; asking what has ended changes nothing.
  func stopSteps() {
    for stop in stops.values { stop.yield() }
  }
}
