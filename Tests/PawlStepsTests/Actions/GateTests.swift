import PawlEngine
import PawlModel
import PawlPlan
import Testing

@testable import PawlSteps

/// A shop with a web server, a database and what every node has, on worker-1.
enum Shop {
  static let well = world()

  static func world(
    web: Int = 3, database: Int = 1, healthy: Int = 3, expected: Int = 3, proxyReady: Bool = true
  ) -> World {
    var proxy = Sample.pod(
      "proxy-1", namespace: "kube-system", node: "worker-1",
      owner: .init(kind: "DaemonSet", name: "kube-proxy"))
    proxy.ready = proxyReady
    var world = World(
      nodes: [Sample.node("worker-1", controlPlane: false)],
      pods: [
        Sample.pod(
          "web-a", node: "worker-1", labels: ["app": "web"], owner: .init(kind: "ReplicaSet", name: "web-1")),
        Sample.pod(
          "web-b", node: "worker-1", labels: ["app": "web"], owner: .init(kind: "ReplicaSet", name: "web-1")),
        Sample.pod("db-0", node: "worker-1", owner: .init(kind: "StatefulSet", name: "db")),
        Sample.pod("once", node: "worker-1", owner: .init(kind: "Job", name: "once")),
        Sample.pod("bare", node: "worker-1", owner: nil),
        Sample.pod("done", node: "worker-1", phase: "Succeeded", owner: .init(kind: "Job", name: "done")),
        proxy,
      ], budgets: [budget(healthy: healthy, expected: expected)], daemonSets: ["kube-system/kube-proxy"])
    world.controllers = [
      ClusterController(
        kind: .replicaSet, namespace: "shop", name: "web-1", desired: 3, ready: web,
        owner: .init(kind: "Deployment", name: "web")),
      ClusterController(kind: .deployment, namespace: "shop", name: "web", desired: 3, ready: web),
      ClusterController(kind: .statefulSet, namespace: "shop", name: "db", desired: 1, ready: database),
    ]
    return world
  }

  static func budget(healthy: Int, expected: Int = 3) -> ClusterBudget {
    ClusterBudget(
      namespace: "shop", name: "web", disruptionsAllowed: max(0, healthy - 2), currentHealthy: healthy,
      desiredHealthy: 2, expectedPods: expected, selects: { $0["app"] == "web" })
  }

  static let baseline = NodeBaseline(
    workloads: [
      .init(kind: .deployment, namespace: "shop", name: "web", desired: 3, ready: 3),
      .init(kind: .statefulSet, namespace: "shop", name: "db", desired: 1, ready: 1),
    ],
    daemonSets: [.init(namespace: "kube-system", name: "kube-proxy", ready: true)],
    budgets: [.init(namespace: "shop", name: "web", healthy: 3, desired: 2, allowed: 1)])

  static let records = records(baseline)

  static func records(_ baseline: NodeBaseline) -> [String: String] {
    do { return [NodeBaseline.action: try baseline.record()] } catch { return [:] }
  }

  static func step(_ name: String) -> PlanStep {
    ActionBench.step("gate/\(name)@v1", host: "worker-1", timeoutSeconds: 60)
  }

  static func bench(_ world: World, _ baseline: NodeBaseline = baseline) -> ActionBench {
    var bench = ActionBench([], world)
    bench.records = records(baseline)
    return bench
  }
}

@Suite struct GateBaselineTests {
  private func perform(_ world: World) async -> StepOutcome? {
    await ActionBench([], world).perform(Shop.step("baseline")).outcome
  }

