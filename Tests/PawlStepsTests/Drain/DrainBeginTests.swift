import PawlEngine
import PawlModel
import PawlPlan
import PawlSteps
import Testing

/// What is found out, and how the node is cordoned, before the first pod is asked.
@Suite struct DrainBeginTests {
  private static let cordon = "patch cp-1 cordon pawl.dev/cordoned-by=\(ActionBench.run.text)"

  private static func step(_ with: [String: Value] = [:]) -> PlanStep {
    ActionBench.step("node/drain@v1", with: ["timeout": .string("2m")].merging(with) { $1 })
  }

  private static func world(_ pods: [ClusterPod]) -> World { World(nodes: [Sample.node()], pods: pods) }

  // MARK: The cordon

  @Test func aCordonThatAnAdministratorSetsInTheSameMomentStaysTheirs() async {
    var world = Self.world([Sample.pod("web-0")])
    world.beforePatch = { $0.nodes[0].unschedulable = true }
    let bench = ActionBench([], world)
    #expect(await bench.perform(Self.step()).outcome != nil)
    #expect(bench.cluster.changes == ["evict web-0"])
    #expect(bench.cluster.world.nodes[0].annotations.isEmpty)
  }

  @Test func aChangeOfSomethingElseOnlyDelaysTheCordon() async {
    var world = Self.world([Sample.pod("web-0")])
    world.beforePatch = { $0.nodes[0].annotations["example.com/x"] = "1" }
    let bench = ActionBench([], world)
    #expect(await bench.perform(Self.step()).outcome?.changed == true)
    #expect(bench.cluster.changes == [Self.cordon, "evict web-0"])
  }

  @Test func aNodeThatChangesAllTheTimeIsGivenUp() async {
    var world = Self.world([Sample.pod("web-0")])
    world.beforePatch = Self.keepsChanging
    let bench = ActionBench([], world)
    let failure = await bench.perform(Self.step()).failure
    #expect(failure?.code == "api-conflict")
    #expect(failure?.retry == .temporary)
    #expect(bench.cluster.changes.isEmpty)
  }

  @Sendable private static func keepsChanging(_ world: inout World) {
    world.nodes[0].annotations["example.com/x", default: ""] += "1"
    world.beforePatch = keepsChanging
  }

  // MARK: Several budgets on one pod

  @Test func severalBudgetsOnOnePodAreAMisconfiguration() async {
    var world = Self.world([Sample.pod("web-0"), Sample.pod("web-1")])
    let text = "This pod has more than one PodDisruptionBudget."
    world.evictions["web-1"] = [.success(.refused(message: text))]
    let failure = await ActionBench([], world).perform(Self.step()).failure
    #expect(failure?.code == "eviction-refused")
    #expect(failure?.retry == .permanent)
    #expect(failure?.causes == ["shop/web-1 (of ReplicaSet web): \(text)"])
    #expect(failure?.hint?.contains("The node stays cordoned") == true)
  }

  private static func underTwoBudgets(phase: String = "Running") -> World {
    var world = world([Sample.pod("web-0", labels: ["app": "web"], phase: phase), Sample.pod("web-1")])
    let all = ClusterBudget(
      namespace: "shop", name: "all", disruptionsAllowed: 1, currentHealthy: 2, desiredHealthy: 1,
      expectedPods: 2, selects: { $0["app"] != nil })
    world.budgets = [DrainTextTests.budget(allowed: 1, healthy: 3, desired: 2, expected: 3), all]
    world.evictions["web-0"] = [.success(.refused(message: "More than one budget."))]
    return world
  }

  @Test func severalBudgetsOnOnePodAreFoundBeforeTheCordon() async {
    let bench = ActionBench([], Self.underTwoBudgets())
    let failure = await bench.perform(Self.step()).failure
    #expect(failure?.code == "eviction-refused")
    #expect(
      failure?.message
        == "cp-1 is not drained: several budgets cover 1 pod, which the API server never evicts: "
        + "shop/web-0 (of ReplicaSet web) by budgets shop/all, shop/web. Nothing was touched.")
    #expect(bench.log.output.first?.contains("2 budgets on one pod") == true)
    #expect(bench.cluster.changes.isEmpty)
  }

  @Test func aPodThatDoesNotRunGoesWhateverItsBudgetsSay() async {
    var world = Self.underTwoBudgets(phase: "Pending")
    world.evictions = [:]
    #expect(await ActionBench([], world).perform(Self.step()).outcome != nil)
  }

  @Test func severalBudgetsThatComeLateAreNamedWithTheirPod() async {
    var world = Self.underTwoBudgets()
    let budgets = world.budgets
    world.budgets = []
    world.onCordon = { $0.budgets = budgets }
    let failure = await ActionBench([], world).perform(Self.step()).failure
    #expect(
      failure?.causes == [
        "shop/web-0 (of ReplicaSet web): More than one budget. (budgets shop/all, shop/web)"
      ])
  }

  @Test func severalBudgetsWaitForTheLimitWhereItForces() async {
    let bench = ActionBench([], Self.underTwoBudgets())
    #expect(await bench.perform(Self.step(["force": .string("Agreed.")])).outcome != nil)
    #expect(bench.cluster.changes == [Self.cordon, "evict web-1", "delete web-0 grace 0"])
    #expect(bench.clock.seconds == 120)
    let ordered = ActionBench([], Self.underTwoBudgets())
    #expect(await ordered.perform(Self.step(), force: ForceOrder(by: "e", reason: "r")).outcome != nil)
    #expect(ordered.cluster.changes == [Self.cordon, "evict web-1", "delete web-0 grace 0"])
  }
}
