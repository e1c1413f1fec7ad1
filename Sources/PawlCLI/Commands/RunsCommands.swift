import ArgumentParser
import Foundation
import PawlEngine
import PawlModel
import PawlPlan
import PawlStore

/// `pawl resume [RUN]`
struct ResumeCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "resume", abstract: "Go on with a run from the last safe point.",
    discussion: "Steps that finished are never run again; a step that was cut off is looked at first.")

  @Argument(help: "The run; without it the last unfinished one.")
  var runID: String?

  @OptionGroup var lock: LockOptions
  @OptionGroup var state: StateOptions
  @OptionGroup var output: OutputOptions
  @OptionGroup var log: LogOptions

  func run() async throws {
    try await reportingFailures {
      let workflow = try RunWorkflow.open(state, output: output, takeOver: lock.takeOver)
      guard let id = try await chosen(from: workflow.store) else {
        Console.error("There is no unfinished run to go on with.")
        return .success
      }
      try await JournalVerdict.require(id, in: workflow.store)
      let (record, events) = try await workflow.store.load(id)
      let run = try RunState(plan: record.plan, events: events)
      if run.outcome == .completed {
        Console.error("Run \(id) is finished; there is nothing to go on with.")
        return .success
      }
      if run.isUndoing { try Self.requireOpenUndo(of: id, run, record.plan) }
      let world = try World.real(record.inventory, log: log)
      return try await closing(world) { try await workflow.resume(id, record: record, world: world) }
    }
  }

  /// A run that was being undone goes on with that; one that is undone can't go on, because its steps count on nodes
  /// that take pods again.
  private static func requireOpenUndo(of id: RunID, _ run: RunState, _ plan: Plan) throws(CommandFailure) {
    guard run.outcome != .cancelled else {
      throw CommandFailure(
        .failed,
        "Run \(id) was cancelled and what it left is undone; plan anew with `\(plan.commandAnew)`, which begins where the cluster is."
      )
    }
    Console.error("Run \(id) was cancelled; it goes on with undoing what it left.")
  }

  private func chosen(from store: SQLiteRunStore) async throws -> RunID? {
    if let runID { return RunID(runID) }
    for run in try await store.list() where run.outcome != .completed {
      guard run.outcome == .cancelled else { return run.id }
      let (record, events) = try await store.load(run.id)
      if try RunState(plan: record.plan, events: events).isUndoing { continue }
      Console.error("Run \(run.id) was cancelled; to go on with it all the same: pawl resume \(run.id)")
    }
    return nil
  }
}

/// What the check of a run's journal means for going on with it.
enum JournalVerdict {
  /// What is wrong, and up to where the journal is readable.
  static func text(of fault: JournalCheck.Fault, in check: JournalCheck) -> String {
    let place = fault.sequence == 0 ? "its record" : "event \(fault.sequence)"
    let what =
      switch fault.kind {
      case .damaged: "damaged at \(place)"
      case .tornTail: "torn at its last event, \(fault.sequence)"
      case .newerFormat: "written by a newer Pawl from \(place) on"
      }
    let last = check.events.last.map { event in
      "readable up to event \(event.sequence) (\(event.kind.label)\(event.kind.step.map { " \($0)" } ?? ""))"
    }
    return "\(what): \(fault.reason); \(last ?? "no event is readable")"
  }

  /// Says that the last event is torn; a damaged journal is refused.
  ///
  /// - Throws: `CommandFailure` with what is readable and what to do.
  static func require(_ run: RunID, in store: SQLiteRunStore) async throws {
    let check = try await store.verify(run: run)
    guard let fault = check.fault else { return }
    guard fault.kind == .tornTail else {
      // `load` words the refusal, with what is readable.
      _ = try await store.load(run)
      return
    }
    Console.error(
      "The last event of run \(run), number \(fault.sequence), was cut off while it was written; "
        + "it is set aside, and the run goes on after event \(check.events.count).")
  }
}

/// `pawl runs`, `pawl runs verify`
struct RunsCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "runs", abstract: "The history of runs.",
    subcommands: [RunsListCommand.self, RunsVerifyCommand.self], defaultSubcommand: RunsListCommand.self)
}

/// `pawl runs list`
struct RunsListCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(commandName: "list", abstract: "All runs, newest first.")

  @OptionGroup var state: StateOptions
  @OptionGroup var output: OutputOptions

  func run() async throws {
    try await reportingFailures {
      let runs = try await RunWorkflow.open(state, output: output).store.list()
      if output.format == .human, runs.isEmpty { Console.line("No runs yet.") }
      for run in runs {
        let outcome = run.outcome?.label ?? "unfinished"
        switch output.format {
        case .human: Console.line("\(run.id)  \(outcome.padded(to: 14))\(run.title)")
        case .json: Console.line(JSONLine.text(RunLine(run, outcome: outcome)))
        }
      }
      return .success
    }
  }
}

