import PawlPlan

// What operators ask of a run that is under way.
extension RunMachine {
  /// Why an operator's request can't be followed now; nil when it can.
  package func refusal(of action: ControlAction) -> String? {
    guard !isStopRecorded else { return "The run has just stopped." }
    guard case .approve(let step, _) = action else { return nil }
    guard plan.step(step) != nil else { return "The run has no step '\(step)'." }
    switch state.status(of: step) {
    case .needsOperator: return nil
    case .inDoubt where !busy.contains(step): return nil
    case .inDoubt: return "\(step) is in doubt and is looked at again soon; wait for what that finds."
    case let status: return "\(step) is \(status.label); there is nothing to answer for."
    }
  }

  /// The event that keeps an operator's request.
  func event(for action: ControlAction, by owner: String) -> RunEventKind {
    guard case .approve(let step, let decision) = action else { return .controlRequested(action, by: owner) }
    return .stepDecided(step, attempt: state.status(of: step).attempt, decision, by: owner)
  }

  /// Starts nothing more. What stopped the run first stays its outcome, but a cancel counts more than anything: it wants
  /// things put back, which a run that has failed keeps for a resume.
  mutating func stop(_ reason: StopReason) {
    switch (stopping, reason) {
    case (nil, .pause(let why)): stopping = .paused(why)
    case (_, .cancel): stopping = .cancelled
    case (_, .pause): break
    }
  }

  /// An operator has answered: the run goes on if it was only waiting for that.
  mutating func decided(_ step: StepID, _ decision: OperatorDecision) {
    if decision == .done { succeeded(step) }
    if stopping == .needsOperator(step) {
      stopping = plan.steps.lazy.map(\.id).first(where: isQuestion).map { .needsOperator($0) }
    }
  }

  private func isQuestion(_ step: StepID) -> Bool {
    if case .needsOperator = state.status(of: step) { true } else { false }
  }
}

extension ControlAction {
  /// Why the run stops by it; nil when it does not.
  var stopReason: StopReason? {
    switch self {
    case .pause(let reason): .pause(reason)
    case .cancel, .cancelNow: .cancel
    case .approve: nil
    }
  }
}
