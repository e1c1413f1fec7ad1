package import PawlEngine

extension StepFailure {
  /// The task was cancelled while it waited.
  package static let cancelled = StepFailure(
    code: "cancelled", message: "The step was cancelled.", retry: .transport,
    hint: "`pawl resume` goes on with it.")

  /// Nothing is wrong: the run pauses until an operator has answered or the time has come.
  package static func hold(code: String, _ message: String, hint: String) -> StepFailure {
    StepFailure(code: code, message: message, retry: .hold, hint: hint)
  }

  /// From what a host's session reports.
  package init(_ error: HostError) {
    let (code, retry): (String, Retry) =
      switch error.code {
      case .unreachable: ("host-unreachable", .transport)
      case .linkLost: ("link-lost", .transport)
      case .timedOut: ("host-timed-out", .transport)
      case .cancelled: (Self.cancelled.code, .transport)
      case .hostKey: ("host-key", .permanent)
      case .authentication: ("host-authentication", .permanent)
      case .fenced: ("fenced", .permanent)
      case .failed: ("host-failed", .temporary)
      }
    self.init(code: code, message: error.message, retry: retry)
  }

  /// From what the API client reports.
  package init(_ error: ClusterError) {
    let (code, retry): (String, Retry) =
      switch error.code {
      case .unreachable: ("api-unreachable", .transport)
      case .timedOut: ("api-timed-out", .transport)
      case .cancelled: (Self.cancelled.code, .transport)
      case .unauthorized: ("api-unauthorized", .permanent)
      case .forbidden: ("api-forbidden", .permanent)
      case .notFound: ("api-not-found", .permanent)
      case .conflict: ("api-conflict", .temporary)
      case .failed: ("api-failed", .temporary)
      }
    self.init(code: code, message: error.message, retry: retry)
  }
}

extension HostCommandResult {
  /// Whether a signal ended it, as far as the status tells.
  package var wasEndedBySignal: Bool { (129...192).contains(status) }

  /// What trying again can do when nothing else is known. A signal comes from outside, as in a reboot: only commands
  /// that nobody at Pawl asked to end get here.
  package var retry: StepFailure.Retry { wasEndedBySignal ? .temporary : .permanent }

  /// How it ended, for a sentence: `exit status 1`.
  package var ending: String {
    switch status {
    case 127: "exit status 127: the program was not found"
    case _ where wasEndedBySignal: "ended by signal \(status - 128)"
    default: "exit status \(status)"
    }
  }

  /// Both streams, standard output first, as lines without blank ones.
  package var lines: [String] {
    (output + "\n" + errorOutput).split(whereSeparator: \.isNewline).map(String.init)
      .filter { !$0.allSatisfy(\.isWhitespace) }
  }
}
