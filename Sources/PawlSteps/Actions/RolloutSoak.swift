package import PawlEngine
package import PawlPlan

/// Lets time pass, so that what is wrong with the nodes that were changed can show before the next ones come.
package struct RolloutSoak: ReadOnlyAction {
  package static let spec = ActionSpec(
    name: "rollout/soak", version: 1, summary: "Lets time pass before the next nodes come.",
    parameters: [.init("duration", .duration, "How long.")], needsHost: false,
    reversibility: .readOnly, timeoutSeconds: 60, estimateSeconds: 0, proof: .cluster,
    title: { "Let \($0.text("duration")) s pass before the next nodes come" })

  /// Between two words on how long it still takes.
  private static let pieceSeconds = 30

  private let seconds: Int

  package init(step: PlanStep) throws(StepFailure) {
    seconds = try StepParameters(step).seconds("duration")
  }

  package func perform(_ environment: ActionEnvironment) async throws(StepFailure) -> StepOutcome {
    // Time goes on while Pawl is away; a clock that was set may shorten the wait, but not lengthen it.
    let passed = environment.secondsSinceFirstBegun ?? 0
    let deadline = Deadline(seconds: seconds - passed, clock: environment.clock)
    while !deadline.isOver {
      environment.status("\(deadline.remainingSeconds) of \(seconds) s are left")
      try await deadline.pause(seconds: Self.pieceSeconds)
    }
    return StepOutcome("\(PlanReport.duration(seconds)) have passed.", changed: false)
  }
}
