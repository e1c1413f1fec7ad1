import PawlEngine
import PawlModel
import PawlPlan
import PawlSteps
import Testing

@Suite struct KubeletRestartTests {
  static let reload = ["systemctl", "daemon-reload"]
  static let restart = ["systemctl", "restart", "kubelet"]
  static let isActive = ["systemctl", "is-active", "kubelet"]
  private let step = ActionBench.step("kubelet/restart@v1", with: ["version": .string("1.20.15")])

  @Test func restartsAndLooks() async {
    let bench = ActionBench([.init(Self.reload), .init(Self.restart), .init(Self.isActive, "active\n")])
    #expect(await bench.perform(step).outcome == StepOutcome("Restarted the kubelet of cp-1.", changed: true))
    #expect(bench.host.programs == [Self.reload, Self.restart, Self.isActive])
    #expect(bench.host.commands.map(\.steps) == [[Self.reload, Self.restart]])
  }

  @Test func waitsForAUnitThatTakesItsTime() async {
    let bench = ActionBench([
      .init(Self.reload), .init(Self.restart), .init(Self.isActive, "activating\n", status: 3),
      .init(Self.isActive, "active\n"),
    ])
    #expect(await bench.perform(step).outcome != nil)
    #expect(bench.log.statuses.last == "cp-1: waits for the kubelet's unit, which is activating")
  }

  @Test func givesUpOnAUnitThatDoesNotStay() async {
    let bench = ActionBench([
      .init(Self.reload), .init(Self.restart), .init(Self.isActive, "activating\n", status: 3),
    ])
    let failure = await bench.perform(step).failure
    #expect(
      failure?.message == "The kubelet is not active on cp-1 after its restart: its unit is activating.")
    #expect(failure?.hint == "See `journalctl -u kubelet -n 50` on cp-1.")
    #expect(bench.host.programs.count == 12)
  }

  @Test func showsWhySystemdRefuses() async {
    let bench = ActionBench([
      .init(Self.reload),
      .init(Self.restart, status: 5, error: "Failed to restart kubelet.service: Unit not found.\n"),
    ])
    let failure = await bench.perform(step).failure
    #expect(failure?.message == "The kubelet could not be restarted on cp-1 (exit status 5).")
    #expect(failure?.causes == ["Failed to restart kubelet.service: Unit not found."])
  }

  @Test(arguments: [
    (Sample.new, "active", JobState.absent, "done"), (Sample.new, "inactive", .absent, "not started"),
    (Sample.old, "active", .absent, "not started"), (Sample.old, "active", .lost("it was killed"), "torn"),
    (Sample.new, "active", .lost("it was killed"), "done"), (Sample.old, "active", .running, "attached"),
  ])
  func probes(_ version: KubernetesVersion, _ unit: String, _ job: JobState, _ verdict: String) async {
    let replies = [FakeHost.Reply(Self.isActive, unit + "\n", status: unit == "active" ? 0 : 3)]
    let bench = ActionBench(replies, World(nodes: [Sample.node(version: version)]))
    bench.host.set(ActionBench.key(), job)
    #expect(await bench.probe(step).name == verdict)
  }
}

@Suite struct NodeWaitReadyTests {
  private let step = ActionBench.step(
    "node/wait-ready@v1", with: ["version": .string("1.20.15")], timeoutSeconds: 60)

  @Test func takesThreeGoodSamples() async {
    let bench = ActionBench([], World(nodes: [Sample.node()]))
    #expect(
      await bench.perform(step).outcome
        == StepOutcome("cp-1 is Ready at v1.20.15, in 3 of the last 3 looks.", changed: false))
    #expect(bench.clock.seconds == 4)
  }

  @Test func startsAgainWhenItIsNotReadyInBetween() async {
    let bench = ActionBench([], World(nodes: [Sample.node()]))
    bench.cluster.at(1) { $0.nodes[0].ready = false }
    bench.cluster.at(10) { $0.nodes[0].ready = true }
    #expect(await bench.perform(step).outcome != nil)
    #expect(bench.clock.seconds == 14)
  }

  @Test func countsSamplesAsAsked() async {
    let bench = ActionBench([], World(nodes: [Sample.node()]))
    bench.cluster.at(12) { $0.nodes[0].ready = false }
    bench.cluster.at(15) { $0.nodes[0].ready = true }
    var asked = step
    asked.with.merge(["samples": .int(3), "of": .int(4), "interval": .int(10)]) { $1 }
    // The dip lies between the second and the third look.
    #expect(
      await bench.perform(asked).outcome?.summary
        == "cp-1 is Ready at v1.20.15, in 3 of the last 4 looks.")
    #expect(bench.clock.seconds == 20)
  }

  @Test func aNodeThatDoesNotStayReadyIsNotProven() async {
    let bench = ActionBench([], World(nodes: [Sample.node()]))
    var asked = step
    asked.with["samples"] = .int(100)
    let failure = await bench.perform(asked).failure
    #expect(failure?.message == "cp-1 was not Ready at v1.20.15 in time: it does not stay Ready.")
  }

  @Test func saysWhatItWaitsFor() async {
    let node = Sample.node(version: Sample.old, ready: false, message: "container runtime network not ready")
    let bench = ActionBench([], World(nodes: [node]))
    bench.cluster.at(5) { $0.nodes[0].kubeletVersion = Sample.new }
    bench.cluster.at(8) { $0.nodes[0].ready = true }
    #expect(await bench.perform(step).outcome != nil)
    #expect(
      bench.log.statuses.first == "cp-1: waits because its kubelet reports v1.19.16, not v1.20.15")
    #expect(
      bench.log.statuses.contains(
        "cp-1: waits because it is not Ready: container runtime network not ready"))
    #expect(bench.log.statuses.last == "cp-1: Ready in 2 of 3 good looks")
  }

  @Test(arguments: [
    (Sample.node(version: Sample.old), "its kubelet reports v1.19.16, not v1.20.15"),
    (Sample.node(ready: false, message: "PLEG is not healthy"), "it is not Ready: PLEG is not healthy"),
    (Sample.node("other"), "the API server knows no such node"),
  ])
  func saysWhyTheTimeIsUp(_ node: ClusterNode, _ why: String) async {
    let failure = await ActionBench([], World(nodes: [node])).perform(step).failure
    #expect(failure?.code == "node-not-ready")
    #expect(failure?.message == "cp-1 was not Ready at v1.20.15 in time: \(why).")
  }

  @Test func waitsOutAnAPIServerThatIsAway() async {
    var world = World(nodes: [Sample.node()])
    world.error = ClusterError(.unreachable, "The API server does not answer.")
    let bench = ActionBench([], world)
    bench.cluster.at(12) { $0.error = nil }
    #expect(await bench.perform(step).outcome != nil)
    #expect(
      bench.log.statuses.contains { $0.hasPrefix("The API server does not answer. Trying again; 60 s") })
  }

  @Test func anAPIServerThatStaysAwayIsNoFailureOfTheNode() async {
    var world = World()
    world.error = ClusterError(.unreachable, "The API server does not answer.")
    let result = await ActionBench([], world).perform(step)
    #expect(result.failure?.retry == .transport)
    #expect(!result.isLost, "it changes nothing, so nothing can be in doubt")
  }
}

