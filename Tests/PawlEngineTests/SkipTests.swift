import Foundation
import PawlEngine
import PawlModel
import PawlPlan
import Testing

/// Workers that are taken out and put back one after the other, in two rounds, with a step of the cluster behind each.
struct WorkerPlan {
  static let rounds = ["1", "2"]
  let workers: Int
  let width: Int
  let budget: Int

  var hosts: [String] { (0..<workers).map { "w\($0)" } }

  var plan: Plan {
    var steps: [PlanStep] = []
    func add(_ id: String, host: String?, needs: [String], _ effects: [StateEffect] = []) {
      steps.append(
        PlanStep(
          id: StepID(id), title: id, uses: "test/effect@v1", host: host, path: [],
          needs: needs.map { StepID($0) },
          with: host.map { ["node": .string("node-\($0)")] } ?? [:], retry: .never, timeoutSeconds: 60,
          reversibility: .compensable, estimateSeconds: 1, effects: effects))
    }
    var before: [String] = []
    for round in Self.rounds {
      add("\(round)/check", host: nil, needs: before)
      for (index, host) in hosts.enumerated() {
        let entry = index < width ? "\(round)/check" : "\(round)/in@\(hosts[index - width])"
        add("\(round)/prepare@\(host)", host: host, needs: [entry])
        add(
          "\(round)/out@\(host)", host: host, needs: ["\(round)/prepare@\(host)"], [.outOfService(node: host)]
        )
        add("\(round)/change@\(host)", host: host, needs: ["\(round)/out@\(host)"])
        add("\(round)/in@\(host)", host: host, needs: ["\(round)/change@\(host)"], [.inService(node: host)])
      }
      add("\(round)/verify", host: nil, needs: hosts.suffix(width).map { "\(round)/in@\($0)" })
      before = ["\(round)/verify"]
    }
    return Plan(
      cluster: "test", runbook: RunbookReference(name: "test", version: "1.0.0", digest: "0"), inputs: [:],
      title: "Test", versions: [], steps: steps, skipped: [],
      rollout: PlanRollout(
        waves: [.init(name: "all", zones: [hosts], parallel: width)], maxUnavailable: width,
        failureBudget: budget),
      notes: [], basis: [:])
  }

  /// The most nodes out of service at once that are not left behind, by the journal. Who is tried again counts.
  func mostOut(_ log: [RunEvent]) -> Int {
    let plan = StepIndex(self.plan)
    var out: Set<String> = []
    var behind: Set<String> = []
    var most = 0
    for event in log {
      if case .hostSkipped(let host, _, _) = event.kind { behind.insert(host) }
      guard let step = event.kind.step.flatMap(plan.step), let host = step.host else { continue }
      switch event.kind {
      case .stepStarted, .stepProbeStarted:
        behind.remove(host)
        if step.effects == [.outOfService(node: host)] { out.insert(host) }
      case .stepSucceeded, .stepProbed(_, _, .done):
        if step.effects == [.inService(node: host)] { out.remove(host) }
      default: continue
      }
      most = max(most, out.subtracting(behind).count)
    }
    return most
  }

  /// Whether each worker's steps, and those of the cluster, began in the plan's order, and none before its round.
  func keepsOrder(_ log: [RunEvent]) -> Bool {
    let plan = StepIndex(self.plan)
    var begun: Set<String> = []
    for event in log {
      if case .stepSucceeded(let id, _, _) = event.kind, id.text.hasSuffix("/check") { begun.insert(id.text) }
      if case .stepStarted(let id, _) = event.kind, plan.step(id)?.host != nil,
        !begun.contains("\(id.text.prefix(1))/check"), !log.contains(where: { isCheckProbed($0, id) })
      {
        return false
      }
    }
    return hosts.allSatisfy { host in
      let places = log.compactMap { event -> Int? in
        guard case .stepStarted(let id, _) = event.kind, plan.step(id)?.host == host else { return nil }
        return plan.place(of: id)
      }
      return places == places.sorted()
    }
  }

  /// A check that was cut off and found done.
  private func isCheckProbed(_ event: RunEvent, _ step: StepID) -> Bool {
    if case .stepProbed(let id, _, .done) = event.kind { return id.text == "\(step.text.prefix(1))/check" }
    return false
  }
}

