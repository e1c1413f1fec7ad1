import PawlModel
import PawlPlan
import Testing

@Suite("Estimates")
struct EstimateTests {
  private func history(_ times: [Int], uses: String = "test/touch@v1", host: String? = "worker-1")
    -> StepHistory
  {
    var history = StepHistory()
    for time in times { history.add(time, uses: uses, host: host) }
    return history
  }

  @Test(
    "The median and the tenths at both ends",
    arguments: [
      ([], nil), ([7], Estimate(7)), ([1, 9], Estimate(1, low: 1, high: 9)),
      ([9, 1, 5], Estimate(5, low: 1, high: 9)),
      (Array(1...10), Estimate(5, low: 1, high: 9)),
      (Array(1...20).reversed(), Estimate(10, low: 2, high: 18)),
    ] as [([Int], Estimate?)])
  func shares(times: [Int], estimate: Estimate?) {
    #expect(history(times).estimate(uses: "test/touch@v1", host: "worker-1") == estimate)
  }

  @Test("A host's own times count from three on; the newest twenty are kept")
  func ownTimes() {
    var history = history([10, 10])
    history.add(90, uses: "test/touch@v1", host: "worker-2")
    #expect(history.estimate(uses: "test/touch@v1", host: "worker-1") == Estimate(10, low: 10, high: 90))
    history.add(10, uses: "test/touch@v1", host: "worker-1")
    #expect(history.estimate(uses: "test/touch@v1", host: "worker-1") == Estimate(10))
    #expect(history.estimate(uses: "test/touch@v1", host: "worker-9")?.highSeconds == 90)
    #expect(history.estimate(uses: "test/note@v1", host: "worker-1") == nil)
    #expect(
      self.history(Array(repeating: 5, count: 20) + [500]).estimate(uses: "test/touch@v1", host: "worker-1")
        == Estimate(5))
  }

  @Test("The same for steps of the cluster, whose times are counted once")
  func cluster() {
    #expect(
      history([4, 6], host: nil).estimate(uses: "test/touch@v1", host: nil) == Estimate(4, low: 4, high: 6))
  }

  private let steps = """
    - id: workers
      on: {role: worker}
      parallel: ${{ policy.maxUnavailable }}
      steps: [{id: a, uses: test/touch@v1}, {id: b, uses: test/touch@v1}]
    - {id: z, uses: test/note@v1}
    """

  private func plan(workers: Int, atOnce: Int, history: StepHistory = StepHistory()) throws -> Plan {
    let inventory = Fixture.inventory(workers: workers, maxUnavailable: atOnce)
    return try Planner(catalog: Fixture.catalog).plan(
      Planner.Request(
        runbook: Fixture.runbook(steps), inventory: inventory, facts: Fixture.facts(inventory), inputs: [:],
        history: history))
  }

  @Test(
    "A plan takes as long as its longest way, with as many at once as are allowed",
    arguments: [(1, 90), (2, 50), (4, 30)])
  func longestWay(atOnce: Int, seconds: Int) throws {
    #expect(
      try plan(workers: 4, atOnce: atOnce).estimate == Estimate(seconds, low: seconds / 2, high: seconds * 2))
  }

  @Test("Earlier runs give the plan their times, and spreads add up as their squares do")
  func spread() throws {
    let plan = try plan(workers: 2, atOnce: 1, history: history([17, 20, 24]))
    #expect(plan.steps[0].estimateSeconds == 20)
    #expect(plan.steps[0].estimateLowSeconds == 17 && plan.steps[0].estimateHighSeconds == 24)
    #expect(plan.steps[4].estimateLowSeconds == 5 && plan.steps[4].estimateHighSeconds == 20)
    #expect(plan.steps.map(\.estimateSource) == [.runs, .runs, .runs, .runs, .defaults])
    // Four steps of 20; the root of 4 * 3 * 3 is 6, that of 4 * 4 * 4 is 8. One of 10 that is guessed.
    #expect(plan.estimate == Estimate(90, low: 79, high: 108))
    #expect(
      PlanReport(plan).text(width: 200).contains(
        "about 2 min (79 s to 2 min by earlier runs, and by defaults where there are none)"))
    #expect(try PlanFile.decode(PlanFile.encode(plan), file: "p") == plan)
  }

  @Test("Without earlier runs the spread is that of the defaults, and said to be")
  func guess() throws {
    let plan = try plan(workers: 2, atOnce: 1)
    #expect(plan.estimate == Estimate(50, low: 25, high: 100))
    #expect(
      PlanReport(plan).markdown().contains(
        "about 50 s (25 s to 2 min by defaults: there are no earlier runs)"))
    var history = history([10])
    history.add(10, uses: "test/note@v1", host: nil)
    let known = try self.plan(workers: 2, atOnce: 1, history: history)
    #expect(known.estimate == Estimate(50), "every time was the same")
  }

  @Test("What is left shrinks as steps end and while they run, and never below what comes behind them")
  func remaining() throws {
    let plan = try plan(workers: 2, atOnce: 2)
    let remaining = RemainingTime(plan)
    let ids = plan.steps.map(\.id)
    #expect(remaining.seconds(done: [], running: [:]) == 30)
    #expect(remaining.seconds(done: [], running: [ids[0]: 4]) == 30, "the other way takes as long as before")
    #expect(remaining.seconds(done: [], running: [ids[0]: 4, ids[2]: 4]) == 26)
    #expect(remaining.seconds(done: [], running: [ids[0]: 400, ids[2]: 400]) == 20)
    #expect(remaining.seconds(done: [ids[0], ids[1], ids[2]], running: [:]) == 20)
    #expect(remaining.seconds(done: Set(ids), running: [:]) == 0)
  }
}
