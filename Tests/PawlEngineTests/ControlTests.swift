import Foundation
import PawlEngine
import PawlModel
import PawlPlan
import Testing

@Suite("Control of a run: the machine")
struct MachineControlTests {
  private let s0 = StepID("s0")
  private let s1 = StepID("s1")

  /// A machine whose first two steps run.
  private func running(_ plan: Plan) throws -> RunMachine {
    var machine = try RunMachine(plan: plan, events: [])
    _ = try machine.handle(.begin(by: "t"))
    _ = try machine.handle(.recorded([.runStarted(by: "t", resumed: false)]))
    _ = try machine.handle(.recorded([.stepStarted(s0, attempt: 1), .stepStarted(s1, attempt: 1)]))
    return machine
  }

  private func record(_ kind: RunEventKind, _ machine: inout RunMachine) throws -> [RunCommand] {
    try machine.handle(.recorded([kind]))
  }

  private func success(_ step: StepID) -> RunEventKind {
    .stepSucceeded(step, attempt: 1, StepOutcome("Made.", changed: true))
  }

  private static let plan = TestPlan.make([("s0", []), ("s1", []), ("s2", ["s0"])])

  @Test("A request is recorded before it counts; what runs ends, and nothing starts")
  func pause() throws {
    var machine = try running(Self.plan)
    let request = RunEventKind.controlRequested(.pause(reason: "Lunch."), by: "eve")
    #expect(
      try machine.handle(.controlRequested(.pause(reason: "Lunch."), by: "eve")) == [.record([request])])
    #expect(try record(request, &machine).isEmpty)
    #expect(try record(success(s0), &machine).isEmpty, "s2 is not started")
    #expect(try record(success(s1), &machine) == [.record([.runStopped(.paused("Lunch."))])])
    #expect(machine.refusal(of: .cancel) == "The run has just stopped.")
  }

  @Test(
    "A cancel counts more than a failure, and a failure more than a pause",
    arguments: [
      ([.pause(reason: "p"), .cancel], .cancelled), ([.cancel, .pause(reason: "p")], .cancelled),
      ([.pause(reason: "p"), .pause(reason: "q")], .paused("p")),
      ([.pause(reason: "p"), .cancelNow], .cancelled),
    ] as [([ControlAction], RunOutcome)])
  func order(_ actions: [ControlAction], _ outcome: RunOutcome) throws {
    var machine = try running(Self.plan)
    for action in actions { _ = try record(.controlRequested(action, by: "eve"), &machine) }
    _ = try record(success(s0), &machine)
    #expect(try record(success(s1), &machine) == [.record([.runStopped(outcome)])])

    var failing = try running(Self.plan)
    _ = try record(.stepFailed(s0, attempt: 1, StepFailure(code: "x", message: "It broke.")), &failing)
    for action in actions { _ = try record(.controlRequested(action, by: "eve"), &failing) }
    let end = outcome == .cancelled ? outcome : .failed(s0)
    #expect(try record(success(s1), &failing) == [.record([.runStopped(end)])])
  }

  @Test("A stopped step is in doubt, and a resume probes it")
  func stopped() throws {
    var machine = try running(Self.plan)
    _ = try machine.handle(.stopRequested(.cancel))
    _ = try record(success(s1), &machine)
    let event = try machine.handle(.finished(s0, .stopped(StepFailure(code: "x", message: "It was ended."))))
    #expect(event == [.record([.stepStopped(s0, attempt: 1, reason: "It was ended.")])])
    let end = try record(.stepStopped(s0, attempt: 1, reason: "It was ended."), &machine)
    #expect(end == [.record([.runStopped(.cancelled)])])
    #expect(machine.state.status(of: s0) == .inDoubt(attempt: 1, reason: "It was ended."))
  }

  @Test("An answer while the run is under way lets it go on", arguments: OperatorDecision.allCases)
  func approve(_ decision: OperatorDecision) throws {
    var machine = try running(Self.plan)
    _ = try record(.stepInDoubt(s0, attempt: 1, reason: "The link fell."), &machine)
    _ = try record(.stepProbeStarted(s0, attempt: 1), &machine)
    _ = try record(.stepProbed(s0, attempt: 1, .unknown("Is it there?")), &machine)
    let action = ControlAction.approve(s0, decision)
    #expect(machine.refusal(of: action) == nil)
    let event = RunEventKind.stepDecided(s0, attempt: 1, decision, by: "eve")
    #expect(try machine.handle(.controlRequested(action, by: "eve")) == [.record([event])])
    let next: RunEventKind =
      decision == .done ? .stepStarted(StepID("s2"), attempt: 1) : .stepStarted(s0, attempt: 2)
    #expect(try record(event, &machine) == [.record([next])])
  }

  @Test(
    "An answer that nobody waits for is refused with the reason",
    arguments: [("s0", "s0 is running"), ("s2", "s2 is pending"), ("s9", "no step 's9'")])
  func refusedAnswer(_ step: String, _ reason: String) throws {
    let machine = try running(Self.plan)
    #expect(machine.refusal(of: .approve(StepID(step), .done))?.contains(reason) == true)
    #expect(machine.refusal(of: .pause(reason: "p")) == nil)
  }
}

@Suite("Control of a run: from another terminal", .timeLimit(.minutes(1)))
struct ControlWatchTests {
  private let store = MemoryRunStore()
  private let run = RunID("run")
  private let step = StepID("s0")

  /// Waits in its only step until that ends, with the step's context at hand.
  private struct OpenPerformer: StepPerformer {
    let begun = AsyncStream<StepContext>.makeStream()
    let results = AsyncStream<StepResult>.makeStream()

