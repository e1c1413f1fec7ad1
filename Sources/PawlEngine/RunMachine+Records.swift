import PawlPlan

extension RunMachine {
  /// What steps that lead to this one on its own host left on record, by action; of each action the nearest.
  func records(before step: PlanStep) -> [String: String] {
    guard step.host != nil else { return [:] }
    var found: [String: String] = [:]
    var seen: Set<StepID> = []
    var level = step.needs
    while !level.isEmpty {
      var next: [StepID] = []
      for id in level where seen.insert(id).inserted {
        guard let earlier = steps.step(id), earlier.host == step.host else { continue }
        if case .succeeded(_, let outcome) = state.status(of: id), let record = outcome.record {
          found[earlier.uses] = found[earlier.uses] ?? record
        }
        next += earlier.needs
      }
      level = next
    }
    return found
  }
}
