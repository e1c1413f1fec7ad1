package import PawlPlan

/// Where a step stands. Built only from events, by `next(after:)`.
package enum StepStatus: Sendable, Hashable {
  case pending
  /// The intent is recorded; the effect may have begun.
  case started(attempt: Int)
  /// The attempt failed and another is due.
  case waiting(attempt: Int)
  /// May be started once more, with the next attempt number.
  case ready(attempt: Int)
  /// The attempt's remote command was found; the same attempt goes on.
  case attached(attempt: Int)
  case succeeded(attempt: Int, StepOutcome)
  case failed(attempt: Int, StepFailure)
  case inDoubt(attempt: Int, reason: String)
  case probing(attempt: Int)
  /// Only an operator can tell; the text is the question.
  case needsOperator(attempt: Int, question: String)
  /// It waits for an operator's approval or for its time; the run pauses once nothing else can go on.
  case held(attempt: Int, StepFailure)
  /// What it left is being put back; the second number counts the undo's own attempts.
  case undoing(attempt: Int, undo: Int)
  case undone(attempt: Int, StepOutcome)
  case undoFailed(attempt: Int, undo: Int, StepFailure)
}

/// A journal that says what cannot have happened: damaged, or written by something else.
package struct IllegalTransition: Error, Sendable, Hashable, CustomStringConvertible {
  package let step: StepID
  package let status: StepStatus
  package let event: RunEventKind

  package var description: String {
    "The journal is not consistent: step \(step) is \(status.label) and can't take the event \(event.label)."
  }
}

extension StepStatus {
  /// The status after an event of this step: the only place where a step changes.
  ///
  /// - Throws: `IllegalTransition` naming status and event.
  package func next(after event: RunEventKind, of step: StepID) throws(IllegalTransition) -> StepStatus {
    switch (self, event) {
    case (.pending, .stepStarted(_, let attempt)) where attempt == 1:
      return .started(attempt: attempt)
    case (.waiting(let last), .stepStarted(_, let attempt)) where attempt == last + 1:
      return .started(attempt: attempt)
    case (.ready(let last), .stepStarted(_, let attempt)) where attempt == last + 1:
      return .started(attempt: attempt)
    case (.attached(let last), .stepStarted(_, let attempt)) where attempt == last:
      return .started(attempt: attempt)

    case (.started(let attempt), .stepSucceeded(_, attempt, let outcome)):
      return .succeeded(attempt: attempt, outcome)
    case (.started(let attempt), .stepAttemptFailed(_, attempt, _, _)):
      return .waiting(attempt: attempt)
    case (.started(let attempt), .stepFailed(_, attempt, let failure)):
      return .failed(attempt: attempt, failure)

    case (.started(let attempt), .stepInDoubt(_, attempt, let reason)),
      (.attached(let attempt), .stepInDoubt(_, attempt, let reason)),
      (.probing(let attempt), .stepInDoubt(_, attempt, let reason)),
      (.needsOperator(let attempt, _), .stepInDoubt(_, attempt, let reason)),
      (.started(let attempt), .stepStopped(_, attempt, let reason)):
      return .inDoubt(attempt: attempt, reason: reason)

    case (.inDoubt(let attempt, _), .stepProbeStarted(_, attempt)):
      return .probing(attempt: attempt)
    case (.probing(let attempt), .stepProbed(_, attempt, let verdict)):
      return Self.status(after: verdict, attempt: attempt)

    case (.inDoubt(let attempt, _), .stepDecided(_, attempt, let decision, _)),
      (.needsOperator(let attempt, _), .stepDecided(_, attempt, let decision, _)):
      return Self.status(after: decision, attempt: attempt)
    case (.held(let attempt, _), .stepDecided(_, attempt, .done, let by)):
      return .succeeded(attempt: attempt, StepOutcome("Approved by \(by).", changed: false))
    case (.held(let attempt, _), .stepDecided(_, attempt, .redo, _)):
      return .ready(attempt: attempt)

    case (.started(let attempt), .stepHeld(_, attempt, let reason)):
      return .held(attempt: attempt, reason)

    case (.failed(let attempt, _), .stepRetried(_, attempt)),
      (.held(let attempt, _), .stepRetried(_, attempt)),
      (.succeeded(let attempt, _), .stepRetried(_, attempt)):
      return .ready(attempt: attempt)
    case (.failed(let attempt, let failure), .stepForced(_, attempt, _, _)) where failure.retry.isLimit:
      return .ready(attempt: attempt)

    case (_, .stepUndoStarted(_, let undo)) where mayBeUndone && undo == undoAttempt + 1:
      return .undoing(attempt: attempt, undo: undo)
    case (.undoing(let attempt, _), .stepUndone(_, undoAttempt, let outcome)):
      return .undone(attempt: attempt, outcome)
    case (.undoing(let attempt, let undo), .stepUndoFailed(_, undoAttempt, let failure, _)):
      return .undoFailed(attempt: attempt, undo: undo, failure)

    default:
      throw IllegalTransition(step: step, status: self, event: event)
    }
  }

