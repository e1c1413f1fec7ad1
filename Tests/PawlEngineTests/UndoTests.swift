import Foundation
import PawlEngine
import PawlModel
import PawlPlan
import Testing

@Suite("Undo")
struct UndoTests {
  private static let gone = StepFailure(code: "away", message: "Away.", retry: .transport)

  /// Two nodes side by side: drain, work, uncordon; each by its name and the node's.
  private static let plan: Plan = {
    let steps = ["w1", "w2"].flatMap { node in
      [
        step("drain", node, needs: [], [.outOfService(node: node)]),
        step("work", node, needs: ["drain"], []),
        step("uncordon", node, needs: ["work"], [.inService(node: node)]),
      ]
    }
    var plan = TestPlan.make([])
    plan.steps = steps
    return plan
  }()

  private static func step(
    _ name: String, _ node: String, needs: [String], _ effects: [StateEffect]
  ) -> PlanStep {
    PlanStep(
      id: id(name, node), title: name, uses: "test/\(name)@v1", host: node, path: [],
      needs: needs.map { id($0, node) }, with: [:], retry: .never, timeoutSeconds: 60,
      reversibility: name == "work" ? .final : .compensable, estimateSeconds: 1, effects: effects)
  }

  private static func id(_ name: String, _ node: String) -> StepID { StepID("\(name)@\(node)") }
  private static let drains = [id("drain", "w1"), id("drain", "w2")]
  private static let work = [id("work", "w1"), id("work", "w2")]

  private func harness() -> MachineHarness {
    var harness = MachineHarness()
    harness.world.undoable = Set(Self.drains + Self.work)
    return harness
  }

  /// Nodes that were taken out of service and not put back.
  private func out(_ harness: MachineHarness) -> [String] {
    ["w1", "w2"].filter {
      harness.world.effects[Self.id("drain", $0)] != nil
        && harness.world.effects[Self.id("uncordon", $0)] == nil
    }
  }

  private func decide(_ step: StepID, _ harness: inout MachineHarness) {
    harness.log.append(
      RunEvent(
        sequence: harness.log.count + 1, time: Date(timeIntervalSince1970: 0),
        kind: .stepDecided(step, attempt: 1, .redo, by: "op")))
  }

  @Test("Cancelled after each event, it leaves no node out of service and undoes nothing that was made good")
  func everyEvent() throws {
    var whole = harness()
    try whole.run(Self.plan)
    #expect(whole.outcome == .completed && whole.world.undone.isEmpty)
    for seed in 1...10 as ClosedRange<UInt64> {
      for length in 1..<whole.log.count {
        var cancelled = harness()
        try cancelled.run(Self.plan, seed: seed, stopAfter: length)
        guard cancelled.outcome != .completed else { continue }
        #expect(cancelled.outcome == .cancelled, "seed \(seed), after \(length)")
        #expect(out(cancelled) == [], "seed \(seed), after \(length)")
        let succeeded = cancelled.log.compactMap {
          if case .stepSucceeded(let step, _, _) = $0.kind { step } else { nil }
        }
        for node in ["w1", "w2"] where succeeded.contains(Self.id("uncordon", node)) {
          #expect(!cancelled.world.undone.contains(Self.id("drain", node)))
        }
        #expect(Set(cancelled.world.undone).isDisjoint(with: Self.work), "work that is done and final stays")
        let places = cancelled.world.undone.compactMap { step in Self.plan.steps.firstIndex { $0.id == step }
        }
        #expect(places == places.sorted(by: >), "the last step is undone first")
      }
    }
  }

  @Test(
    "Killed after each event of a cancelled run, a cancel undoes; so does a resume once undoing has begun")
  func killed() throws {
    var whole = harness()
    try whole.run(Self.plan, stopAfter: 5)
    #expect(whole.world.undone.count == 2)
    for length in 5..<whole.log.count {
      var killed = harness()
      killed.killAfter = length
      try killed.run(Self.plan, stopAfter: 5)
      killed.killAfter = nil
      killed.world.performed = []
      let undoing = try RunState(plan: Self.plan, events: killed.log).isUndoing
      try killed.run(Self.plan, seed: 2, cancelling: !undoing)
      #expect(killed.outcome == .cancelled && out(killed) == [], "killed after \(length)")
      #expect(killed.world.performed.isEmpty, "killed after \(length)")
    }
  }

  @Test("A run that failed keeps its node; cancelled later, it also undoes the step that failed")
  func failed() throws {
    var run = harness()
    run.world.scripted[Self.work[0]] = [.failed(StepFailure(code: "x", message: "It broke."))]
    try run.run(Self.plan)
    #expect(run.outcome == .failed(Self.work[0]) && run.world.undone.isEmpty)
    #expect(out(run).contains("w1"))
    try run.run(Self.plan, cancelling: true)
    #expect(run.outcome == .cancelled && out(run) == [])
    #expect(run.world.undone.suffix(2) == [Self.work[0], Self.drains[0]])
  }

