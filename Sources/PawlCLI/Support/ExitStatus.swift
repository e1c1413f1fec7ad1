import PawlEngine
import PawlPlan
import PawlSteps

/// The exit codes of the contract; see docs/command-line.md.
enum ExitStatus: Int32, Sendable {
  case success = 0
  /// The run failed and stopped safely, or was refused before anything was touched.
  case failed = 1
  /// With `--detailed-exitcode`: the plan holds changes.
  case changesPending = 2
  /// Paused, or waiting for an approval.
  case waiting = 3
  /// A step is in doubt and can't be probed, or an undo failed.
  case needsOperator = 4
  /// Another run holds the cluster.
  case locked = 5
  case usage = 64
  /// An invalid inventory, runbook, plan or facts file.
  case invalidInput = 65
  /// A host, the bastion or the API server can't be reached.
  case unreachable = 69

  /// The code for a run's end; nil stands for a detached run.
  init(_ outcome: RunOutcome?) {
    switch outcome {
    case .completed: self = .success
    case .failed, .cancelled: self = .failed
    case .unreachable: self = .unreachable
    case .paused, nil: self = .waiting
    case .needsOperator, .stuck: self = .needsOperator
    }
  }

  /// The code for a run's end, where a failed step can tell that another run holds the cluster, and a plan that it
  /// leaves workers behind.
  init(_ outcome: RunOutcome?, _ plan: Plan, _ state: RunState) {
    switch outcome {
    case .completed where plan.unreachable != nil: self = .failed
    case .failed where state.statuses.values.contains(where: \.isTakenOver): self = .locked
    case .stuck(let step) where state.status(of: step).isTakenOver: self = .locked
    default: self.init(outcome)
    }
  }
}

/// What ends a command early: sentences for standard error, and a code.
struct CommandFailure: Error {
  let status: ExitStatus
  /// Lines for the user, each a sentence.
  let lines: [String]

  init(_ status: ExitStatus, _ lines: [String]) {
    self.status = status
    self.lines = lines
  }

  init(_ status: ExitStatus, _ line: String) {
    self.init(status, [line])
  }
}

extension StepStatus {
  /// Whether the step failed because another run holds the cluster.
  fileprivate var isTakenOver: Bool {
    switch self {
    case .failed(_, let failure), .undoFailed(_, _, let failure): failure.isTakenOver
    default: false
    }
  }
}