  private static func status(after verdict: ProbeVerdict, attempt: Int) -> StepStatus {
    switch verdict {
    case .done(let outcome): .succeeded(attempt: attempt, outcome)
    case .attached: .attached(attempt: attempt)
    case .notStarted, .torn: .ready(attempt: attempt)
    case .unknown(let question): .needsOperator(attempt: attempt, question: question)
    case .unreachable(let failure): .inDoubt(attempt: attempt, reason: failure.message)
    }
  }

  private static func status(after decision: OperatorDecision, attempt: Int) -> StepStatus {
    switch decision {
    case .done: .succeeded(attempt: attempt, StepOutcome("An operator says that it is done.", changed: true))
    case .redo: .ready(attempt: attempt)
    }
  }

  /// Whether what depends on the step may start.
  package var isSucceeded: Bool {
    if case .succeeded = self { true } else { false }
  }

  /// Whether it has begun and is known to have come to an end: only then can what it left be put back.
  private var mayBeUndone: Bool {
    switch self {
    case .waiting, .ready, .succeeded, .failed, .held, .undoing, .undoFailed: true
    case .pending, .started, .attached, .inDoubt, .probing, .needsOperator, .undone: false
    }
  }

  /// The undo's attempt that the status speaks of; 0 before the first.
  var undoAttempt: Int {
    switch self {
    case .undoing(_, let undo), .undoFailed(_, let undo, _): undo
    default: 0
    }
  }

  /// Why the step stopped at its limit; nil when it did not.
  package var limit: StepFailure? {
    if case .failed(_, let failure) = self, failure.retry.isLimit { failure } else { nil }
  }

  /// The attempt the status speaks of; 0 before the first.
  package var attempt: Int {
    switch self {
    case .pending: 0
    case .started(let attempt), .waiting(let attempt), .ready(let attempt), .attached(let attempt),
      .succeeded(let attempt, _), .failed(let attempt, _), .inDoubt(let attempt, _), .probing(let attempt),
      .needsOperator(let attempt, _), .held(let attempt, _), .undoing(let attempt, _),
      .undone(let attempt, _),
      .undoFailed(let attempt, _, _):
      attempt
    }
  }

  /// One or two words for people.
  package var label: String {
    switch self {
    case .pending: "pending"
    case .started: "running"
    case .waiting: "waiting to try again"
    case .ready: "ready"
    case .attached: "re-attached"
    case .succeeded: "done"
    case .failed: "failed"
    case .inDoubt: "in doubt"
    case .probing: "being probed"
    case .needsOperator: "needs an operator"
    case .held: "held"
    case .undoing: "being undone"
    case .undone: "undone"
    case .undoFailed: "undo failed"
    }
  }
}

extension RunEventKind {
  /// The step an event speaks of; nil for events of the run.
  package var step: StepID? {
    switch self {
    case .runStarted, .runStopped, .controlRequested: nil
    case .hostSkipped(_, let step, _): step
    case .stepStarted(let step, _), .stepSucceeded(let step, _, _), .stepAttemptFailed(let step, _, _, _),
      .stepFailed(let step, _, _), .stepInDoubt(let step, _, _), .stepProbeStarted(let step, _),
      .stepProbed(let step, _, _), .stepDecided(let step, _, _, _), .stepRetried(let step, _),
      .stepForced(let step, _, _, _),
      .stepStopped(let step, _, _), .stepUndoStarted(let step, _), .stepUndone(let step, _, _),
      .stepUndoFailed(let step, _, _, _), .stepHeld(let step, _, _):
      step
    }
  }

  /// The event's name in JSON output and messages.
  package var label: String {
    switch self {
    case .runStarted: "run-started"
    case .runStopped: "run-stopped"
    case .stepStarted: "step-started"
    case .stepSucceeded: "step-succeeded"
    case .stepAttemptFailed: "step-attempt-failed"
    case .stepFailed: "step-failed"
    case .stepInDoubt: "step-in-doubt"
    case .stepProbeStarted: "step-probe-started"
    case .stepProbed: "step-probed"
    case .stepDecided: "step-decided"
    case .stepForced: "step-forced"
    case .stepRetried: "step-retried"
    case .controlRequested: "control-requested"
    case .stepStopped: "step-stopped"
    case .stepUndoStarted: "step-undo-started"
    case .stepUndone: "step-undone"
    case .stepUndoFailed: "step-undo-failed"
    case .stepHeld: "step-held"
    case .hostSkipped: "host-skipped"
    }
  }
}