  @Test("Where the policy says so, a failure cancels the run: nothing stays out of service", arguments: work)
  func undoesFailures(_ step: StepID) throws {
    for seed in 1...10 as ClosedRange<UInt64> {
      var run = harness()
      run.world.scripted[step] = [.failed(StepFailure(code: "x", message: "It broke."))]
      try run.run(Self.plan, seed: seed, undoesFailures: true)
      #expect(run.outcome == .cancelled && out(run) == [], "seed \(seed)")
      let requests = run.log.count { if case .controlRequested(.cancel, _) = $0.kind { true } else { false } }
      #expect(requests == 1, "seed \(seed)")
      #expect(run.world.undone.contains(step), "seed \(seed): the failed step too")
    }
  }

  @Test("A run that is undone never goes forward again")
  func final() throws {
    var run = harness()
    try run.run(Self.plan, stopAfter: 5)
    run.world.performed = []
    run.world.undone = []
    try run.run(Self.plan)
    #expect(run.outcome == .cancelled)
    #expect(run.world.performed.isEmpty && run.world.undone.isEmpty)
  }

  @Test(
    "A step in doubt is looked at first; while its host is away, its node stays, the other one is put back")
  func doubt() throws {
    var run = harness()
    run.world.scripted[Self.work[0]] = [.lost(Self.gone)]
    run.world.verdicts[Self.work[0]] = Array(repeating: .unreachable(Self.gone), count: 20)
    try run.run(Self.plan, limits: .init(probeAttempts: 2))
    #expect(run.outcome == .unreachable(Self.work[0]))
    try run.run(Self.plan, limits: .init(probeAttempts: 3), cancelling: true)
    #expect(run.outcome == .stuck(Self.work[0]))
    #expect(out(run) == ["w1"] && run.world.undone.allSatisfy { $0 != Self.drains[0] })
    run.world.verdicts = [:]
    try run.run(Self.plan)
    #expect(run.outcome == .cancelled && out(run) == [])
  }

  @Test("A command that is found running is watched to its end before its node is put back")
  func attached() throws {
    let (drain, work) = (Self.drains[0], Self.work[0])
    var run = harness()
    let left: [RunEventKind] = [
      .runStarted(by: "t", resumed: false), .stepStarted(drain, attempt: 1),
      .stepSucceeded(drain, attempt: 1, StepOutcome("Made.", changed: true)), .stepStarted(work, attempt: 1),
    ]
    run.log = left.enumerated().map {
      RunEvent(sequence: $0.offset + 1, time: Date(timeIntervalSince1970: 0), kind: $0.element)
    }
    run.world.effects[drain] = 1
    run.world.verdicts[work] = [.attached("It runs.")]
    try run.run(Self.plan, cancelling: true)
    #expect(run.outcome == .cancelled && out(run) == [])
    #expect(run.world.performed == [work] && run.world.undone == [drain])
  }

  @Test("What only an operator can tell makes the run stuck; after the answer a cancel undoes")
  func operatorDecides() throws {
    var run = harness()
    run.world.scripted[Self.work[1]] = [.lost(Self.gone)]
    run.world.verdicts[Self.work[1]] = [.unknown("Is it there?"), .unknown("Is it there?")]
    try run.run(Self.plan)
    #expect(run.outcome == .needsOperator(Self.work[1]))
    try run.run(Self.plan, cancelling: true)
    #expect(run.outcome == .stuck(Self.work[1]) && out(run) == ["w2"])
    decide(Self.work[1], &run)
    try run.run(Self.plan, cancelling: true)
    #expect(run.outcome == .cancelled && out(run) == [])
  }

  @Test("An undo that fails for good makes the run stuck; tried again it goes right", arguments: drains)
  func undoFails(_ step: StepID) throws {
    var run = harness()
    run.world.undoFailures[step] = [StepFailure(code: "x", message: "It broke.")]
    try run.run(Self.plan, stopAfter: 5)
    #expect(run.outcome == .stuck(step))
    #expect(run.timers.isEmpty)
    #expect(run.world.undone == Self.drains.filter { $0 != step }, "the other node is put back")
    try run.run(Self.plan)
    #expect(run.outcome == .cancelled && out(run) == [])
  }

  @Test("A timer from before the cancel starts nothing, however late it fires")
  func lateTimer() throws {
    for seed in 1...20 as ClosedRange<UInt64> {
      for length in 5...9 {
        var run = harness()
        run.world.scripted[Self.work[0]] = [.failed(Self.gone)]
        run.world.scripted[Self.work[1]] = [.failed(Self.gone)]
        try run.run(Self.plan, seed: seed, stopAfter: length)
        #expect(run.outcome == .cancelled && out(run) == [], "seed \(seed), after \(length)")
        #expect(Set(run.world.undone).count == run.world.undone.count, "seed \(seed), after \(length)")
      }
    }
  }

  @Test("A passing failure of an undo is tried again after growing waits, so often and not more")
  func retries() throws {
    var run = harness()
    run.world.undoFailures[Self.drains[1]] = Array(repeating: Self.gone, count: 2)
    try run.run(Self.plan, stopAfter: 5)
    #expect(run.outcome == .cancelled && run.timers == [2, 4])

    var hopeless = harness()
    hopeless.world.undoFailures[Self.drains[1]] = Array(repeating: Self.gone, count: 9)
    try hopeless.run(Self.plan, limits: .init(undoAttempts: 3), stopAfter: 5)
    #expect(hopeless.outcome == .stuck(Self.drains[1]) && hopeless.timers == [2, 4])
  }
}