@Suite struct NodeUncordonTests {
  private static let run = ActionBench.run.text
  private let step = ActionBench.step("node/uncordon@v1")

  struct Case: Sendable, CustomTestStringConvertible {
    let name: String
    let node: ClusterNode
    let changes: [String]
    let says: String
    let probe: String
    var testDescription: String { name }
  }

  @Test(arguments: [
    Case(
      name: "cordoned by this run", node: Sample.node(cordoned: true, by: run),
      changes: ["patch cp-1 uncordon pawl.dev/cordoned-by=-"], says: "cp-1 takes pods again.",
      probe: "not started"),
    Case(
      name: "uncordoned by hand meanwhile", node: Sample.node(by: run),
      changes: ["patch cp-1 uncordon pawl.dev/cordoned-by=-"], says: "cp-1 takes pods again.", probe: "torn"),
    Case(
      name: "cordoned by an administrator", node: Sample.node(cordoned: true), changes: [],
      says: "cp-1 stays cordoned: somebody else cordoned it.", probe: "done"),
    Case(
      name: "cordoned by another run", node: Sample.node(cordoned: true, by: "20250101-x"), changes: [],
      says: "cp-1 stays cordoned: run 20250101-x cordoned it, not this one.", probe: "done"),
    Case(
      name: "not cordoned", node: Sample.node(), changes: [], says: "cp-1 takes pods already.", probe: "done"),
  ])
  func restoresWhatWas(_ item: Case) async { await check(item, step) }

  @Test(arguments: [
    ("pawl", Sample.node(cordoned: true, by: "20250101-x"), true, "cp-1 takes pods again.", "not started"),
    ("pawl", Sample.node(by: "20250101-x"), true, "cp-1 takes pods again.", "torn"),
    (
      "pawl", Sample.node(cordoned: true), false,
      "cp-1 stays cordoned: somebody else cordoned it; `pawl uncordon --force` takes that off too.", "done"
    ),
    ("anybody", Sample.node(cordoned: true), true, "cp-1 takes pods again.", "not started"),
    ("anybody", Sample.node(cordoned: true, by: "20250101-x"), true, "cp-1 takes pods again.", "not started"),
    ("anybody", Sample.node(), false, "cp-1 takes pods already.", "done"),
  ])
  func takesOffWhoseCordonItIsTold(
    _ whose: String, _ node: ClusterNode, _ changes: Bool, _ says: String, _ probe: String
  ) async {
    let item = Case(
      name: whose, node: node, changes: changes ? ["patch cp-1 uncordon pawl.dev/cordoned-by=-"] : [],
      says: says, probe: probe)
    await check(item, ActionBench.step("node/uncordon@v1", with: ["cordonedBy": .string(whose)]))
  }

  private func check(_ item: Case, _ step: PlanStep) async {
    let bench = ActionBench([], World(nodes: [item.node]))
    #expect(await bench.probe(step).name == item.probe)
    let result = await bench.perform(step)
    #expect(result.outcome == StepOutcome(item.says, changed: !item.changes.isEmpty))
    #expect(bench.cluster.changes == item.changes)
    #expect(await bench.perform(step, attempt: 2).outcome?.changed == false)
    #expect(bench.cluster.changes == item.changes)
  }

  @Test func aLostAnswerLeavesTheStepInDoubt() async {
    var world = World(nodes: [Sample.node(cordoned: true, by: Self.run)])
    world.changeError = ClusterError(.timedOut, "The API server did not answer in time.")
    let bench = ActionBench([], world)
    #expect(await bench.perform(step).isLost)
    #expect(await bench.probe(step).name == "done")
  }

  @Test func anUnknownNodeIsNamed() async {
    let failure = await ActionBench([], World()).perform(step).failure
    #expect(failure?.message == "The API server knows no node cp-1.")
  }

  @Test func theNodesNameMayDifferFromTheHosts() async {
    let bench = ActionBench([], World(nodes: [Sample.node("node-1", cordoned: true, by: Self.run)]))
    let step = ActionBench.step("node/uncordon@v1", with: ["node": .string("node-1")])
    #expect(await bench.perform(step).outcome?.summary == "node-1 takes pods again.")
  }
}
