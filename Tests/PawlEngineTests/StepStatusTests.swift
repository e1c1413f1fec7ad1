import PawlEngine
import PawlPlan
import Testing

@Suite("Step status")
struct StepStatusTests {
  private static let step = StepID("drain@worker-1")
  private static let outcome = StepOutcome("Done.", changed: true)
  private static let failure = StepFailure(code: "x", message: "It failed.")

  private static let limit = StepFailure(code: "y", message: "It stays.", retry: .limit)

  private static let statuses: [StepStatus] = [
    .pending, .started(attempt: 1), .waiting(attempt: 1), .ready(attempt: 1), .attached(attempt: 1),
    .succeeded(attempt: 1, outcome), .failed(attempt: 1, failure), .inDoubt(attempt: 1, reason: "r"),
    .probing(attempt: 1), .needsOperator(attempt: 1, question: "q"), .undoing(attempt: 1, undo: 1),
    .undone(attempt: 1, outcome), .undoFailed(attempt: 1, undo: 1, failure), .failed(attempt: 1, limit),
    .held(attempt: 1, failure),
  ]

  private static let events: [RunEventKind] = [
    .stepStarted(step, attempt: 1), .stepStarted(step, attempt: 2), .stepSucceeded(step, attempt: 1, outcome),
    .stepAttemptFailed(step, attempt: 1, failure, retryAfterSeconds: 1),
    .stepFailed(step, attempt: 1, failure),
    .stepInDoubt(step, attempt: 1, reason: "r"), .stepProbeStarted(step, attempt: 1),
    .stepProbed(step, attempt: 1, .done(outcome)), .stepProbed(step, attempt: 1, .notStarted),
    .stepProbed(step, attempt: 1, .torn("t")), .stepProbed(step, attempt: 1, .attached("a")),
    .stepProbed(step, attempt: 1, .unknown("q")), .stepProbed(step, attempt: 1, .unreachable(failure)),
    .stepDecided(step, attempt: 1, .done, by: "o"), .stepDecided(step, attempt: 1, .redo, by: "o"),
    .stepForced(step, attempt: 1, by: "o", reason: "r"), .stepRetried(step, attempt: 1),
    .stepStopped(step, attempt: 1, reason: "r"),
    .stepUndoStarted(step, attempt: 1), .stepUndoStarted(step, attempt: 2),
    .stepUndone(step, attempt: 1, outcome), .stepUndoFailed(step, attempt: 1, failure, retryAfterSeconds: 2),
    .stepHeld(step, attempt: 1, failure),
  ]

  /// Every pair of status and event that may happen, and where it leads. All others are illegal.
  private static let legal: [String: String] = [
    "pending + step-started 1": "running", "waiting to try again + step-started 2": "running",
    "ready + step-started 2": "running", "re-attached + step-started 1": "running",
    "running + step-succeeded": "done", "running + step-attempt-failed": "waiting to try again",
    "running + step-failed": "failed", "running + step-in-doubt": "in doubt",
    "re-attached + step-in-doubt": "in doubt", "being probed + step-in-doubt": "in doubt",
    "needs an operator + step-in-doubt": "in doubt", "in doubt + step-probe-started": "being probed",
    "being probed + step-probed done": "done", "being probed + step-probed notStarted": "ready",
    "being probed + step-probed torn": "ready", "being probed + step-probed attached": "re-attached",
    "being probed + step-probed unknown": "needs an operator",
    "being probed + step-probed unreachable": "in doubt", "in doubt + step-decided done": "done",
    "in doubt + step-decided redo": "ready", "needs an operator + step-decided done": "done",
    "needs an operator + step-decided redo": "ready", "failed + step-retried": "ready",
    "failed at its limit + step-retried": "ready", "failed at its limit + step-forced": "ready",
    "failed at its limit + step-undo-started 1": "being undone",
    "running + step-stopped": "in doubt",
    "waiting to try again + step-undo-started 1": "being undone",
    "ready + step-undo-started 1": "being undone", "done + step-undo-started 1": "being undone",
    "done + step-retried": "ready",
    "failed + step-undo-started 1": "being undone", "being undone + step-undo-started 2": "being undone",
    "being undone + step-undone": "undone", "being undone + step-undo-failed": "undo failed",
    "undo failed + step-undo-started 2": "being undone", "running + step-held": "held",
    "held + step-retried": "ready", "held + step-decided done": "done", "held + step-decided redo": "ready",
    "held + step-undo-started 1": "being undone",
  ]

  private static func name(_ event: RunEventKind) -> String {
    switch event {
    case .stepStarted(_, let attempt), .stepUndoStarted(_, let attempt): "\(event.label) \(attempt)"
    case .stepProbed(_, _, let verdict): "\(event.label) \("\(verdict)".prefix { $0 != "(" })"
    case .stepDecided(_, _, let decision, _): "\(event.label) \(decision)"
    default: event.label
    }
  }

  @Test("The whole table: each legal pair leads where it should, each other pair is refused by name")
  func table() {
    var seen: Set<String> = []
    for status in Self.statuses {
      for event in Self.events {
        let name = status.limit == nil ? status.label : "\(status.label) at its limit"
        let pair = "\(name) + \(Self.name(event))"
        do throws(IllegalTransition) {
          let next = try status.next(after: event, of: Self.step)
          #expect(next.label == Self.legal[pair], "\(pair)")
          seen.insert(pair)
        } catch {
          #expect(Self.legal[pair] == nil, "\(pair) must be legal")
          #expect(error.description.contains(status.label) && error.description.contains(event.label))
        }
      }
    }
    #expect(seen == Set(Self.legal.keys))
  }

  @Test("An event of another attempt is refused")
  func wrongAttempt() {
    #expect(throws: IllegalTransition.self) {
      try StepStatus.started(attempt: 2).next(
        after: .stepSucceeded(Self.step, attempt: 1, Self.outcome), of: Self.step)
    }
  }
}
