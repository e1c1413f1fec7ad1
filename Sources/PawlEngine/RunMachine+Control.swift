import PawlPlan

// What operators ask of a run that is under way.
extension RunMachine {
  /// Why an operator's request can't be followed now; nil when it can.
  package func refusal(of action: ControlAction) -> String? {
    guard !isStopRecorded else { return "The run has just stopped." }
    guard let step = action.step else { return nil }
    guard plan.step(step) != nil else { return "The run has no step '\(step)'." }
    if case .force = action { return refusalOfForce(step) }
    switch state.status(of: step) {
    case .needsOperator, .held: return nil
    case .inDoubt where !busy.contains(step): return nil
    case .inDoubt: return "\(step) is in doubt and is looked at again soon; wait for what that finds."
    case let status: return "\(step) is \(status.label); there is nothing to answer for."
    }
  }

  private func refusalOfForce(_ step: StepID) -> String? {
    if stopping == .cancelled { return "The run is being cancelled." }
    let status = state.status(of: step)
    return status.limit == nil
      ? "\(step) is \(status.label); only a step that stopped at its limit can be forced." : nil
  }

  /// The event that keeps an operator's request.
  func event(for action: ControlAction, by owner: String) -> RunEventKind {
    switch action {
    case .approve(let step, let decision):
      .stepDecided(step, attempt: state.status(of: step).attempt, decision, by: owner)
    case .force(let step, let reason):
      .stepForced(step, attempt: state.status(of: step).attempt, by: owner, reason: reason)
    case .pause, .cancel, .cancelNow: .controlRequested(action, by: owner)
    }
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

  /// An operator lets a step go past its limit: the run goes on if it was only waiting for that.
  mutating func forced(_ step: StepID) {
    guard limitStep == step, case .paused = stopping else { return }
    let next = plan.steps.first { state.status(of: $0.id).limit != nil }
    limitStep = next?.id
    stopping = next.flatMap { state.status(of: $0.id).limit }.map { .paused($0.message) }
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
    case .approve, .force: nil
    }
  }

  /// The step that it is about; nil when it is about the run.
  var step: StepID? {
    switch self {
    case .approve(let step, _), .force(let step, _): step
    case .pause, .cancel, .cancelNow: nil
    }
  }
}
