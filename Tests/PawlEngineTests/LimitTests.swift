import Foundation
import PawlEngine
import PawlModel
import PawlPlan
import Synchronization
import Testing

@Suite("A step at its limit")
struct LimitTests {
  private let s0 = StepID("s0")
  private let s1 = StepID("s1")
  private static let limit = StepFailure(
    code: "slow", message: "web-0 stays.", retry: .limit, hint: "Help it.")
  private static let plan = TestPlan.make([("s0", []), ("s1", []), ("s2", ["s0"])])

  /// A machine whose first two steps run.
  private func running() throws -> RunMachine {
    var machine = try RunMachine(plan: Self.plan, events: [])
    _ = try machine.handle(.begin(by: "t"))
    _ = try machine.handle(.recorded([.runStarted(by: "t", resumed: false)]))
    _ = try machine.handle(.recorded([.stepStarted(s0, attempt: 1), .stepStarted(s1, attempt: 1)]))
    return machine
  }

  private func force(_ step: StepID) -> RunEventKind {
    .stepForced(step, attempt: 1, by: "eve", reason: "Agreed.")
  }

  @Test("pauses the run with the failure's words, is not tried again by itself, and a resume tries it")
  func pauses() throws {
    var harness = MachineHarness()
    harness.world.scripted[s0] = [.failed(Self.limit)]
    try harness.run(TestPlan.make([("s0", []), ("s2", ["s0"])], retry: RetryPolicy(attempts: 5)))
    #expect(harness.outcome == .paused("web-0 stays."))
    #expect(harness.world.performed == [s0])
    try harness.run(TestPlan.make([("s0", []), ("s2", ["s0"])], retry: RetryPolicy(attempts: 5)))
    #expect(harness.outcome == .completed)
    #expect(harness.log.contains { $0.kind == .stepRetried(s0, attempt: 1) })
  }

  @Test("is no failure that the policy undoes")
  func isNotUndone() throws {
    var harness = MachineHarness()
    harness.world.undoable = [s0]
    harness.world.scripted[s0] = [.failed(Self.limit)]
    try harness.run(TestPlan.chain(2), undoesFailures: true)
    #expect(harness.outcome == .paused("web-0 stays."))
    #expect(harness.world.undone.isEmpty)
  }

  @Test("can be forced while the run is under way, which then goes on")
  func forcedMeanwhile() throws {
    var machine = try running()
    #expect(machine.refusal(of: .force(s0, reason: "r"))?.contains("s0 is running") == true)
    #expect(try machine.handle(.recorded([.stepFailed(s0, attempt: 1, Self.limit)])).isEmpty, "s1 still runs")
    let action = ControlAction.force(s0, reason: "Agreed.")
    #expect(machine.refusal(of: action) == nil)
    #expect(machine.refusal(of: .approve(s0, .redo)) != nil, "it is not in doubt")
    #expect(try machine.handle(.controlRequested(action, by: "eve")) == [.record([force(s0)])])
    let next = try machine.handle(.recorded([force(s0)]))
    #expect(next == [.record([.stepStarted(s0, attempt: 2)])])
    #expect(machine.state.forced == [s0: ForceOrder(by: "eve", reason: "Agreed.")])
  }

  @Test("is only forced for itself: another one at its limit still pauses the run")
  func twoAtTheirLimits() throws {
    var machine = try running()
    _ = try machine.handle(.recorded([.stepFailed(s0, attempt: 1, Self.limit)]))
    let other = StepFailure(code: "slow", message: "db-0 stays.", retry: .limit)
    let end = try machine.handle(.recorded([.stepFailed(s1, attempt: 1, other)]))
    #expect(end == [.record([.runStopped(.paused("web-0 stays."))])])

    machine = try running()
    _ = try machine.handle(.recorded([.stepFailed(s0, attempt: 1, Self.limit)]))
    _ = try machine.handle(.recorded([force(s0)]))
    #expect(machine.refusal(of: .force(s0, reason: "r")) != nil, "it is ready")
    _ = try machine.handle(.recorded([.stepStarted(s0, attempt: 2)]))
    _ = try machine.handle(.recorded([.stepFailed(s1, attempt: 1, other)]))
    let done = RunEventKind.stepSucceeded(s0, attempt: 2, StepOutcome("Made.", changed: true))
    #expect(try machine.handle(.recorded([done])) == [.record([.runStopped(.paused("db-0 stays."))])])
  }

