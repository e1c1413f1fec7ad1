import Foundation
import PawlEngine
import PawlModel
import PawlPlan
import Testing

@Suite("Run machine")
struct RunMachineTests {
  private let s0 = StepID("s0")
  private let s1 = StepID("s1")
  private let broken = StepFailure(code: "broken", message: "It broke.")

  @Test("A step is performed only after its start is recorded")
  func intentBeforeEffect() throws {
    var machine = try RunMachine(plan: TestPlan.chain(1), events: [])
    #expect(try machine.handle(.begin(by: "t")) == [.record([.runStarted(by: "t", resumed: false)])])
    let intent = try machine.handle(.recorded([.runStarted(by: "t", resumed: false)]))
    #expect(intent == [.record([.stepStarted(s0, attempt: 1)])])
    #expect(try machine.handle(.recorded([.stepStarted(s0, attempt: 1)])) == [.perform(s0, attempt: 1)])
  }

  @Test("A dependant starts only after the outcome before it is recorded")
  func outcomeBeforeDependant() throws {
    var harness = MachineHarness()
    try harness.run(TestPlan.chain(3))
    #expect(harness.outcome == .completed)
    #expect(
      harness.log.map(\.kind.label) == [
        "run-started", "step-started", "step-succeeded", "step-started", "step-succeeded", "step-started",
        "step-succeeded", "run-stopped",
      ])
  }

  @Test("An empty plan completes at once")
  func emptyPlan() throws {
    var harness = MachineHarness()
    try harness.run(TestPlan.make([]))
    #expect(harness.outcome == .completed)
  }

  @Test("No more steps run at once than the limit allows")
  func concurrencyLimit() throws {
    var machine = try RunMachine(
      plan: TestPlan.make((0..<5).map { ("s\($0)", []) }), events: [], limits: .init(concurrentSteps: 2))
    _ = try machine.handle(.begin(by: "t"))
    let first = try machine.handle(.recorded([.runStarted(by: "t", resumed: false)]))
    #expect(first == [.record([.stepStarted(s0, attempt: 1), .stepStarted(s1, attempt: 1)])])
  }

  @Test("Steps start in the plan's order, whatever the order in which they become ready")
  func planOrder() throws {
    var harness = MachineHarness()
    let plan = TestPlan.make([("a", []), ("b", []), ("c", ["b"]), ("d", ["a"])])
    try harness.run(plan, limits: RunMachine.Limits(concurrentSteps: 1))
    #expect(harness.world.performed.map(\.text) == ["a", "b", "c", "d"])
  }

  @Test("A step that waits behind failed ones names them, through steps that never began")
  func blockers() throws {
    var harness = MachineHarness()
    let plan = TestPlan.make([("a", []), ("b", ["a"]), ("c", ["b"]), ("d", [])])
    harness.world.scripted[StepID("a")] = [.failed(broken)]
    try harness.run(plan)
    let state = try RunState(plan: plan, events: harness.log)
    #expect(state.blockers(in: plan) == [StepID("b"): [StepID("a")], StepID("c"): [StepID("a")]])
  }

  @Test("A temporary failure is tried again after a growing delay, a permanent one is not")
  func retry() throws {
    var harness = MachineHarness()
    let passing = StepFailure(code: "busy", message: "Busy.", retry: .temporary)
    harness.world.scripted[s0] = [.failed(passing), .failed(passing)]
    try harness.run(
      TestPlan.make([("s0", [])], retry: RetryPolicy(attempts: 3, delaySeconds: 5, maxDelaySeconds: 60)))
    #expect(harness.outcome == .completed)
    #expect(harness.timers == [5, 10])

    var hopeless = MachineHarness()
    hopeless.world.scripted[s0] = [.failed(broken)]
    try hopeless.run(TestPlan.make([("s0", [])], retry: RetryPolicy(attempts: 3)))
    #expect(hopeless.outcome == .failed(s0))
    #expect(hopeless.timers.isEmpty)
  }

  @Test("After a failure nothing new starts, what runs ends, and a resume goes on with a new attempt")
  func failureStopsAndResumes() throws {
    let plan = TestPlan.make([("s0", []), ("s1", []), ("s2", ["s1"])])
    var harness = MachineHarness()
    harness.world.scripted[s0] = [.failed(broken)]
    try harness.run(plan)
    #expect(harness.outcome == .failed(s0))
    try harness.run(plan, seed: 2)
    #expect(harness.outcome == .completed)
    #expect(harness.world.effects == [s0: 1, s1: 1, StepID("s2"): 1])
  }

  @Test("A lost link makes the step doubtful: it is probed, never run again blindly")
  func lostLink() throws {
    var harness = MachineHarness()
    harness.world.scripted[s0] = [.lost(StepFailure(code: "link", message: "Gone.", retry: .transport))]
    harness.world.verdicts[s0] = [.attached("It runs.")]
    try harness.run(TestPlan.chain(1))
    #expect(harness.outcome == .completed)
    let labels = harness.log.map(\.kind.label)
    #expect(
      labels == [
        "run-started", "step-started", "step-in-doubt", "step-probe-started", "step-probed", "step-started",
        "step-succeeded", "run-stopped",
      ])
    #expect(harness.log[5].kind == .stepStarted(s0, attempt: 1), "a re-attached step keeps its attempt")
  }

  @Test("A step in doubt on a host that stays away stops the run as unreachable, after bounded probes")
  func unreachableProbe() throws {
    var harness = MachineHarness()
    let gone = StepFailure(code: "away", message: "Away.", retry: .transport)
    harness.world.scripted[s0] = [.lost(gone)]
    harness.world.verdicts[s0] = Array(repeating: .unreachable(gone), count: 20)
    try harness.run(TestPlan.chain(1), limits: .init(probeAttempts: 3))
    #expect(harness.outcome == .unreachable(s0))
    #expect(harness.timers.count == 2)
  }

  @Test(
    "What can't be told waits for an operator, and the answer decides", arguments: OperatorDecision.allCases)
  func operatorDecides(decision: OperatorDecision) throws {
    let plan = TestPlan.chain(2)
    var harness = MachineHarness()
    harness.killAfter = 2
    try harness.run(plan)
    harness.killAfter = nil
    harness.world.performed = []
    harness.world.verdicts[s0] = [.unknown("Is it there?")]
    try harness.run(plan)
    #expect(harness.outcome == .needsOperator(s0))
    #expect(harness.world.performed.isEmpty)
    harness.log.append(
      RunEvent(
        sequence: harness.log.count + 1, time: harness.log[0].time,
        kind: .stepDecided(s0, attempt: 1, decision, by: "op")))
    try harness.run(plan)
    #expect(harness.outcome == .completed)
    #expect(harness.world.performed == (decision == .done ? [s1] : [s0, s1]))
  }

  @Test("A held step lets everything else go on, then the run pauses; an approval or its time opens it")
  func held() throws {
    let plan = TestPlan.make([("s0", []), ("s1", []), ("s2", ["s1"]), ("s3", ["s0"])])
    let hold = StepFailure(code: "approval-needed", message: "Approve it.", retry: .hold)
    var harness = MachineHarness()
    harness.world.scripted[s0] = [.failed(hold), .failed(hold)]
    try harness.run(plan)
    #expect(harness.outcome == .paused("Approve it."))
    #expect(Set(harness.world.effects.keys) == [s1, StepID("s2")])
    try harness.run(plan)
    #expect(harness.outcome == .paused("Approve it."), "a resume looks again")
    #expect(harness.timers.isEmpty)
    var approved = harness
    approved.log.append(
      RunEvent(
        sequence: harness.log.count + 1, time: .distantPast,
        kind: .stepDecided(s0, attempt: 2, .done, by: "eve")))
    try approved.run(plan)
    #expect(approved.outcome == .completed)
    #expect(!approved.world.effects.keys.contains(s0), "it is not performed once it is approved")
    try harness.run(plan)
    #expect(harness.outcome == .completed, "its time has come")
  }

  @Test("A held step is approved while the run is under way")
  func approvedWhileRunning() throws {
    let plan = TestPlan.make([("s0", []), ("s1", [])])
    let hold = StepFailure(code: "approval-needed", message: "Approve it.", retry: .hold)
    var machine = try RunMachine(plan: plan, events: [])
    _ = try machine.handle(.begin(by: "t"))
    _ = try machine.handle(.recorded([.runStarted(by: "t", resumed: false)]))
    _ = try machine.handle(.recorded([.stepStarted(s0, attempt: 1), .stepStarted(s1, attempt: 1)]))
    #expect(machine.refusal(of: .approve(s0, .done)) != nil, "nothing is asked yet")
    #expect(try machine.handle(.finished(s0, .failed(hold))) == [.record([.stepHeld(s0, attempt: 1, hold)])])
    #expect(try machine.handle(.recorded([.stepHeld(s0, attempt: 1, hold)])).isEmpty, "the other step runs")
    #expect(machine.refusal(of: .approve(s0, .done)) == nil)
    _ = try machine.handle(.recorded([.stepDecided(s0, attempt: 1, .done, by: "eve")]))
    let end = try machine.handle(
      .recorded([.stepSucceeded(s1, attempt: 1, StepOutcome("Made.", changed: true))]))
    #expect(end == [.record([.runStopped(.completed)])])
  }

  @Test("A stop request lets running steps end and starts none")
  func stopRequest() throws {
    var harness = MachineHarness()
    try harness.run(TestPlan.chain(4), stopAfter: 4)
    #expect(harness.outcome == .cancelled)
    #expect(harness.log.last?.kind == .runStopped(.cancelled))
    #expect(harness.world.effects.count == 2)
    try harness.run(TestPlan.chain(4))
    #expect(harness.outcome == .completed)
    #expect(harness.world.effects.values.allSatisfy { $0 == 1 })
  }

  @Test("A journal that does not fit the plan is refused")
  func foreignJournal() {
    let foreign = [
      RunEvent(
        sequence: 1, time: .distantPast, kind: .stepSucceeded(s0, attempt: 1, StepOutcome("", changed: false))
      )
    ]
    #expect(throws: IllegalTransition.self) { try RunMachine(plan: TestPlan.chain(1), events: foreign) }
    #expect(throws: IllegalTransition.self) {
      try RunMachine(
        plan: TestPlan.make([]),
        events: [RunEvent(sequence: 1, time: .distantPast, kind: .stepStarted(s0, attempt: 1))])
    }
  }
}

