import Foundation
import PawlEngine
import PawlModel
import PawlPlan
import PawlSteps
import Testing

@Suite("Rollout: approvals")
struct ApprovalTests {
  @Test("It holds the run and says how to approve")
  func holds() async throws {
    let bench = ActionBench()
    let step = ActionBench.step("rollout/approval@v1", with: ["what": .string("workers, canary")], host: nil)
    let failure = try #require(await bench.perform(step).failure)
    #expect(failure.retry == .hold)
    #expect(failure.message == "An operator has to approve workers, canary.")
    #expect(
      failure.hint == "To approve: pawl approve 20261121-104512-upgrade-7f3a 1.20/step@cp-1 --as done")
  }
}

@Suite("Rollout: time that passes")
struct SoakTests {
  @Test("It waits for as long as it says, and tells how long is left")
  func waits() async {
    let bench = ActionBench()
    let step = ActionBench.step("rollout/soak@v1", with: ["duration": .int(100)], host: nil)
    #expect(await bench.perform(step).outcome?.summary == "2 min have passed.")
    #expect(bench.clock.seconds == 100)
    #expect(bench.log.statuses.count == 4 && bench.log.statuses[3] == "10 of 100 s are left")
  }

  /// How long ago the run first began the step, by a clock that may have been set back, and how long it still waits.
  @Test(
    "It counts from when the run first began it",
    arguments: [(0, 100), (40, 60), (100, 0), (9_000, 0), (-9_000, 100)])
  func goesOn(secondsAgo: Int, waits: Int) async {
    var bench = ActionBench()
    bench.firstBegun = bench.start.addingTimeInterval(-Double(secondsAgo))
    let step = ActionBench.step("rollout/soak@v1", with: ["duration": .int(100)], host: nil)
    #expect(await bench.perform(step).outcome?.summary == "2 min have passed.")
    #expect(bench.clock.seconds == waits)
  }
}

@Suite("Rollout: maintenance windows")
struct AwaitWindowTests {
  /// The bench's time begins on Saturday, 2026-11-21 at 10:45:12 UTC.
  private func perform(_ window: String, seconds: Int, limit: Int = 3600) async -> (StepResult, ActionBench) {
    let bench = ActionBench()
    let step = ActionBench.step(
      "rollout/await-window@v1", with: ["windows": .list([.string(window)]), "seconds": .int(seconds)],
      timeoutSeconds: limit)
    return (await bench.perform(step), bench)
  }

  @Test("In a window with time enough the node starts at once")
  func open() async {
    let (result, bench) = await perform("sat 10:00-11:00 UTC", seconds: 600)
    #expect(
      result.outcome?.summary
        == "cp-1 is expected to take 10 min; the maintenance window is open until 2026-11-21T11:00:00Z.")
    #expect(bench.clock.seconds == 0)
  }

  @Test("A window that opens soon is waited for, to the second")
  func near() async {
    let (result, bench) = await perform("sat 11:00-12:00 UTC", seconds: 3600)
    #expect(result.failure == nil)
    #expect(bench.clock.seconds == 14 * 60 + 48)
    #expect(bench.log.statuses.last?.contains("opens at 2026-11-21T11:00:00Z") == true)
  }

  @Test(
    "A window that is too short by then, or opens late, holds the run and says when the next one opens",
    arguments: [
      ("sat 10:00-11:00 UTC", 889, "2026-11-28T10:00:00Z"),
      ("sat 12:00-13:00 UTC", 60, "2026-11-21T12:00:00Z"),
      ("sun 00:00-01:00 Europe/Berlin", 60, "2026-11-21T23:00:00Z"),
    ])
  func far(window: String, seconds: Int, opens: String) async throws {
    let (result, bench) = await perform(window, seconds: seconds)
    let failure = try #require(result.failure)
    #expect(failure.retry == .hold && failure.code == "outside-window")
    #expect(failure.message.contains("opens at \(opens)"), "\(failure)")
    #expect(failure.hint?.contains("pawl approve") == true)
    #expect(bench.clock.seconds == 0)
  }

  @Test("A node that fits in no window holds the run with that reason")
  func never() async {
    let (result, _) = await perform("sat 10:00-11:00 UTC", seconds: 3601)
    #expect(
      result.failure?.message.contains("no maintenance window of the next two weeks is that long") == true)
  }

  @Test(
    "A window that can't be read is a mistake of the plan", arguments: ["sat 10:00-11:00 Mars", "", "always"])
  func unreadable(_ window: String) async {
    #expect(await perform(window, seconds: 1).0.failure?.code == "invalid-parameters")
  }
}

@Suite("Rollout: other nodes out of service")
struct CheckUnavailableTests {
  private func worker(_ name: String, cordoned: Bool = false, by run: String? = nil, ready: Bool = true)
    -> ClusterNode
  {
    Sample.node(name, controlPlane: false, cordoned: cordoned, by: run, ready: ready)
  }

  private func step(others: Int) -> PlanStep {
    ActionBench.step(
      "rollout/check-unavailable@v1", with: ["node": .string("w-1"), "others": .int(others)], host: "w-1",
      timeoutSeconds: 60)
  }

  @Test("Its own node, this run's and control planes do not count")
  func others() async {
    let nodes = [
      worker("w-1", cordoned: true), worker("w-2", cordoned: true, by: ActionBench.run.text, ready: false),
      Sample.node("cp-1", cordoned: true), worker("w-3"),
    ]
    let bench = ActionBench([], World(nodes: nodes))
    #expect(await bench.perform(step(others: 0)).outcome?.summary == "No other worker is out of service.")
  }

  @Test(
    "One that somebody else has cordoned, another run too, or that is not Ready counts",
    arguments: [
      (true, nil, true, "cordoned"), (true, "other-run", true, "cordoned"), (false, nil, false, "not Ready"),
    ])
  func counts(cordoned: Bool, run: String?, ready: Bool, why: String) async throws {
    let nodes = [worker("w-1"), worker("w-2", cordoned: cordoned, by: run, ready: ready)]
    let allowed = ActionBench([], World(nodes: nodes))
    #expect(await allowed.perform(step(others: 1)).outcome?.summary == "Only w-2 (\(why)) is out of service.")
    let bench = ActionBench([], World(nodes: nodes))
    let failure = try #require(await bench.perform(step(others: 0)).failure)
    #expect(failure.code == "too-many-unavailable" && failure.retry == .temporary)
    #expect(
      failure.message
        == "w-1 is not taken out of service: w-2 (\(why)) is out of service without this run, and beside w-1 the policy leaves room for 0."
    )
    #expect(bench.clock.seconds == 60, "it waits as long as it may")
  }

  @Test("One that the run has left behind counts in its failure budget, not here")
  func leftBehind() async {
    let bench = ActionBench([], World(nodes: [worker("w-1"), worker("w-2", ready: false)]))
    #expect(await bench.perform(step(others: 0), leftBehind: ["w-2"]).failure == nil)
  }

  @Test("It goes on once the other node is back")
  func comesBack() async {
    let bench = ActionBench([], World(nodes: [worker("w-1"), worker("w-2", cordoned: true)]))
    bench.cluster.at(25) { $0.nodes = [worker("w-1"), worker("w-2")] }
    #expect(await bench.perform(step(others: 0)).failure == nil)
    #expect(bench.clock.seconds == 30)
  }
}
