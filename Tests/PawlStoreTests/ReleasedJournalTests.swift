import Foundation
import PawlEngine
import PawlModel
import PawlPlan
import PawlStore
import PawlTestSupport
import Testing

@Suite("Journals of earlier releases")
struct ReleasedJournalTests {
  // Lives as long as the suite's value, which is longer than any store in it.
  private let directory: TemporaryDirectory

  init() throws { directory = try TemporaryDirectory() }

  /// Does every step, and finds every step in doubt done.
  private struct Willing: StepPerformer {
    private let outcome = StepOutcome("Done.", changed: true)
    func perform(_ step: PlanStep, in context: StepContext) async -> StepResult { .succeeded(outcome) }
    func probe(_ step: PlanStep, in context: StepContext) async -> ProbeVerdict { .done(outcome) }
    func hasUndo(_ step: PlanStep) -> Bool { false }
    func undo(_ step: PlanStep, in context: StepContext) async throws(StepFailure) -> StepOutcome {
      StepOutcome("Undone.", changed: true)
    }
  }

  @Test(
    "The journal of a release is whole, is read, and its run goes on to its end",
    arguments: ReleasedJournal.versions)
  func goesOn(_ version: String) async throws {
    let path = directory.path + "/state"
    try ReleasedJournal.restore(version, to: path)
    let store = try SQLiteRunStore(directory: path, digest: { ContentDigest.hex(of: $0) })
    let run = try #require(try await store.list().first?.id)
    let before = try await store.verify(run: run)
    #expect(before.fault == nil)
    #expect(before.events.count == 48)
    let (record, events) = try await store.load(run)
    #expect(record.pawlVersion == version)
    let state = try RunState(plan: record.plan, events: events)
    #expect(state.status(of: StepID("1.30/install-kubelet@worker-2")) == .started(attempt: 1))
    #expect(try await !store.output(of: run, step: nil).isEmpty)

    let lock = try await store.lock(cluster: record.plan.cluster, for: Sample.holder(run.text))
    #expect(lock.epoch == 2)
    let outcome = try await RunExecutor(store: store, performer: Willing()).run(
      run, by: "eve@ops2", epoch: lock.epoch)
    lock.release()
    #expect(outcome == .completed)
    let after = try await store.verify(run: run)
    #expect(after.fault == nil)
    #expect(Array(after.events.prefix(48)) == before.events)
  }
}
