package import PawlEngine
package import PawlPlan

/// One thing that Pawl can do. A file in this folder and a line in `ActionRegistry.standard` make an action.
///
/// An attempt is `perform`, then `verify`. Both may be called again for the same attempt: the host gives the stored
/// result of a command that it has run already, so an action starts the same commands in the same order each time.
package protocol Action: Sendable {
  /// What the planner knows of it.
  static var spec: ActionSpec { get }

  /// How many commands that change the host an attempt starts at most, through `StepHost.change`.
  static var hostChanges: Int { get }

  /// Reads the step's parameters.
  /// - Throws: `invalid-parameters`.
  init(step: PlanStep) throws(StepFailure)

  /// Finds out read-only what became of an attempt whose commands left no result.
  /// - Throws: a failure with retry `transport` when host or API server can't be reached.
  func probe(_ environment: ActionEnvironment) async throws(StepFailure) -> ProbeVerdict

  /// Does it; finding it done already is a success.
  func perform(_ environment: ActionEnvironment) async throws(StepFailure) -> StepOutcome

  /// Looks whether the effect is there.
  func verify(_ environment: ActionEnvironment) async throws(StepFailure)
}

extension Action {
  package static var hostChanges: Int { 0 }
}

/// An action that can put back what a cancelled run's attempts of it left. Rare: the way is forward by default.
package protocol UndoableAction: Action {
  /// Puts it back to what it was before the run, and makes sure of it. Called only while no attempt is under way,
  /// perhaps several times; finding it put back already is a success.
  func undo(_ environment: ActionEnvironment) async throws(StepFailure) -> StepOutcome
}

/// An action that only looks or waits: it is its own proof, and after a crash it is simply done again.
package protocol ReadOnlyAction: Action {}

extension ReadOnlyAction {
  package func probe(_ environment: ActionEnvironment) async throws(StepFailure) -> ProbeVerdict {
    .notStarted
  }

  package func verify(_ environment: ActionEnvironment) async throws(StepFailure) {}
}
