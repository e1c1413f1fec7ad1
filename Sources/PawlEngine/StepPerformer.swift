package import Foundation
package import PawlPlan

/// What a step may use while it is performed.
package struct StepContext: Sendable {
  package let run: RunID
  /// From 1.
  package let attempt: Int
  /// When the run first began the step, by the journal; of all attempts and stretches.
  package let firstBegun: Date?
  /// The lock's epoch, for fencing on hosts.
  package let epoch: Int
  /// What the steps before it on its host left on record, by action (`gate/baseline@v1`); of each action the nearest.
  package let records: [String: String]
  /// Set when an operator has let the step go past the limit at which it stopped.
  package let force: ForceOrder?
  /// Nodes that the run has left behind: they are as they are, and are expected to be.
  package let leftBehind: Set<String>
  /// Gives one element when an operator wants the attempt to be stopped, remote command included.
  package let stops: AsyncStream<Void>
  /// Lets listeners know; never blocks.
  package let report: @Sendable (StepProgress) -> Void

  /// Makes a context.
  package init(
    run: RunID, attempt: Int, firstBegun: Date? = nil, epoch: Int, records: [String: String] = [:],
    force: ForceOrder? = nil, leftBehind: Set<String> = [],
    stops: AsyncStream<Void> = AsyncStream { $0.finish() },
    report: @escaping @Sendable (StepProgress) -> Void
  ) {
    self.run = run
    self.attempt = attempt
    self.firstBegun = firstBegun
    self.epoch = epoch
    self.records = records
    self.force = force
    self.leftBehind = leftBehind
    self.stops = stops
    self.report = report
  }
}

extension StepContext {
  /// The same with another listener.
  package func reporting(_ report: @escaping @Sendable (StepProgress) -> Void) -> StepContext {
    StepContext(
      run: run, attempt: attempt, firstBegun: firstBegun, epoch: epoch, records: records, force: force,
      leftBehind: leftBehind, stops: stops, report: report)
  }
}

/// How an attempt ended.
package enum StepResult: Sendable, Hashable {
  case succeeded(StepOutcome)
  case failed(StepFailure)
  /// The link fell with the outcome unknown: the step is in doubt.
  case lost(StepFailure)
  /// It was stopped on request; its remote command has ended, or the failure says that it may still run.
  case stopped(StepFailure)
}

/// Does steps. The engine knows nothing else of the world.
package protocol StepPerformer: Sendable {
  /// Performs an attempt, or goes on watching one that runs already. Bounded by the step's timeout.
  func perform(_ step: PlanStep, in context: StepContext) async -> StepResult
  /// Finds out read-only what became of an attempt without an outcome.
  func probe(_ step: PlanStep, in context: StepContext) async -> ProbeVerdict
  /// Whether there is an undo for what the step does. A property of its action; nothing is asked for it.
  func hasUndo(_ step: PlanStep) -> Bool
  /// Puts back what attempts of the step left; finding it put back already is a success. `context.attempt` counts the
  /// undo's own attempts. Bounded, and not cut off by a request to stop.
  /// - Throws: why it is not put back; its `retry` says what trying again can do.
  func undo(_ step: PlanStep, in context: StepContext) async throws(StepFailure) -> StepOutcome
}
