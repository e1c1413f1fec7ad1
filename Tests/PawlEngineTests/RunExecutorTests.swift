import Foundation
import PawlEngine
import PawlPlan
import Synchronization
import Testing

@Suite("The executor")
struct RunExecutorTests {
  private let store = MemoryRunStore()
  private let run = RunID("run")

  /// Gives every step the same end.
  private struct Performer: StepPerformer {
    let result: StepResult

    func perform(_ step: PlanStep, in context: StepContext) async -> StepResult { result }
    func probe(_ step: PlanStep, in context: StepContext) async -> ProbeVerdict { .notStarted }
    func hasUndo(_ step: PlanStep) -> Bool { false }
    func undo(_ step: PlanStep, in context: StepContext) async throws(StepFailure) -> StepOutcome {
      StepOutcome("Undone.", changed: true)
    }
  }

  /// What the journal's last event was each time clearing up began.
  private func lastEventsAtClearingUp(_ result: StepResult) async throws -> [RunEventKind?] {
    try await store.create(Sample.record(run, TestPlan.chain(2)))
    let seen = Mutex<[RunEventKind?]>([])
    let executor = RunExecutor(
      store: store, performer: Performer(result: result),
      beforeCompletion: { [store, run] in
        do {
          let last = try await store.load(run).events.last?.kind
          seen.withLock { $0.append(last) }
        } catch {
          Issue.record(error)
        }
      })
    _ = try await executor.run(run, by: "t", epoch: 1)
    return seen.withLock(\.self)
  }

  @Test("Clears up after the last step and before the run is complete, so that a crash in between repeats it")
  func clearsUp() async throws {
    let outcome = StepOutcome("Made.", changed: true)
    #expect(
      try await lastEventsAtClearingUp(.succeeded(outcome)) == [
        .stepSucceeded(StepID("s1"), attempt: 1, outcome)
      ])
    #expect(try await store.load(run).events.last?.kind == .runStopped(.completed))
  }

  /// Fails its first step, and keeps what it is told of when steps were begun.
  private final class Timed: StepPerformer {
    let begun = Mutex<[Date?]>([])

    func perform(_ step: PlanStep, in context: StepContext) async -> StepResult {
      begun.withLock { $0.append(context.firstBegun) }
      return .failed(StepFailure(code: "x", message: "It broke."))
    }
    func probe(_ step: PlanStep, in context: StepContext) async -> ProbeVerdict { .notStarted }
    func hasUndo(_ step: PlanStep) -> Bool { false }
    func undo(_ step: PlanStep, in context: StepContext) async throws(StepFailure) -> StepOutcome {
      StepOutcome("Undone.", changed: true)
    }
  }

  @Test("A step knows when the run first began it, also after another process has taken the run up")
  func firstBegun() async throws {
    try await store.create(Sample.record(run, TestPlan.chain(1)))
    let performer = Timed()
    let first = Date(timeIntervalSince1970: 1_000)
    for time in [first, Date(timeIntervalSince1970: 5_000)] {
      _ = try await RunExecutor(store: store, performer: performer, now: { time })
        .run(run, by: "t", epoch: 1)
    }
    #expect(performer.begun.withLock(\.self) == [first, first])
  }

  @Test("A run that failed is not cleared up: a resume still needs what is there")
  func keeps() async throws {
    #expect(
      try await lastEventsAtClearingUp(.failed(StepFailure(code: "x", message: "It broke."))).isEmpty)
    #expect(try await store.load(run).events.last?.kind == .runStopped(.failed(StepID("s0"))))
  }
}
