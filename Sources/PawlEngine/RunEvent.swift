package import Foundation
package import PawlPlan

/// The name of a run, such as `20261121-104512-upgrade-7f3a`.
package struct RunID: Sendable, Hashable, Codable, Comparable, CustomStringConvertible {
  /// The name as text.
  package let text: String

  /// Makes an id from its text.
  package init(_ text: String) { self.text = text }

  package init(from decoder: any Decoder) throws {
    text = try decoder.singleValueContainer().decode(String.self)
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(text)
  }

  package var description: String { text }

  /// A name that sorts by time and says what the run is: `20261121-104512-kubeadm-upgrade-7f3a`.
  package static func make(for runbook: String, at time: Date, salt: UInt16) -> RunID {
    let tail = String(salt, radix: 16)
    let stamp = timeStyle.format(time).replacing("T", with: "-")
    return RunID("\(stamp)-\(runbook)-\(String(repeating: "0", count: 4 - tail.count))\(tail)")
  }

  /// When the run was made, as its name says; nil for another kind of name.
  package var createdAt: Date? {
    let parts = text.split(separator: "-", maxSplits: 2)
    guard parts.count == 3 else { return nil }
    do { return try Self.timeStyle.parse("\(parts[0])T\(parts[1])") } catch { return nil }
  }

  /// `20261121T104512`, in UTC.
  private static let timeStyle = Date.ISO8601FormatStyle(timeZone: .gmt)
    .year().month().day().dateSeparator(.omitted)
    .time(includingFractionalSeconds: false).timeSeparator(.omitted)

  package static func < (left: RunID, right: RunID) -> Bool { left.text < right.text }
}

/// What a step gave when it succeeded.
package struct StepOutcome: Sendable, Hashable, Codable {
  /// One sentence: what was done, or found to be done already.
  package var summary: String
  /// Whether anything was changed.
  package var changed: Bool
  /// What later steps of the same host compare with, in the action's own form; nil for most.
  package var record: String?

  /// Makes an outcome.
  package init(_ summary: String, changed: Bool, record: String? = nil) {
    self.summary = summary
    self.changed = changed
    self.record = record
  }
}

/// Why a step failed, in the form that is stored.
package struct StepFailure: Error, Sendable, Hashable, Codable, CustomStringConvertible {
  /// What trying again can do.
  package enum Retry: String, Sendable, Hashable, Codable {
    /// The way to the host or API server failed before anything was done: try again.
    case transport
    /// May pass: try again.
    case temporary
    /// Trying again gives the same.
    case permanent
    /// It stopped at a limit where a person has to help: the run pauses. A resume tries again; `force` goes past it.
    case limit
    /// As `limit`, but its worker may be given up: within the failure budget it is left behind, else the run pauses.
    case skip
    /// Nothing is wrong: the step waits for an operator's approval or for its time, and the run pauses. Never stored
    /// with an attempt that failed.
    case hold

    /// Whether it stopped at a limit, past which `force` goes.
    package var isLimit: Bool { self == .limit || self == .skip }
  }

  /// Short and stable, `apt-install-failed`.
  package var code: String
  /// One sentence with host and cause.
  package var message: String
  /// Deeper causes, outermost first.
  package var causes: [String]
  package var retry: Retry
  /// The next thing to do.
  package var hint: String?

  /// Makes a failure.
  package init(
    code: String, message: String, causes: [String] = [], retry: Retry = .permanent, hint: String? = nil
  ) {
    self.code = code
    self.message = message
    self.causes = causes
    self.retry = retry
    self.hint = hint
  }

  package var description: String { message }
}

/// What a read-only look tells about a step that was started and has no outcome.
package enum ProbeVerdict: Sendable, Hashable, Codable {
  /// Its effect is there.
  case done(StepOutcome)
  /// Its remote command runs, or has left its result: go on watching the same attempt.
  case attached(String)
  /// Nothing of it is there.
  case notStarted
  /// Half done, and doing it again repairs it; the text says what was found.
  case torn(String)
  /// It can't be told; the text is the question for the operator.
  case unknown(String)
  /// The host or API server can't be reached now.
  case unreachable(StepFailure)
}