@Suite("Workers left behind")
struct SkipTests {
  private static let broken = StepFailure(code: "broken", message: "It broke.")

  private func failing(_ steps: [String]) -> MachineHarness {
    var harness = MachineHarness()
    for step in steps { harness.world.scripted[StepID(step)] = [.failed(Self.broken)] }
    return harness
  }

  private func skips(_ log: [RunEvent]) -> [String] {
    log.compactMap { if case .hostSkipped(let host, _, _) = $0.kind { host } else { nil } }
  }

  @Test("Without a budget the first failure stops the run")
  func noBudget() throws {
    var harness = failing(["1/change@w0"])
    try harness.run(WorkerPlan(workers: 3, width: 1, budget: 0).plan)
    #expect(harness.outcome == .failed(StepID("1/change@w0")))
    #expect(skips(harness.log).isEmpty)
    #expect(harness.world.effects.count == 3)
  }

  @Test(
    "Within the budget the worker is left as it is, the run goes on without it, and has failed in the end")
  func leftBehind() throws {
    let workers = WorkerPlan(workers: 3, width: 1, budget: 1)
    var harness = failing(["1/change@w0"])
    try harness.run(workers.plan)
    #expect(harness.outcome == .failed(StepID("1/change@w0")))
    #expect(skips(harness.log) == ["w0"])
    let made = Set(harness.world.effects.keys.map(\.text))
    #expect(made.filter { $0.hasSuffix("@w0") } == ["1/prepare@w0", "1/out@w0"] as Set)
    #expect(made.filter { !$0.hasSuffix("@w0") }.count == 2 * (2 * 4 + 2), "everything else is done")
    let state = try RunState(plan: workers.plan, events: harness.log)
    #expect(state.leftBehind(in: workers.plan).keys.sorted() == ["w0"])

    harness.world.performed = []
    try harness.run(workers.plan)
    #expect(harness.outcome == .completed)
    #expect(
      harness.world.performed.map(\.text) == [
        "1/change@w0", "1/in@w0", "2/prepare@w0", "2/out@w0", "2/change@w0", "2/in@w0",
      ])
    #expect(try RunState(plan: workers.plan, events: harness.log).leftBehind(in: workers.plan).isEmpty)
  }

  @Test("One more failure than the budget stops the run, and so does one that is not a worker's")
  func exceeded() throws {
    let plan = WorkerPlan(workers: 4, width: 1, budget: 1).plan
    var harness = failing(["1/prepare@w0", "1/out@w2"])
    try harness.run(plan)
    #expect(harness.outcome == .failed(StepID("1/out@w2")))
    #expect(skips(harness.log) == ["w0"])
    var cluster = failing(["1/verify"])
    try cluster.run(plan)
    #expect(cluster.outcome == .failed(StepID("1/verify")))
    #expect(skips(cluster.log).isEmpty)
  }

  @Test("A proof of the cluster stops the run, whatever the budget: the next worker would go out without it")
  func proofOfTheCluster() throws {
    var plan = WorkerPlan(workers: 3, width: 1, budget: 2).plan
    let gate = StepID("1/in@w1")
    for index in plan.steps.indices where plan.steps[index].id == gate { plan.steps[index].proof = .cluster }
    var harness = failing(["1/change@w0", gate.text])
    try harness.run(plan)
    #expect(harness.outcome == .failed(gate))
    #expect(skips(harness.log) == ["w0"])
    #expect(!harness.world.performed.contains(StepID("1/prepare@w2")))
  }

  @Test(
    "A worker that stays out of reach is left behind in doubt, and is looked at before anything is done there again"
  )
  func unreachable() throws {
    let plan = WorkerPlan(workers: 2, width: 1, budget: 1).plan
    let gone = StepFailure(code: "away", message: "Away.", retry: .transport)
    let step = StepID("1/change@w0")
    var harness = MachineHarness()
    harness.world.scripted[step] = [.lost(gone)]
    harness.world.verdicts[step] = Array(repeating: .unreachable(gone), count: 3)
    try harness.run(plan, limits: .init(probeAttempts: 3))
    #expect(harness.outcome == .failed(step))
    #expect(skips(harness.log) == ["w0"])
    #expect(harness.world.effects[StepID("2/in@w1")] == 1)
    let length = harness.log.count
    try harness.run(plan)
    #expect(harness.outcome == .completed)
    let next = harness.log[length...].first { $0.kind.step == step }
    #expect(next?.kind == .stepProbeStarted(step, attempt: 1))
  }

  @Test("A resume that fails again on the worker leaves it behind again, without counting it twice")
  func failsAgain() throws {
    let plan = WorkerPlan(workers: 3, width: 1, budget: 1).plan
    var harness = failing(["1/out@w0"])
    try harness.run(plan)
    harness.world.scripted[StepID("1/out@w0")] = [.failed(Self.broken)]
    try harness.run(plan)
    #expect(harness.outcome == .failed(StepID("1/out@w0")))
    #expect(skips(harness.log) == ["w0", "w0"])
    try harness.run(plan)
    #expect(harness.outcome == .completed)
  }

  @Test("A limit that gives a worker up leaves it behind while the budget lasts, and pauses otherwise")
  func limit() throws {
    let limit = StepFailure(code: "drain-timed-out", message: "It did not end.", retry: .skip)
    var harness = MachineHarness()
    for step in ["1/out@w0", "1/out@w1"] { harness.world.scripted[StepID(step)] = [.failed(limit)] }
    let plan = WorkerPlan(workers: 3, width: 1, budget: 1).plan
    try harness.run(plan)
    #expect(skips(harness.log) == ["w0"])
    #expect(harness.outcome == .paused("It did not end."))
    try harness.run(plan)
    #expect(harness.outcome == .completed)
    var alone = MachineHarness()
    alone.world.scripted[StepID("1/verify")] = [.failed(limit)]
    try alone.run(plan)
    #expect(alone.outcome == .paused("It did not end."), "a step of the cluster has no worker to give up")
  }

  @Test("A cancel puts back what a worker that is left behind was left in")
  func cancelled() throws {
    let plan = WorkerPlan(workers: 2, width: 1, budget: 1).plan
    var harness = failing(["1/change@w0"])
    harness.world.undoable = Set(plan.steps.map(\.id).filter { $0.text.contains("/out@") })
    try harness.run(plan)
    try harness.run(plan, cancelling: true)
    #expect(harness.outcome == .cancelled)
    #expect(harness.world.undone == [StepID("1/out@w0")])
  }

  @Test(
    "Random failures and kills: never too many out of service, each worker in order, every effect once",
    arguments: 1...80)
  func random(seed: Int) throws {
    var generator = SeededGenerator(seed: UInt64(seed))
    let workers = WorkerPlan(
      workers: Int.random(in: 1...5, using: &generator), width: Int.random(in: 1...3, using: &generator),
      budget: Int.random(in: 1...3, using: &generator))
    let plan = workers.plan
    let names = plan.steps.filter { $0.host != nil }.map(\.id.text).shuffled(using: &generator)
    let failures = Array(names.prefix(Int.random(in: 1...4, using: &generator)))
    var whole = failing(failures)
    try whole.run(plan, seed: UInt64(seed))
    #expect(Set(skips(whole.log)).count <= workers.budget)
    for length in 1...whole.log.count {
      var harness = failing(failures)
      harness.killAfter = length
      try harness.run(plan, seed: UInt64(seed))
      // Each failure comes once more at most, then the run has to complete.
      for round in 0..<(failures.count + 2) where harness.outcome != .completed {
        harness.killAfter = round == 0 ? length + 1 + seed % 7 : nil
        try harness.run(plan, seed: UInt64(seed + round))
        #expect(workers.mostOut(harness.log) <= workers.width, "seed \(seed), killed after \(length)")
      }
      #expect(harness.outcome == .completed, "seed \(seed), killed after \(length)")
      #expect(workers.keepsOrder(harness.log), "seed \(seed), killed after \(length)")
      #expect(
        harness.world.effects == Dictionary(uniqueKeysWithValues: plan.steps.map { ($0.id, 1) }),
        "seed \(seed), killed after \(length)")
    }
  }
}
