package import PawlPlan

/// All steps of a run as its journal leaves them. A pure fold over events.
package struct RunState: Sendable, Hashable {
  /// Each step's status.
  package private(set) var statuses: [StepID: StepStatus]
  /// How the last stretch ended; nil while one is under way, was cut off, or none began.
  package private(set) var outcome: RunOutcome?
  /// Whether the run was ever started.
  package private(set) var wasStarted = false
  /// Steps that may go past their limit, until they succeed or fail.
  package private(set) var forced: [StepID: ForceOrder] = [:]
  /// Steps that an operator has called done.
  private(set) var approved: Set<StepID> = []
  /// Whether undoing has begun, or was due and could not begin. From then on the run does not go forward again: steps
  /// count on what was put back.
  package private(set) var isUndoing = false
  /// Workers that were left behind, with the step and the failure that were the reason. A resume tries them again;
  /// one whose steps have all succeeded since is behind no more, see `leftBehind(in:)`.
  private var skippedHosts: [String: LeftBehind] = [:]

  /// Why a worker was left behind.
  package struct LeftBehind: Sendable, Hashable {
    package var step: StepID
    package var failure: StepFailure
  }

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
      if case .stuck = outcome { isUndoing = true }
    case .controlRequested:
      break
    case .hostSkipped(let host, let step, let failure):
      skippedHosts[host] = LeftBehind(step: step, failure: failure)
    default:
      guard let step = event.step, let status = statuses[step] else {
        throw IllegalTransition(step: event.step ?? StepID("?"), status: .pending, event: event)
      }
      statuses[step] = try status.next(after: event, of: step)
      switch event {
      case .stepUndoStarted: isUndoing = true
      case .stepForced(_, _, let owner, let reason): forced[step] = ForceOrder(by: owner, reason: reason)
      case .stepFailed, .stepSucceeded: forced[step] = nil
      case .stepDecided(_, _, .done, _): approved.insert(step)
      default: break
      }
    }
  }

  /// Workers that are behind now, by name.
  package func leftBehind(in plan: Plan) -> [String: LeftBehind] {
    guard !skippedHosts.isEmpty else { return [:] }
    let open = Set(plan.steps.filter { !status(of: $0.id).isSucceeded }.compactMap(\.host))
    return skippedHosts.filter { open.contains($0.key) }
  }

  /// For each step that has not begun, the failed steps that it waits behind, directly or not.
  package func blockers(in plan: Plan) -> [StepID: Set<StepID>] {
    var result: [StepID: Set<StepID>] = [:]
    for step in plan.steps where status(of: step.id) == .pending {
      for need in step.needs {
        switch status(of: need) {
        case .failed, .needsOperator, .inDoubt, .held: result[step.id, default: []].insert(need)
        default: if let behind = result[need] { result[step.id, default: []].formUnion(behind) }
        }
      }
    }
    return result
  }
}