/// What an operator decides about a step in doubt.
package enum OperatorDecision: String, Sendable, Hashable, Codable, CaseIterable { case done, redo }

/// A person's leave to go past the limit at which a step stopped.
package struct ForceOrder: Sendable, Hashable {
  /// `user@machine`.
  package var by: String
  /// Why, in the person's words.
  package var reason: String

  /// Makes an order.
  package init(by: String, reason: String) {
    self.by = by
    self.reason = reason
  }
}

/// How a stretch of a run ended.
package enum RunOutcome: Sendable, Hashable, Codable {
  case completed
  /// A step failed; nothing else was started after it.
  case failed(StepID)
  /// The way to a host or the API server is gone; the step is in doubt until it is back.
  case unreachable(StepID)
  case paused(String)
  case cancelled
  /// A step waits for an operator's answer.
  case needsOperator(StepID)
  /// It was cancelled, and what it left can't be put back because of this step: in doubt, or its undo failed.
  case stuck(StepID)
}

/// What happened, as the journal keeps it. Cases are added, never changed.
package enum RunEventKind: Sendable, Hashable, Codable {
  /// A process took the run up, the first time or again.
  case runStarted(by: String, resumed: Bool)
  case runStopped(RunOutcome)
  /// Intent: recorded before the first byte goes out.
  case stepStarted(StepID, attempt: Int)
  case stepSucceeded(StepID, attempt: Int, StepOutcome)
  /// This attempt failed and another follows after the delay.
  case stepAttemptFailed(StepID, attempt: Int, StepFailure, retryAfterSeconds: Int)
  case stepFailed(StepID, attempt: Int, StepFailure)
  /// Started without an outcome: the process was killed or the link fell.
  case stepInDoubt(StepID, attempt: Int, reason: String)
  case stepProbeStarted(StepID, attempt: Int)
  case stepProbed(StepID, attempt: Int, ProbeVerdict)
  /// An operator answered for a step in doubt or held.
  case stepDecided(StepID, attempt: Int, OperatorDecision, by: String)
  /// An operator has a step that stopped at its limit go past it.
  case stepForced(StepID, attempt: Int, by: String, reason: String)
  /// Because the run was resumed, a failed or held step gets a new chance, or a proof is looked at again.
  case stepRetried(StepID, attempt: Int)
  /// An operator asked to pause or cancel, from another terminal.
  case controlRequested(ControlAction, by: String)
  /// The step was stopped on request while it ran; what it had done by then is not known.
  case stepStopped(StepID, attempt: Int, reason: String)
  /// Intent of a cancelled run to put back what the step left. The attempt is the undo's own, here and below.
  case stepUndoStarted(StepID, attempt: Int)
  case stepUndone(StepID, attempt: Int, StepOutcome)
  /// Without a delay it is not tried again before somebody takes the run up.
  case stepUndoFailed(StepID, attempt: Int, StepFailure, retryAfterSeconds: Int?)
  /// It waits for an approval or for its time; the failure says for what. Whatever else can go on does.
  case stepHeld(StepID, attempt: Int, StepFailure)
  /// A worker is left as it is because of a step, within the plan's failure budget: its remaining steps are skipped, and
  /// what waits for them goes on without.
  case hostSkipped(String, because: StepID, StepFailure)
}

/// One entry of a run's journal.
package struct RunEvent: Sendable, Hashable, Codable {
  /// From 1, without gaps, per run.
  package var sequence: Int
  /// For people, and for steps that let time pass; no state is decided by it.
  package var time: Date
  package var kind: RunEventKind

  /// Makes an event.
  package init(sequence: Int, time: Date, kind: RunEventKind) {
    self.sequence = sequence
    self.time = time
    self.kind = kind
  }
}

/// What a running step lets know; never needed to go on, so it may be dropped.
package enum StepProgress: Sendable, Hashable, Codable {
  /// What it does or waits for now, one line.
  case status(String)
  /// A piece of a remote command's output.
  case output(String)
}

/// What listeners of a run see: the journal's events and, between them, progress.
package enum RunNotice: Sendable {
  case event(RunEvent)
  case progress(StepID, StepProgress)
}