@Suite("Crash at every event")
struct CrashTests {
  @Test(
    "Random graphs: killed after any event, and once more during recovery, every effect is made exactly once",
    arguments: 1...60)
  func everyPrefix(seed: Int) throws {
    let plan = TestPlan.random(seed: UInt64(seed))
    var whole = MachineHarness()
    try whole.run(plan, seed: UInt64(seed))
    #expect(whole.outcome == .completed)
    for length in 1..<whole.log.count {
      for second in [nil, length + 2] {
        var harness = MachineHarness()
        harness.killAfter = length
        try harness.run(plan, seed: UInt64(seed))
        let finished = succeeded(in: harness.log)
        harness.world.performed = []
        if let second {
          harness.killAfter = second
          try harness.run(plan, seed: UInt64(seed) + 1)
        }
        harness.killAfter = nil
        if harness.outcome == nil { try harness.run(plan, seed: UInt64(seed) + 2) }
        #expect(harness.outcome == .completed, "seed \(seed), killed after \(length)")
        #expect(
          harness.world.effects == whole.world.effects,
          "seed \(seed), killed after \(length), then \(String(describing: second))")
        #expect(finished.isDisjoint(with: harness.world.performed), "a finished step ran again")
      }
    }
  }

  private func succeeded(in log: [RunEvent]) -> Set<StepID> {
    Set(log.compactMap { if case .stepSucceeded(let step, _, _) = $0.kind { step } else { nil } })
  }
}
