package import PawlPlan

/// All steps of a run as its journal leaves them. A pure fold over events.
package struct RunState: Sendable, Hashable {
  /// Each step's status.
  package private(set) var statuses: [StepID: StepStatus]
  /// How the last stretch ended; nil while one is under way, was cut off, or none began.
  package private(set) var outcome: RunOutcome?
  /// Whether the run was ever started.
  package private(set) var wasStarted = false

  /// All steps pending.
  package init(plan: Plan) {
    statuses = Dictionary(uniqueKeysWithValues: plan.steps.map { ($0.id, .pending) })
  }

  /// The state after a journal.
  ///
  /// - Throws: `IllegalTransition` when the journal does not fit the plan.
  package init(plan: Plan, events: [RunEvent]) throws(IllegalTransition) {
    self.init(plan: plan)
    for event in events { try apply(event.kind) }
  }

  /// A step's status; pending for an id that the plan does not have.
  package func status(of step: StepID) -> StepStatus { statuses[step] ?? .pending }

  /// Takes one event in.
  ///
  /// - Throws: `IllegalTransition`; nothing is changed then.
  package mutating func apply(_ event: RunEventKind) throws(IllegalTransition) {
    switch event {
    case .runStarted:
      wasStarted = true
      outcome = nil
    case .runStopped(let outcome):
      self.outcome = outcome
    case .controlRequested:
      break
    default:
      guard let step = event.step, let status = statuses[step] else {
        throw IllegalTransition(step: event.step ?? StepID("?"), status: .pending, event: event)
      }
      statuses[step] = try status.next(after: event, of: step)
    }
  }

  /// The failed steps that a step waits behind, directly or not.
  package func blockers(of step: PlanStep, in plan: Plan) -> [StepID] {
    let byID = Dictionary(uniqueKeysWithValues: plan.steps.map { ($0.id, $0) })
    var open = step.needs
    var seen: Set<StepID> = []
    var found: [StepID] = []
    while let next = open.popLast() {
      guard seen.insert(next).inserted else { continue }
      switch status(of: next) {
      case .failed, .needsOperator, .inDoubt: found.append(next)
      case .succeeded: break
      default: open.append(contentsOf: byID[next]?.needs ?? [])
      }
    }
    return found.sorted()
  }
}
