package import Foundation
package import PawlPlan

/// What an operator may ask of a run from another terminal. Cases are added, never changed: journals hold them.
package enum ControlAction: Sendable, Hashable, Codable {
  /// Finish what runs, start nothing; the text says why.
  case pause(reason: String)
  /// The same, and the run is not taken up again unless it is named.
  case cancel
  /// As `cancel`, and what runs on hosts is stopped.
  case cancelNow
  /// An answer for a step that only an operator can tell about.
  case approve(StepID, OperatorDecision)
  /// Leave for a step that stopped at its limit to go past it.
  case force(StepID, reason: String)

  /// For people: `cancel`.
  package var label: String {
    switch self {
    case .pause: "pause"
    case .cancel: "cancel"
    case .cancelNow: "cancel --now"
    case .approve(let step, let decision): "approve \(step) as \(decision.rawValue)"
    case .force(let step, let reason): "approve \(step) as force (\(reason))"
    }
  }
}

/// What became of a request.
package struct ControlAnswer: Sendable, Hashable, Codable {
  /// Whether the running process does it.
  package var accepted: Bool
  /// One sentence for the one who asked.
  package var text: String

  /// Makes an answer.
  package init(accepted: Bool, _ text: String) {
    self.accepted = accepted
    self.text = text
  }
}

/// A request to the process that runs a run, kept in the store so that any process can make it.
package struct ControlRequest: Sendable, Hashable {
  /// From 1 per run, given by the store.
  package var number: Int
  /// `user@machine`.
  package var by: String
  package var time: Date
  package var action: ControlAction
  /// Nil until the running process has taken it in.
  package var answer: ControlAnswer?

  /// Makes a request.
  package init(number: Int, by: String, time: Date, action: ControlAction, answer: ControlAnswer? = nil) {
    self.number = number
    self.by = by
    self.time = time
    self.action = action
    self.answer = answer
  }
}