  /// A ReplicaSet counts as its Deployment; a Job and a bare pod have nothing to count by.
  @Test func takesDownWhatRunsOnTheNode() async throws {
    let outcome = try #require(await perform(Shop.well))
    #expect(
      outcome.summary
        == "On worker-1 before its turn: 2 workloads; 1 DaemonSet; 1 budget; not counted: shop/bare (unmanaged); "
        + "shop/once (Job).")
    var expected = Shop.baseline
    expected.uncounted = ["shop/bare (unmanaged)", "shop/once (Job)"]
    expected.workloads.reverse()
    #expect(outcome.record == (try expected.record()))
  }

  @Test func saysWhatIsShortAlready() async {
    let outcome = await perform(Shop.world(web: 1, healthy: 1, proxyReady: false))
    #expect(
      outcome?.summary.contains(
        "short already, so not waited for: shop/web has 1 of 3 ready; the pod of DaemonSet kube-system/kube-proxy; "
          + "budget shop/web has 1 healthy, needs 2") == true)
  }

  @Test func anEmptyNodeIsNoTrouble() async {
    let outcome = await perform(World(nodes: [Sample.node("worker-1")]))
    #expect(outcome?.summary == "On worker-1 before its turn: 0 workloads; 0 DaemonSets; 0 budgets.")
  }

  @Test(arguments: ["workloads-recovered", "budgets-recovered", "daemonsets-ready"])
  func withoutABaselineNothingCanBeCompared(_ name: String) async {
    let failure = await ActionBench([], Shop.well).perform(Shop.step(name)).failure
    #expect(failure?.code == "no-baseline")
    #expect(failure?.retry == .permanent)
  }

  /// A freshly made cluster has none of all this.
  @Test(arguments: ["workloads-recovered", "budgets-recovered", "daemonsets-ready"])
  func anEmptyBaselinePassesAtOnce(_ name: String) async {
    let bench = Shop.bench(World(nodes: [Sample.node("worker-1")]), NodeBaseline())
    #expect(await bench.perform(Shop.step(name)).failure == nil)
    #expect(bench.clock.seconds == 0)
  }
}

@Suite struct GateWorkloadsTests {
  private let step = Shop.step("workloads-recovered")

  @Test func passesAtOnceWhenAllAreReady() async {
    let bench = Shop.bench(Shop.well)
    #expect(
      await bench.perform(step).outcome
        == StepOutcome(
          "2 workloads of worker-1 ready again at once: shop/web has 3 of 3 ready; shop/db has 1 of 1 ready.",
          changed: false))
    #expect(bench.clock.seconds == 0)
  }

  @Test func waitsAndKeepsWhatItSaw() async {
    let bench = Shop.bench(Shop.world(web: 1))
    bench.cluster.at(5) { $0.controllers[1].ready = 2 }
    bench.cluster.at(11) { $0.controllers[1].ready = 3 }
    let outcome = await bench.perform(step).outcome
    #expect(outcome?.summary.contains("ready again after 12 s") == true)
    #expect(bench.log.statuses.first == "worker-1: waits; shop/web has 1 of 3 ready, 3 before; 0 of 60 s")
    #expect(
      bench.log.output == [
        "0 s: waits: shop/web has 1 of 3 ready, 3 before\n",
        "6 s: waits: shop/web has 2 of 3 ready, 3 before\n",
        "12 s: shop/web has 3 of 3 ready; shop/db has 1 of 1 ready\n",
      ])
  }

  @Test func namesWhatIsMissingAtTheLimit() async {
    let bench = Shop.bench(Shop.world(web: 2))
    let failure = await bench.perform(step).failure
    #expect(failure?.code == "workloads-not-recovered")
    #expect(failure?.retry == .temporary)
    #expect(
      failure?.message
        == "1 of 2 workloads that ran on worker-1 did not recover within 60 s: shop/web has 2 of 3 ready, 3 before."
    )
    #expect(
      failure?.hint
        == "`kubectl get pods,events -n shop` says why; who runs shop can help. Then run `pawl resume`: the gate "
        + "looks again.")
    #expect(bench.clock.seconds == 60)
  }

  @Test func whatWasShortBeforeNeedNotBecomeBetter() async {
    var baseline = Shop.baseline
    baseline.workloads[0] = .init(kind: .deployment, namespace: "shop", name: "web", desired: 3, ready: 1)
    let bench = Shop.bench(Shop.world(web: 1), baseline)
    #expect(
      await bench.perform(step).outcome?.summary.contains("shop/web has 1 of 3 ready, as before") == true)
    #expect(bench.clock.seconds == 0)
  }

  /// What somebody scaled down or removed meanwhile is not waited for.
  @Test func asksForNoMoreThanIsWantedNow() async {
    var world = Shop.world(web: 2)
    world.controllers[1].desired = 2
    world.controllers.removeLast()
    let outcome = await Shop.bench(world).perform(step).outcome
    #expect(outcome?.summary.contains("shop/web has 2 of 2 ready; shop/db is gone") == true)
  }

  @Test func anAPIServerThatIsAwayIsWaitedOut() async {
    let bench = Shop.bench(Shop.well)
    bench.cluster.at(0) { $0.error = ClusterError(.unreachable, "The API server does not answer.") }
    bench.cluster.at(9) { $0.error = nil }
    #expect(await bench.perform(step).failure == nil)
  }
}

@Suite struct GateBudgetsTests {
  private let step = Shop.step("budgets-recovered")

