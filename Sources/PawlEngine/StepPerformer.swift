package import PawlPlan

/// What a step may use while it is performed.
package struct StepContext: Sendable {
  package let run: RunID
  /// From 1.
  package let attempt: Int
  /// The lock's epoch, for fencing on hosts.
  package let epoch: Int
  /// Lets listeners know; never blocks.
  package let report: @Sendable (StepProgress) -> Void

  /// Makes a context.
  package init(run: RunID, attempt: Int, epoch: Int, report: @escaping @Sendable (StepProgress) -> Void) {
    self.run = run
    self.attempt = attempt
    self.epoch = epoch
    self.report = report
  }
}

/// How an attempt ended.
package enum StepResult: Sendable, Hashable {
  case succeeded(StepOutcome)
  case failed(StepFailure)
  /// The link fell with the outcome unknown: the step is in doubt.
  case lost(StepFailure)
}

/// Does steps. The engine knows nothing else of the world.
package protocol StepPerformer: Sendable {
  /// Performs an attempt, or goes on watching one that runs already. Bounded by the step's timeout.
  func perform(_ step: PlanStep, in context: StepContext) async -> StepResult
  /// Finds out read-only what became of an attempt without an outcome.
  func probe(_ step: PlanStep, in context: StepContext) async -> ProbeVerdict
}