/// A run in JSON output.
struct RunLine: Encodable {
  let run: String
  let cluster: String
  let title: String
  let createdAt: Date
  let outcome: String

  init(_ run: RunSummary, outcome: String) {
    self.run = run.id.text
    cluster = run.cluster
    title = run.title
    createdAt = run.createdAt
    self.outcome = outcome
  }
}

/// `pawl runs verify [RUN]`
struct RunsVerifyCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify", abstract: "Check that the journal of runs is whole and unchanged.")

  @Argument(help: "The run; without it all of them.")
  var runID: String?

  @OptionGroup var state: StateOptions
  @OptionGroup var output: OutputOptions

  func run() async throws {
    try await reportingFailures {
      let store = try RunWorkflow.open(state, output: output).store
      let ids = if let runID { [RunID(runID)] } else { try await store.list().map(\.id) }
      var sound = true
      for id in ids {
        let check = try await store.verify(run: id)
        if let fault = check.fault {
          sound = false
          Console.line("\(id)  \(JournalVerdict.text(of: fault, in: check))")
        } else {
          Console.line("\(id)  sound, \(check.events.count) events")
        }
      }
      return sound ? .success : .failed
    }
  }
}

/// `pawl show RUN`
struct ShowCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "show", abstract: "The state of a run, step by step.")

  @Argument(help: "The run.")
  var runID: String

  @OptionGroup var state: StateOptions
  @OptionGroup var output: OutputOptions

  func run() async throws {
    try await reportingFailures {
      let store = try RunWorkflow.open(state, output: output).store
      let (record, events) = try await store.load(RunID(runID))
      let run = try RunState(plan: record.plan, events: events)
      guard output.format == .human else {
        let steps = StepIndex(record.plan)
        for event in events {
          Console.line(JSONLine.text(EventLine(event, run: record.id, steps: steps)))
        }
        return .success
      }
      let created = record.createdAt.ISO8601Format()
      Console.line("\(record.plan.title)\nRun \(record.id), made \(created) by \(record.createdBy)")
      let width = (record.plan.steps.map(\.id.text.count).max() ?? 0) + 2
      let blockers = run.blockers(in: record.plan)
      let behind = run.leftBehind(in: record.plan)
      for step in record.plan.steps {
        let status = run.status(of: step.id)
        let names = blockers[step.id, default: []].sorted().map(\.text)
        let isSkipped = status == .pending && step.host.map { behind[$0] != nil } ?? false
        let why =
          names.isEmpty
          ? "" : "  (\(isSkipped ? "because of" : "blocked by") \(names.joined(separator: ", ")))"
        Console.line("  \(step.id.text.padded(to: width))\(isSkipped ? "skipped" : status.label)\(why)")
        for line in RunText.failure(of: step.id, run) { Console.line("    " + line) }
      }
      if let outcome = run.outcome {
        for line in RunText.closing(outcome, run: record.id, plan: record.plan, state: run) {
          Console.line(line)
        }
      } else {
        Console.line("Under way, or cut off. To go on: pawl resume \(record.id)")
      }
      return .success
    }
  }
}

/// `pawl logs RUN [STEP]`
struct LogsCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "logs", abstract: "What a run's remote commands printed.")

  @Argument(help: "The run.")
  var runID: String

  @Argument(help: "Only this step.")
  var step: String?

  @OptionGroup var state: StateOptions

  func run() async throws {
    try await reportingFailures {
      let store = try RunWorkflow.open(state, output: try OutputOptions.parse([])).store
      let id = RunID(runID)
      let (record, _) = try await store.load(id)
      if let step, record.plan.step(StepID(step)) == nil {
        throw CommandFailure(.usage, "Run \(id) has no step '\(step)'; 'pawl show \(id)' lists them.")
      }
      var last: StepID?
      for piece in try await store.output(of: id, step: step.map { StepID($0) }) {
        if step == nil, piece.step != last { Console.line("== \(piece.step) (attempt \(piece.attempt))") }
        last = piece.step
        Console.write(piece.text)
      }
      return .success
    }
  }
}

/// One value as a line of JSON.
enum JSONLine {
  static func text(_ value: some Encodable) -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    encoder.dateEncodingStrategy = .iso8601
    do { return String(decoding: try encoder.encode(value), as: UTF8.self) } catch { return "{}" }
  }
}
