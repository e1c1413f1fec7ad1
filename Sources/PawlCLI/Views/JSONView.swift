import Foundation
import PawlEngine
import PawlPlan

/// A run as JSON, one object a line; see schemas/event.schema.json.
struct JSONView: RunView {
  private let write: @Sendable (String) -> Void
  private var run = RunID("")
  private var plan: Plan?
  private var steps: StepIndex?
  private var progress: RunProgress?

  init(write: @escaping @Sendable (String) -> Void = { Console.line($0) }) { self.write = write }

  mutating func begin(_ run: RunID, plan: Plan, state: RunState) {
    self.run = run
    self.plan = plan
    steps = StepIndex(plan)
    progress = RunProgress(plan: plan, state: state)
  }

  mutating func show(_ notice: RunNotice, at time: ContinuousClock.Instant) {
    switch notice {
    case .event(let event):
      let done = progress?.done
      progress?.follow(event.kind, at: time)
      var line = EventLine(event, run: run, steps: steps)
      if progress?.done != done { line.remainingSeconds = progress?.leftSeconds(at: time) }
      emit(line)
    case .progress(let step, let progress): emit(EventLine(progress, of: step, run: run))
    }
  }

  mutating func tick(at time: ContinuousClock.Instant) {}

  mutating func end(_ outcome: RunOutcome?, state: RunState) {
    guard let plan else { return }
    var line = EventLine(run: run, event: "run-summary")
    line.exitCode = Int(ExitStatus(outcome, plan, state).rawValue)
    line.message = RunText.closing(outcome, run: run, plan: plan, state: state).joined(separator: "\n")
    emit(line)
  }

  private func emit(_ line: EventLine) {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    encoder.dateEncodingStrategy = .iso8601
    do {
      write(String(decoding: try encoder.encode(line), as: UTF8.self))
    } catch {
      Console.error("An event could not be written as JSON: \(error)")
    }
  }
}

/// One line of JSON output. Fields are added, never changed.
struct EventLine: Encodable {
  var schemaVersion = 1
  var run: String
  var event: String
  var sequence: Int?
  var time: Date?
  var step: String?
  var host: String?
  var attempt: Int?
  var message: String?
  var code: String?
  var causes: [String]?
  var hint: String?
  var changed: Bool?
  var retryAfterSeconds: Int?
  var remainingSeconds: Int?
  var outcome: String?
  var exitCode: Int?

  init(run: RunID, event: String) {
    self.run = run.text
    self.event = event
  }

  init(_ progress: StepProgress, of step: StepID, run: RunID) {
    switch progress {
    case .status(let text):
      self.init(run: run, event: "step-status")
      message = text
    case .output(let text):
      self.init(run: run, event: "step-output")
      message = text
    }
    self.step = step.text
  }

  init(_ event: RunEvent, run: RunID, steps: StepIndex?) {
    self.init(run: run, event: event.kind.label)
    sequence = event.sequence
    time = event.time
    step = event.kind.step?.text
    host = event.kind.step.flatMap { steps?.step($0)?.host }
    fill(from: event.kind)
  }

  private mutating func fill(from kind: RunEventKind) {
    switch kind {
    case .runStarted(let by, let resumed): message = "\(resumed ? "Resumed" : "Started") by \(by)."
    case .runStopped(let end):
      outcome = end.label
      exitCode = Int(ExitStatus(end).rawValue)
      if case .paused(let reason) = end { message = reason }
    case .stepStarted(_, let attempt), .stepProbeStarted(_, let attempt), .stepRetried(_, let attempt),
      .stepUndoStarted(_, let attempt):
      self.attempt = attempt
    case .stepSucceeded(_, let attempt, let result), .stepUndone(_, let attempt, let result):
      (self.attempt, message, changed) = (attempt, result.summary, result.changed)
    case .stepAttemptFailed(_, let attempt, let failure, let seconds):
      self.attempt = attempt
      retryAfterSeconds = seconds
      fill(from: failure)
    case .stepUndoFailed(_, let attempt, let failure, let seconds):
      (self.attempt, retryAfterSeconds) = (attempt, seconds)
      fill(from: failure)
    case .stepFailed(_, let attempt, let failure), .stepHeld(_, let attempt, let failure):
      self.attempt = attempt
      fill(from: failure)
    case .hostSkipped(let host, _, let failure):
      self.host = host
      fill(from: failure)
    case .stepInDoubt(_, let attempt, let reason): (self.attempt, message) = (attempt, reason)
    case .stepProbed(_, let attempt, let verdict): (self.attempt, message) = (attempt, verdict.sentence)
    case .stepDecided(_, let attempt, let decision, let by):
      (self.attempt, message) = (attempt, "\(by): \(decision.rawValue)")
    case .stepForced(_, let attempt, let by, let reason):
      (self.attempt, message) = (attempt, "\(by): force, because: \(reason)")
    case .controlRequested(let action, let by): message = "\(by): \(action.label)"
    case .stepStopped(_, let attempt, let reason): (self.attempt, message) = (attempt, reason)
    }
  }

  private mutating func fill(from failure: StepFailure) {
    (message, code, hint) = (failure.message, failure.code, failure.hint)
    causes = failure.causes.isEmpty ? nil : failure.causes
  }
}

extension RunOutcome {
  /// The outcome's name in JSON and lists.
  var label: String {
    switch self {
    case .completed: "completed"
    case .failed: "failed"
    case .unreachable: "unreachable"
    case .paused: "paused"
    case .cancelled: "cancelled"
    case .needsOperator: "needs-operator"
    case .stuck: "stuck"
    }
  }
}
