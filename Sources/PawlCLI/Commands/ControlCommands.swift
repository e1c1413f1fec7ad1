import ArgumentParser
import Foundation
import PawlEngine
import PawlPlan
import PawlSteps
import PawlStore

/// `pawl pause RUN`
struct PauseCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "pause", abstract: "Let a run under way finish its running steps, and start none.",
    discussion: "For another terminal. The run then ends with exit code 3; 'pawl resume' goes on.")

  @Argument(help: "The run.")
  var runID: String

  @Option(help: ArgumentHelp("Why, for those who come later.", valueName: "text"))
  var reason: String?

  @OptionGroup var state: StateOptions

  func run() async throws {
    try await reportingFailures {
      let desk = try await ControlDesk.open(runID, state)
      let by = RunWorkflow.owner
      switch try await desk.find() {
      case .underWay(let holder):
        let why = reason.map { "\(Redactor().redact($0).asSentence) (\(by))" } ?? "\(by) asked for it."
        _ = try await desk.ask(.pause(reason: why), holder)
        Console.line("Run \(desk.record.id) finishes its running steps and then pauses.")
        return .success
      case .stopped(let lock):
        lock?.release()
        throw CommandFailure(.failed, "Run \(desk.record.id) is not under way; there is nothing to pause.")
      }
    }
  }
}

/// `pawl cancel RUN`
struct CancelCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "cancel", abstract: "Stop a run for good: running steps finish, none is started.",
    discussion: """
      For another terminal, or for a run that has stopped. What the run left, its cordons and missing package \
      holds, is undone; what is done, such as an upgraded package, stays. A run with nothing to undo can still be \
      taken up by 'pawl resume RUN'.
      """)

  @Argument(help: "The run.")
  var runID: String

  @Flag(help: "Also stop what runs on hosts: TERM, then KILL.")
  var now = false

  @OptionGroup var lock: LockOptions
  @OptionGroup var state: StateOptions
  @OptionGroup var log: LogOptions

  func run() async throws {
    try await reportingFailures {
      let desk = try await ControlDesk.open(runID, state)
      switch try await desk.find() {
      case .underWay(let holder):
        _ = try await desk.ask(now ? .cancelNow : .cancel, holder)
        let rest = now ? "stops what runs on hosts" : "finishes its running steps"
        Console.line("Run \(desk.record.id) \(rest), undoes what it left, and is then cancelled.")
        return .success
      case .stopped(let lock):
        guard try await leavesSomething(desk) else {
          defer { lock?.release() }
          try await markCancelled(desk)
          return .success
        }
        lock?.release()
        return try await undo(desk)
      }
    }
  }

  /// Whether the run has to be taken up to undo what it left.
  private func leavesSomething(_ desk: ControlDesk) async throws -> Bool {
    let (record, events) = try await desk.store.load(desk.record.id)
    let state = try RunState(plan: record.plan, events: events)
    if state.outcome == .completed { return false }
    let due = state.undosDue(in: record.plan, hasUndo: ActionRegistry.standard.hasUndo)
    return !due.isEmpty || state.isUndoing && state.outcome != .cancelled
  }

  private func undo(_ desk: ControlDesk) async throws -> ExitStatus {
    let workflow = RunWorkflow(
      store: desk.store, output: try OutputOptions.parse([]), takeOver: lock.takeOver)
    let world = try World.real(desk.record.inventory, log: log)
    return try await closing(world) { try await workflow.cancel(desk.record, world: world) }
  }

  private func markCancelled(_ desk: ControlDesk) async throws {
    let id = desk.record.id
    let (record, events) = try await desk.store.load(id)
    let state = try RunState(plan: record.plan, events: events)
    switch state.outcome {
    case .completed: throw CommandFailure(.failed, "Run \(id) is finished; there is nothing to cancel.")
    case .cancelled: Console.line("Run \(id) is cancelled already.")
    default:
      let kinds: [RunEventKind] = [
        .controlRequested(.cancel, by: RunWorkflow.owner), .runStopped(.cancelled),
      ]
      let time = Date()
      try await desk.store.append(
        kinds.enumerated().map { RunEvent(sequence: events.count + 1 + $0, time: time, kind: $1) }, to: id)
      Console.line("Run \(id) is cancelled. It was not under way.")
      for line in RunText.open(record.plan, state) { Console.line(line) }
      Console.line("To go on all the same: pawl resume \(id)")
    }
  }
}

