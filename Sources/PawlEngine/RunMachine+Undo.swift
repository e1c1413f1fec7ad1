import PawlModel
package import PawlPlan

// What a cancelled run does before it ends: it puts back what its steps left.
extension RunMachine {
  /// What one stretch remembers of its undoing.
  struct UndoProgress: Sendable {
    /// From then on everything that is under way belongs to the undoing.
    var hasBegun = false
    /// Steps in doubt that were looked at, so that each is looked at once.
    var looked: Set<StepID> = []
    /// Steps whose undo failed for good.
    var givenUp: Set<StepID> = []
    /// Attempts of undos in this stretch.
    var tries: [StepID: Int] = [:]
  }

  /// The next thing to do once nothing runs any more: first to look at steps in doubt, then one undo after the other,
  /// the last step first. Empty when nothing is left to do; what can't be undone then makes the run stuck.
  mutating func undoing() -> [RunEventKind] {
    undos.hasBegun = true
    let due = state.undosDue(in: plan, hasUndo: hasUndo)
    guard let last = due.first else { return [] }
    let looks = looks(on: Set(due.map(\.host)))
    if !looks.isEmpty { return looks }
    let holders = holders()
    if let step = due.first(where: { holders[$0.host] == nil }) {
      busy.insert(step.id)
      return [.stepUndoStarted(step.id, attempt: state.status(of: step.id).undoAttempt + 1)]
    }
    stopping = .stuck(holders[last.host] ?? last.id)
    return []
  }

  /// What these hosts have in doubt is probed; a command that is found there is watched to its end.
  private mutating func looks(on hosts: Set<String?>) -> [RunEventKind] {
    var looks: [RunEventKind] = []
    for step in plan.steps where hosts.contains(step.host) {
      switch state.status(of: step.id) {
      case .inDoubt(let attempt, _) where undos.looked.insert(step.id).inserted:
        looks.append(.stepProbeStarted(step.id, attempt: attempt))
      case .attached(let attempt):
        looks.append(.stepStarted(step.id, attempt: attempt))
      default: continue
      }
      busy.insert(step.id)
    }
    return looks
  }

  /// For each host where nothing may be undone, the step that is the reason: it is still in doubt, so that its command
  /// may run there, or its undo failed. Nil stands for the cluster.
  private func holders() -> [String?: StepID] {
    var holders: [String?: StepID] = [:]
    for step in plan.steps where holders[step.host] == nil {
      switch state.status(of: step.id) {
      case .started, .attached, .inDoubt, .probing, .needsOperator: holders[step.host] = step.id
      case .undoFailed where undos.givenUp.contains(step.id): holders[step.host] = step.id
      case .undoFailed, .pending, .waiting, .ready, .succeeded, .failed, .held, .undoing, .undone: continue
      }
    }
    return holders
  }

  /// The event that keeps how an attempt of an undo ended.
  func event(for result: Result<StepOutcome, StepFailure>, ofUndo step: StepID) -> RunEventKind {
    let attempt = state.status(of: step).undoAttempt
    switch result {
    case .success(let outcome): return .stepUndone(step, attempt: attempt, outcome)
    case .failure(let failure):
      let tried = undos.tries[step, default: 0] + 1
      let again = failure.retry != .permanent && tried < limits.undoAttempts
      return .stepUndoFailed(
        step, attempt: attempt, failure,
        retryAfterSeconds: again ? Self.transportRetry.delay(after: tried) : nil)
    }
  }

  mutating func undoFailed(_ step: StepID, retryAfterSeconds seconds: Int?) -> [RunCommand] {
    undos.tries[step, default: 0] += 1
    if let seconds { return [startTimer(step, seconds: seconds)] }
    busy.remove(step)
    undos.givenUp.insert(step)
    return []
  }

  /// Whether these events end the run for good: nobody can take it up again.
  func isLastStop(_ kinds: [RunEventKind]) -> Bool {
    kinds.contains(.runStopped(.completed)) || state.isUndoing && kinds.contains(.runStopped(.cancelled))
  }
}

extension RunState {
  /// Steps that have left something which a cancel puts back, the last one first.
  ///
  /// These have an undo and have begun. One that succeeded has left nothing when it is final, or when a later step has
  /// put its node back in service.
  package func undosDue(in plan: Plan, hasUndo: (PlanStep) -> Bool) -> [PlanStep] {
    var due: [PlanStep] = []
    var inService: Set<String> = []
    for step in plan.steps.reversed() {
      let status = status(of: step.id)
      if hasUndo(step), leavesSomething(step, status, inService) { due.append(step) }
      guard status.isSucceeded else { continue }
      for case .inService(let node) in step.effects { inService.insert(node) }
    }
    return due
  }

  private func leavesSomething(_ step: PlanStep, _ status: StepStatus, _ inService: Set<String>) -> Bool {
    switch status {
    case .pending, .undone: return false
    case .succeeded:
      return step.reversibility != .final
        && !step.effects.contains {
          if case .outOfService(let node) = $0 { inService.contains(node) } else { false }
        }
    case .started, .waiting, .ready, .attached, .failed, .inDoubt, .probing, .needsOperator, .held, .undoing,
      .undoFailed:
      return true
    }
  }
}