  @Test func passesAtOnce() async {
    let outcome = await Shop.bench(Shop.well).perform(step).outcome
    #expect(
      outcome?.summary
        == "1 budget of worker-1's pods recovered at once: shop/web has 3 of 3 healthy, needs 2, allows 1."
    )
  }

  @Test func waitsUntilItAllowsAsMuchAsBefore() async {
    let bench = Shop.bench(Shop.world(healthy: 2))
    bench.cluster.at(4) { $0.budgets = [Shop.budget(healthy: 3)] }
    #expect(await bench.perform(step).failure == nil)
    #expect(
      bench.log.statuses.first
        == "worker-1: waits; budget shop/web has 2 of 3 healthy, needs 2, allows 0; before 3 healthy, 1 allowed; "
        + "0 of 60 s")
    #expect(bench.clock.seconds == 6)
  }

  @Test func namesTheBudgetAtTheLimit() async {
    let failure = await Shop.bench(Shop.world(healthy: 1)).perform(step).failure
    #expect(failure?.code == "budgets-not-recovered")
    #expect(
      failure?.message
        == "1 of 1 budget of worker-1's pods did not recover within 60 s: budget shop/web has 1 of 3 healthy, "
        + "needs 2, allows 0; before 3 healthy, 1 allowed.")
  }

  @Test func whatWasShortBeforeNeedNotBecomeBetter() async {
    var baseline = Shop.baseline
    baseline.budgets = [.init(namespace: "shop", name: "web", healthy: 1, desired: 2, allowed: 0)]
    let outcome = await Shop.bench(Shop.world(healthy: 1), baseline).perform(step).outcome
    #expect(outcome?.summary.contains("allows 0, as before") == true)
  }

  @Test func aBudgetOfAWorkloadThatWasScaledDownAllowsLess() async {
    #expect(await Shop.bench(Shop.world(healthy: 2, expected: 2)).perform(step).failure == nil)
    #expect(await Shop.bench(Shop.world(healthy: 0, expected: 0)).perform(step).failure == nil)
  }

  /// The budget's controller has not caught up, or can't.
  @Test func aBudgetThatAllowsLessThanItsNumbersSayIsWaitedFor() async {
    var world = Shop.well
    world.budgets[0].disruptionsAllowed = 0
    #expect(await Shop.bench(world).perform(step).failure?.code == "budgets-not-recovered")
  }
}

@Suite struct GateDaemonSetsTests {
  private let step = Shop.step("daemonsets-ready")

  @Test func passesAtOnce() async {
    #expect(
      await Shop.bench(Shop.well).perform(step).outcome?.summary
        == "DaemonSet pods on worker-1, at once: 1 ready.")
  }

  @Test func waitsForAPodThatIsNotReadyOrNotThereYet() async throws {
    var world = Shop.world()
    let proxy = try #require(world.pods.last)
    world.pods.removeLast()
    let bench = Shop.bench(world)
    bench.cluster.at(3) { world in
      var starting = proxy
      starting.ready = false
      world.pods.append(starting)
    }
    bench.cluster.at(8) { $0.pods[$0.pods.count - 1].ready = true }
    #expect(await bench.perform(step).outcome?.summary == "DaemonSet pods on worker-1, after 9 s: 1 ready.")
    #expect(
      bench.log.output == [
        "0 s: waits: DaemonSet kube-system/kube-proxy has no pod there yet\n",
        "3 s: waits: kube-system/proxy-1 is not ready\n", "9 s: 1 ready\n",
      ])
  }

  @Test func namesThePodAtTheLimit() async {
    let failure = await Shop.bench(Shop.world(proxyReady: false)).perform(step).failure
    #expect(failure?.code == "daemonsets-not-ready")
    #expect(
      failure?.message
        == "DaemonSet pods on worker-1 were not ready within 60 s: kube-system/proxy-1 is not ready.")
  }

  @Test func whatWasNotReadyBeforeNeedNotBecomeSo() async {
    var baseline = Shop.baseline
    baseline.daemonSets = [.init(namespace: "kube-system", name: "kube-proxy", ready: false)]
    let outcome = await Shop.bench(Shop.world(proxyReady: false), baseline).perform(step).outcome
    #expect(
      outcome?.summary
        == "DaemonSet pods on worker-1, at once: 0 ready; kube-system/proxy-1 is not ready, as before.")
  }

  @Test func aDaemonSetThatIsGoneIsNotWaitedFor() async {
    var world = Shop.world()
    world.pods.removeLast()
    world.daemonSets = []
    #expect(await Shop.bench(world).perform(step).failure == nil)
  }
}