/// `pawl approve RUN STEP --as done|redo|force`
struct ApproveCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "approve",
    abstract: "Approve what a run waits for, answer for a step in doubt, or force one past its limit.",
    discussion: """
      'force' is for a drain that has paused at its limit: the next attempt asks the pods once more, and after a \
      minute deletes those that are left with no grace, whatever their disruption budgets say. Who did so and why is \
      kept in the run's journal.
      """)

  @Argument(help: "The run.")
  var runID: String

  @Argument(help: "The step.")
  var step: String

  @Option(
    name: .customLong("as"),
    help: ArgumentHelp(
      "done: it is approved, or took effect; redo: it did not, or may be done again; force: go past its limit."
    ))
  var decision: Decision

  @Option(help: ArgumentHelp("Why, with 'force'; kept in the journal.", valueName: "text"))
  var reason: String?

  @OptionGroup var state: StateOptions

  /// The answers.
  enum Decision: String, ExpressibleByArgument, CaseIterable { case done, redo, force }

  func validate() throws {
    if decision == .force, Reason.text(reason) == nil {
      throw ValidationError("--as force needs --reason: it is kept in the journal.")
    }
    if decision != .force, reason != nil { throw ValidationError("--reason goes with --as force only.") }
  }

  private func action(for step: StepID) -> ControlAction {
    switch decision {
    case .done: .approve(step, .done)
    case .redo: .approve(step, .redo)
    case .force: .force(step, reason: Reason.text(reason) ?? "")
    }
  }

  func run() async throws {
    try await reportingFailures {
      let desk = try await ControlDesk.open(runID, state)
      let id = desk.record.id
      let step = StepID(step)
      guard desk.record.plan.step(step) != nil else {
        throw CommandFailure(.usage, "Run \(id) has no step '\(step)'; 'pawl show \(id)' lists them.")
      }
      switch try await desk.find() {
      case .underWay(let holder):
        _ = try await desk.ask(action(for: step), holder)
        Console.line("Noted; run \(id) goes on.")
      case .stopped(let lock):
        defer { lock?.release() }
        try await decide(step, desk)
        Console.line("Noted. To go on: pawl resume \(id)")
      }
      return .success
    }
  }

  private func decide(_ step: StepID, _ desk: ControlDesk) async throws {
    let (record, events) = try await desk.store.load(desk.record.id)
    let status = try RunState(plan: record.plan, events: events).status(of: step)
    let kind: RunEventKind
    switch (action(for: step), status) {
    case (.approve(_, let answer), .needsOperator), (.approve(_, let answer), .inDoubt),
      (.approve(_, let answer), .held):
      kind = .stepDecided(step, attempt: status.attempt, answer, by: RunWorkflow.owner)
    case (.force(_, let reason), _) where status.limit != nil:
      kind = .stepForced(step, attempt: status.attempt, by: RunWorkflow.owner, reason: reason)
    case (.force, _):
      throw CommandFailure(
        .failed, "\(step) is \(status.label); only a step that stopped at its limit can be forced.")
    default:
      throw CommandFailure(.failed, "\(step) is \(status.label); there is nothing to answer for.")
    }
    try await desk.store.append(
      [RunEvent(sequence: events.count + 1, time: Date(), kind: kind)], to: record.id)
  }
}

extension ControlDesk {
  /// The desk for a run of a state directory.
  static func open(_ run: String, _ state: StateOptions) async throws -> ControlDesk {
    let store = try RunWorkflow.open(state, output: try OutputOptions.parse([])).store
    return ControlDesk(store: store, record: try await store.load(RunID(run)).record)
  }
}

/// What an operator gives as a reason. It stays in the journal, so what looks like a secret is taken out.
enum Reason {
  /// Nil when it says nothing.
  static func text(_ given: String?) -> String? {
    let trimmed = given?.trimmingCharacters(in: .whitespacesAndNewlines) ?? ""
    return trimmed.isEmpty ? nil : Redactor().redact(trimmed)
  }
}
