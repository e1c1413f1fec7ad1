import PawlEngine
import PawlPlan
import Synchronization

/// A transport that does nothing, at once.
final class IdlePerformer: StepPerformer {
  private let count = Mutex(0)

  /// How many attempts were performed.
  var performed: Int { count.withLock { $0 } }

  func perform(_ step: PlanStep, in context: StepContext) async -> StepResult {
    count.withLock { $0 += 1 }
    return .succeeded(BenchPlan.outcome)
  }

  func probe(_ step: PlanStep, in context: StepContext) async -> ProbeVerdict { .notStarted }
  func hasUndo(_ step: PlanStep) -> Bool { false }
  func undo(_ step: PlanStep, in context: StepContext) async throws(StepFailure) -> StepOutcome {
    StepOutcome("Undone.", changed: true)
  }
}
