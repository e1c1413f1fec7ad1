import Foundation
package import PawlPlan

extension StepHistory {
  /// Adds what a run's journal tells: from a step's first start in a stretch to its success in the same stretch. A step
  /// that was in doubt, was held or found its effect there already tells nothing.
  package mutating func add(_ plan: Plan, _ events: [RunEvent]) {
    let steps = StepIndex(plan)
    var started: [StepID: RunEvent] = [:]
    for event in events {
      guard let id = event.kind.step else {
        if case .runStarted = event.kind { started = [:] }
        continue
      }
      switch event.kind {
      case .stepStarted:
        started[id] = started[id] ?? event
      case .stepAttemptFailed:
        continue
      case .stepSucceeded(_, _, let outcome):
        guard let start = started.removeValue(forKey: id), let step = steps.step(id) else { continue }
        guard outcome.changed || step.reversibility == .readOnly else { continue }
        let seconds = Int(event.time.timeIntervalSince(start.time).rounded())
        add(max(0, seconds), uses: step.uses, host: step.host)
      default:
        started[id] = nil
      }
    }
  }
}
