import PawlEngine
import PawlPlan
import Synchronization

/// Sees to it that nothing is done before its intent is in the journal. The end of a run does not show it: hosts
/// know a command again by its key, so that an early one does no visible harm until it does.
struct IntentWatch: StepPerformer {
  let base: any StepPerformer
  let store: MortalStore
  let note: @Sendable (String) -> Void

  func perform(_ step: PlanStep, in context: StepContext) async -> StepResult {
    await require(.stepStarted(step.id, attempt: context.attempt), of: step.id, in: context.run)
    return await base.perform(step, in: context)
  }

  func probe(_ step: PlanStep, in context: StepContext) async -> ProbeVerdict {
    await require(.stepProbeStarted(step.id, attempt: context.attempt), of: step.id, in: context.run)
    return await base.probe(step, in: context)
  }

  func hasUndo(_ step: PlanStep) -> Bool { base.hasUndo(step) }

  func undo(_ step: PlanStep, in context: StepContext) async throws(StepFailure) -> StepOutcome {
    await require(.stepUndoStarted(step.id, attempt: context.attempt), of: step.id, in: context.run)
    return try await base.undo(step, in: context)
  }

  private func require(_ intent: RunEventKind, of step: StepID, in run: RunID) async {
    do {
      let last = try await store.load(run).events.last { $0.kind.step == step }?.kind
      if last != intent { note("\(step): \(intent.label) was not in the journal when it was acted on") }
    } catch {
      note("\(step): \(error)")
    }
  }
}