  @Test("is not forced in a run that is being cancelled, and a pause that somebody asked for stays one")
  func otherStops() throws {
    var machine = try running()
    _ = try machine.handle(.recorded([.stepFailed(s0, attempt: 1, Self.limit)]))
    _ = try machine.handle(.stopRequested(.cancel))
    #expect(machine.refusal(of: .force(s0, reason: "r"))?.contains("cancelled") == true)

    machine = try running()
    _ = try machine.handle(.recorded([.controlRequested(.pause(reason: "Lunch."), by: "eve")]))
    _ = try machine.handle(.recorded([.stepFailed(s0, attempt: 1, Self.limit)]))
    _ = try machine.handle(.recorded([force(s0)]))
    let done = RunEventKind.stepSucceeded(s1, attempt: 1, StepOutcome("Made.", changed: true))
    #expect(try machine.handle(.recorded([done])) == [.record([.runStopped(.paused("Lunch."))])])
  }

  @Test("keeps the order through a crash, and loses it by the next failure")
  func order() throws {
    let start: [RunEventKind] = [
      .runStarted(by: "t", resumed: false), .stepStarted(s0, attempt: 1),
      .stepFailed(s0, attempt: 1, Self.limit), .runStopped(.paused("web-0 stays.")), force(s0),
      .runStarted(by: "t", resumed: true), .stepStarted(s0, attempt: 2),
      .stepInDoubt(s0, attempt: 2, reason: "killed"), .stepProbeStarted(s0, attempt: 2),
      .stepProbed(s0, attempt: 2, .torn("half")), .stepStarted(s0, attempt: 3),
    ]
    #expect(try state(start).forced[s0] == ForceOrder(by: "eve", reason: "Agreed."))
    #expect(try state(start + [.stepFailed(s0, attempt: 3, Self.limit)]).forced.isEmpty)
  }

  private func state(_ kinds: [RunEventKind]) throws -> RunState {
    try RunState(
      plan: Self.plan,
      events: kinds.enumerated().map {
        RunEvent(sequence: $0.offset + 1, time: Date(timeIntervalSince1970: 0), kind: $0.element)
      })
  }

  @Test("The attempt that follows is told who forced it and why, and no other one")
  func context() async throws {
    let store = MemoryRunStore()
    let run = RunID("run")
    try await store.create(Sample.record(run, TestPlan.chain(2)))
    let performer = LimitedPerformer()
    let executor = RunExecutor(store: store, performer: performer)
    #expect(try await executor.run(run, by: "t", epoch: 1) == .paused("web-0 stays."))
    let count = try await store.load(run).events.count
    let order = RunEvent(sequence: count + 1, time: Date(timeIntervalSince1970: 0), kind: force(s0))
    try await store.append([order], to: run)
    #expect(try await executor.run(run, by: "t", epoch: 2) == .completed)
    #expect(performer.orders == [nil, ForceOrder(by: "eve", reason: "Agreed."), nil])
  }
}

/// Stops at its limit unless it is forced; every other step succeeds.
private final class LimitedPerformer: StepPerformer {
  private let seen = Mutex<[ForceOrder?]>([])

  var orders: [ForceOrder?] { seen.withLock { $0 } }

  func perform(_ step: PlanStep, in context: StepContext) async -> StepResult {
    seen.withLock { $0.append(context.force) }
    guard step.id == StepID("s0"), context.force == nil else {
      return .succeeded(StepOutcome("Made.", changed: true))
    }
    return .failed(StepFailure(code: "slow", message: "web-0 stays.", retry: .limit))
  }

  func probe(_ step: PlanStep, in context: StepContext) async -> ProbeVerdict { .notStarted }
  func hasUndo(_ step: PlanStep) -> Bool { false }
  func undo(_ step: PlanStep, in context: StepContext) async throws(StepFailure) -> StepOutcome {
    StepOutcome("Undone.", changed: true)
  }
}