    func perform(_ step: PlanStep, in context: StepContext) async -> StepResult {
      begun.continuation.yield(context)
      for await result in results.stream { return result }
      return .lost(StepFailure(code: "cancelled", message: "It was cut off."))
    }

    func probe(_ step: PlanStep, in context: StepContext) async -> ProbeVerdict { .notStarted }
    func hasUndo(_ step: PlanStep) -> Bool { false }
    func undo(_ step: PlanStep, in context: StepContext) async throws(StepFailure) -> StepOutcome {
      StepOutcome("Undone.", changed: true)
    }
  }

  private func create() async throws {
    try await store.create(Sample.record(run, TestPlan.chain(2)))
  }

  private func ask(_ action: ControlAction) async throws -> Int {
    try await store.request(action, of: run, by: "eve", at: Date(timeIntervalSince1970: 0))
  }

  private func answers() async throws -> [ControlAnswer?] {
    try await store.requests(of: run, after: 0).map(\.answer)
  }

  /// Runs with a watch, and asks for `action` while the first step runs.
  private func run(
    asking action: ControlAction, _ meanwhile: (OpenPerformer, StepContext) async throws -> Void
  ) async throws -> RunOutcome? {
    let performer = OpenPerformer()
    let controls = AsyncStream<RunControl>.makeStream()
    let watch = ControlWatch(store: store, run: run, clock: HastyClock()) { _ in }
    let last = try await watch.dropStale()
    let forwarding = Task { await watch.forward(after: last) { controls.continuation.yield($0) } }
    let executor = RunExecutor(store: store, performer: performer)
    async let outcome = executor.run(run, by: "t", epoch: 1, controls: controls.stream)
    for await context in performer.begun.stream {
      let number = try await ask(action)
      while try await store.requests(of: run, after: number - 1).first?.answer == nil { await Task.yield() }
      try await meanwhile(performer, context)
      break
    }
    let end = try await outcome
    forwarding.cancel()
    await forwarding.value
    return end
  }

  @Test("A pause is answered once it is durable, ends the run as paused, and a resume goes on")
  func pause() async throws {
    try await create()
    let outcome = try await run(asking: .pause(reason: "Lunch.")) { performer, _ in
      let events = try await store.load(run).events
      #expect(events.last?.kind == .controlRequested(.pause(reason: "Lunch."), by: "eve"))
      performer.results.continuation.yield(.succeeded(StepOutcome("Made.", changed: true)))
    }
    #expect(outcome == .paused("Lunch."))
    #expect(try await answers() == [ControlAnswer(accepted: true, "Noted: pause.")])

    let performer = OpenPerformer()
    performer.results.continuation.yield(.succeeded(StepOutcome("Made.", changed: true)))
    let again = try await RunExecutor(store: store, performer: performer).run(run, by: "t", epoch: 2)
    #expect(again == .completed)
  }

  @Test("A cancel that stops what runs reaches the step")
  func cancelNow() async throws {
    try await create()
    let outcome = try await run(asking: .cancelNow) { performer, context in
      for await _ in context.stops { break }
      performer.results.continuation.yield(.stopped(StepFailure(code: "x", message: "It was ended.")))
    }
    #expect(outcome == .cancelled)
    let (record, events) = try await store.load(run)
    let state = try RunState(plan: record.plan, events: events)
    #expect(state.status(of: step) == .inDoubt(attempt: 1, reason: "It was ended."))
  }

  @Test("An answer for a step that runs is refused, and the run goes on")
  func refused() async throws {
    try await create()
    let outcome = try await run(asking: .approve(step, .done)) { performer, _ in
      performer.results.continuation.yield(.succeeded(StepOutcome("Made.", changed: true)))
      performer.results.continuation.yield(.succeeded(StepOutcome("Made.", changed: true)))
    }
    #expect(outcome == .completed)
    #expect(
      try await answers() == [
        ControlAnswer(accepted: false, "s0 is running; there is nothing to answer for.")
      ])
  }

  @Test("What an ended process left unanswered is refused, and so is what comes too late")
  func stale() async throws {
    try await create()
    let watch = ControlWatch(store: store, run: run, clock: HastyClock()) { _ in }
    _ = try await ask(.cancel)
    let last = try await watch.dropStale()
    #expect(last == 1)
    _ = try await ask(.pause(reason: "p"))
    try await watch.close(after: last)
    let answers = try await answers()
    #expect(answers.map(\.?.accepted) == [false, false])
    #expect(answers[0]?.text.contains("ask again") == true)
    #expect(answers[1]?.text.contains("had stopped") == true)
  }
}

/// A clock on which every sleep is short.
private struct HastyClock: Clock {
  var now: ContinuousClock.Instant { ContinuousClock.now }
  var minimumResolution: Duration { .nanoseconds(1) }
  func sleep(until deadline: ContinuousClock.Instant, tolerance: Duration?) async throws {
    try Task.checkCancellation()
    await Task.yield()
  }
}

/// The smallest record of a run.
enum Sample {
  static func record(_ id: RunID, _ plan: Plan) -> RunRecord {
    RunRecord(
      id: id, plan: plan,
      inventory: Inventory(
        name: "test", kubernetes: KubernetesAccess(kubeconfig: "/k"), ssh: SSHAccess(user: "u"), hosts: []),
      facts: Facts(
        cluster: ClusterFacts(serverVersion: KubernetesVersion(1, 30, 0), nodes: [], controlPlane: []),
        hosts: [:]),
      createdAt: Date(timeIntervalSince1970: 0), createdBy: "t", pawlVersion: "0")
  }
}
