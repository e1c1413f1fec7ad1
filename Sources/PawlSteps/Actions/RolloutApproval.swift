package import PawlEngine
import PawlModel
package import PawlPlan

/// Lets nobody by before an operator has approved what comes next: the run pauses, and `pawl approve` opens it.
package struct RolloutApproval: ReadOnlyAction {
  package static let spec = ActionSpec(
    name: "rollout/approval", version: 1,
    summary: "Pauses the run until an operator approves what comes next.",
    parameters: [.init("what", .string, "What is approved, such as `the run`.")], needsHost: false,
    reversibility: .readOnly, timeoutSeconds: 60, estimateSeconds: 0, proof: .cluster,
    title: { "Wait for the approval of \($0.text("what"))" })

  private let what: String

  package init(step: PlanStep) throws(StepFailure) {
    what = try StepParameters(step).text("what")
  }

  package func perform(_ environment: ActionEnvironment) async throws(StepFailure) -> StepOutcome {
    let (run, step) = (environment.context.run, environment.step.id)
    throw .hold(
      code: "approval-needed", "An operator has to approve \(what).",
      hint: "To approve: pawl approve \(run) \(step) --as done")
  }
}
