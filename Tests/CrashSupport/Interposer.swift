import PawlEngine
package import PawlPlan
import Synchronization

/// Stands between engine and actions: lets a test do something else with some attempts.
struct Interposer: StepPerformer {
  typealias Perform = @Sendable (PlanStep, StepContext, any StepPerformer) async -> StepResult

  let base: any StepPerformer
  let instead: Perform
  let undoFailure: @Sendable (PlanStep) -> StepFailure?

  func perform(_ step: PlanStep, in context: StepContext) async -> StepResult {
    await instead(step, context, base)
  }

  func probe(_ step: PlanStep, in context: StepContext) async -> ProbeVerdict {
    await base.probe(step, in: context)
  }

  func hasUndo(_ step: PlanStep) -> Bool { base.hasUndo(step) }

  func undo(_ step: PlanStep, in context: StepContext) async throws(StepFailure) -> StepOutcome {
    if let failure = undoFailure(step) { throw failure }
    return try await base.undo(step, in: context)
  }
}

/// What is done to attempts.
package enum Trouble: Sendable, Hashable {
  /// The step's first attempt fails for good before it does anything.
  case failsOnce(StepID)
  /// The step's first attempt does everything and then fails for good.
  case failsOnceAfterwards(StepID)
  /// The step's first attempt does everything and its reply is lost.
  case losesReply(StepID)
  /// Each attempt of the step fails for good.
  case fails(StepID)
  /// Each attempt of every step is performed twice.
  case everythingTwice
  /// After each success of any step, the next attempt is performed too.
  case everythingAgain
  /// The step's first undo fails and may be tried again.
  case undoFailsOnce(StepID)
  /// Each undo of the step fails for good.
  case undoFails(StepID)

  /// The operator presses Ctrl-C while the step is performed, once or twice.
  case interrupted(StepID, twice: Bool)

  /// The attempt's performance with the trouble.
  func interposer(_ control: AsyncStream<RunControl>.Continuation) -> Interposer.Perform {
    let struck = Once()
    let failure = StepFailure(code: "crash-test", message: "The test lets it fail.", retry: .permanent)
    return { step, context, base in
      switch self {
      case .fails(let target) where target == step.id: return .failed(failure)
      case .failsOnce(let target) where target == step.id && struck.take(): return .failed(failure)
      case .failsOnceAfterwards(let target) where target == step.id && struck.take():
        _ = await base.perform(step, in: context)
        return .failed(failure)
      case .losesReply(let target) where target == step.id && struck.take():
        _ = await base.perform(step, in: context)
        return .lost(failure)
      case .everythingTwice:
        _ = await base.perform(step, in: context)
        return await base.perform(step, in: context)
      case .everythingAgain:
        let result = await base.perform(step, in: context)
        guard case .succeeded = result else { return result }
        let next = StepContext(
          run: context.run, attempt: context.attempt + 1000, firstBegun: context.firstBegun,
          epoch: context.epoch, records: context.records, force: context.force,
          leftBehind: context.leftBehind, report: context.report)
        return await base.perform(step, in: next)
      case .interrupted(let target, let twice) where target == step.id:
        control.yield(.stop(.cancel))
        if twice { control.yield(.stopSteps) }
        return await base.perform(step, in: context)
      case .fails, .failsOnce, .failsOnceAfterwards, .losesReply, .interrupted, .undoFailsOnce, .undoFails:
        return await base.perform(step, in: context)
      }
    }
  }

  /// Why an undo of a step fails, if it does.
  func undoFailure() -> @Sendable (PlanStep) -> StepFailure? {
    let struck = Once()
    return { step in
      switch self {
      case .undoFails(step.id):
        StepFailure(code: "crash-test", message: "The test lets the undo fail.", retry: .permanent)
      case .undoFailsOnce(step.id) where struck.take():
        StepFailure(code: "crash-test", message: "The test lets the undo fail once.", retry: .temporary)
      default: nil
      }
    }
  }
}

/// True once.
private final class Once: Sendable {
  private let taken = Mutex(false)

  func take() -> Bool {
    taken.withLock { taken in
      defer { taken = true }
      return !taken
    }
  }
}
