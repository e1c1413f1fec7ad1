import Foundation
import PawlEngine
import PawlModel
import PawlPlan
import PawlSteps
import Testing

/// Rules for single pods, the limit, and force.
@Suite struct DrainRuleTests {
  private static let cordon = "patch cp-1 cordon pawl.dev/cordoned-by=\(ActionBench.run.text)"
  private static let blocked = EvictionAnswer.blocked(message: "Not now.", retryAfterSeconds: nil)

  private static func step(_ rules: [PodRule] = [], _ with: [String: Value] = [:]) -> PlanStep {
    let own: [String: Value] = [
      "timeout": .string("2m"), "pods": .list(rules.map(\.value)), "atLimit": .string("pause"),
    ]
    return ActionBench.step("node/drain@v1", with: own.merging(with) { $1 })
  }

  private static func bench(
    _ pods: [ClusterPod], cordoned: Bool = false, _ change: (inout World) -> Void = { _ in }
  ) -> ActionBench {
    let run = cordoned ? ActionBench.run.text : nil
    var world = World(nodes: [Sample.node(cordoned: cordoned, by: run)], pods: pods)
    change(&world)
    return ActionBench([], world)
  }

  /// A pod that no budget lets go.
  private static func stuck() -> ActionBench {
    bench([Sample.pod("web-0", labels: ["app": "web"])]) {
      $0.budgets = [DrainTextTests.budget(healthy: 2, desired: 2, expected: 3)]
      $0.evictions["web-0"] = [.success(blocked)]
    }
  }

  // MARK: The report

  @Test func everyVerdictIsToldBeforeAnythingIsTouched() async {
    let bench = Self.bench([Sample.pod("web-0"), Sample.pod("shell", owner: nil)])
    let failure = await bench.perform(Self.step()).failure
    #expect(failure?.code == "drain-refused")
    #expect(bench.log.output == ["refuse  shop/shell  no controller creates it again\nevict   shop/web-0\n"])
    #expect(bench.cluster.changes.isEmpty)
  }

  @Test func aPodThatComesBetweenIsToldToo() async {
    let bench = Self.bench([Sample.pod("web-0", terminating: true)]) {
      $0.onCordon = { $0.pods.append(Sample.pod("late")) }
    }
    bench.cluster.at(3) { $0.pods.removeAll { $0.terminating } }
    #expect(await bench.perform(Self.step()).outcome?.summary == "Drained cp-1: 2 pods moved away.")
    #expect(
      bench.log.output == ["wait    shop/web-0  it is being deleted already\n", "evict   shop/late\n"])
    #expect(bench.cluster.changes == [Self.cordon, "evict late"])
  }

  // MARK: Rules

  @Test func aSkippedPodStays() async {
    let bench = Self.bench([Sample.pod("web-0"), Sample.pod("agent", namespace: "tools", owner: nil)])
    let result = await bench.perform(Self.step([PodRule(namespace: "tools", action: .skip)]))
    #expect(result.outcome?.summary == "Drained cp-1: 1 pod moved away.")
    #expect(bench.cluster.world.pods.map(\.name) == ["agent"])
  }

  @Test func aPodThatIsWaitedForIsRemovedWhenItHasEnded() async {
    let bench = Self.bench([Sample.pod("job", namespace: "batch")])
    bench.cluster.at(20) { $0.pods[0].phase = "Succeeded" }
    let result = await bench.perform(Self.step([PodRule(namespace: "batch", action: .wait)]))
    #expect(result.outcome != nil)
    #expect(bench.cluster.changes == [Self.cordon, "delete job"])
    #expect(bench.clock.seconds == 20)
    #expect(bench.log.statuses.first?.contains("it has not ended, and a rule waits for that") == true)
  }

  /// Whether a rule or the policy gives a pod up.
  @Test(arguments: [
    step([PodRule(labels: ["app": "web"], action: .evict)]),
    step([], ["localData": .string("delete"), "unmanagedPods": .string("delete")]),
  ])
  func aPodThatIsGivenUpGoesWithinItsBudgets(_ step: PlanStep) async {
    let bench = Self.stuck()
    bench.cluster.at(0) {
      $0.pods[0].controller = nil
      $0.pods[0].hasEmptyDir = true
    }
    #expect(await bench.perform(step).failure?.code == "drain-timed-out")
    #expect(bench.cluster.changes == [Self.cordon], "it was asked, and neither evicted nor deleted")
    #expect(bench.log.statuses.last?.contains("budget shop/web allows 0 of 3") == true)
  }

  @Test func whatOthersNeedIsAskedWhenTheRestIsGone() async {
    let bench = Self.bench([Sample.pod("dns"), Sample.pod("a-web"), Sample.pod("cni", labels: ["net": "1"])])
    {
      $0.termination = ["a-web": 30, "dns": 10]
    }
    var rules = [PodRule(labels: ["net": "1"], order: 30), PodRule(namespace: "shop", order: 0)]
    rules.insert(PodRule(labels: ["app": "dns"], order: 10), at: 1)
    bench.cluster.at(0) { $0.pods[0].labels = ["app": "dns"] }
    #expect(await bench.perform(Self.step(rules)).outcome != nil)
    #expect(bench.cluster.changes == [Self.cordon, "evict a-web", "evict dns", "evict cni"])
    #expect(bench.clock.seconds == 40)
  }

  // MARK: The limit

  @Test func theLimitPausesAndSaysWhyInOneLine() async {
    let failure = await Self.stuck().perform(Self.step()).failure
    #expect(failure?.retry == .limit)
    #expect(
      failure?.message
        == "Draining cp-1 did not end within 120 s; 1 pod left: shop/web-0 (of ReplicaSet web) stays because budget shop/web allows 0 of 3, needs 1 healthy more (2 healthy now), for 120 s."
    )
    let run = ActionBench.run.text
    #expect(failure?.hint?.contains("`pawl resume \(run)`") == true)
    #expect(failure?.hint?.contains("`pawl approve \(run) 1.20/step@cp-1 --as force --reason TEXT`") == true)
  }

  /// A pod that was waited for in an earlier attempt stays for longer than this one knows.
  @Test func aLaterAttemptSaysWhenTheDrainBegan() async {
    var bench = Self.stuck()
    bench.firstBegun = bench.start.addingTimeInterval(-1200)
    let failure = await bench.perform(Self.step(), attempt: 2).failure
    #expect(
      failure?.message
        == "Draining cp-1, begun 22 min ago, did not end within 120 s; 1 pod left: shop/web-0 (of ReplicaSet web) stays because budget shop/web allows 0 of 3, needs 1 healthy more (2 healthy now), for at least 120 s."
    )
    #expect(failure?.causes.first?.hasSuffix(", for at least 120 s") == true)
    #expect(bench.log.statuses.first?.hasSuffix(", for at least 0 s; 0 of 120 s; begun 20 min ago") == true)
    #expect(bench.clock.seconds == 120, "each attempt has the whole limit")
  }

  @Test func theFirstAttemptSaysItByItsLimit() async {
    var bench = Self.stuck()
    bench.firstBegun = bench.start.addingTimeInterval(-1200)
    #expect(await bench.perform(Self.step()).failure?.message.contains("begun") == false)
  }

  @Test func theLimitFailsWhereThatIsWanted() async {
    let skipping = await Self.stuck().perform(Self.step([], ["atLimit": .string("skip")])).failure
    #expect(skipping?.retry == .skip && skipping?.hint?.contains("--as force") == true)
    let failure = await Self.stuck().perform(Self.step([], ["atLimit": .string("fail")])).failure
    #expect(failure?.retry == .temporary)
    #expect(failure?.hint?.contains("force") == false)
  }

  @Test func podsOfLaterTurnsAreNamedAtTheLimit() async {
    let bench = Self.stuck()
    bench.cluster.at(0) { $0.pods.append(Sample.pod("dns", namespace: "names")) }
    let failure = await bench.perform(Self.step([PodRule(namespace: "names", order: 10)])).failure
    #expect(failure?.causes.last == "names/dns (of ReplicaSet web) stays because it has not been asked yet")
  }

  @Test func aNodeThatIsNotReadyIsNamedAtTheLimit() async {
    let bench = Self.stuck()
    bench.cluster.at(9) {
      $0.nodes[0].ready = false
      $0.nodes[0].readyMessage = "Kubelet stopped posting node status."
    }
    let failure = await bench.perform(Self.step()).failure
    #expect(
      failure?.message.hasSuffix(
        " cp-1 itself is not Ready (Kubelet stopped posting node status.), so nothing there may end them.")
        == true)
  }

  // MARK: Force

  @Test func anApprovalDeletesWhatIsLeftAndNamesIt() async {
    let bench = Self.stuck()
    bench.cluster.at(0) { $0.pods.append(Sample.pod("slow", terminating: true)) }
    let order = ForceOrder(by: "eve@ops2", reason: "Agreed with the shop.")
    let result = await bench.perform(Self.step(), attempt: 2, force: order)
    #expect(result.outcome?.summary == "Drained cp-1: 2 pods moved away.")
    #expect(
      Set(bench.cluster.changes) == [Self.cordon, "delete slow grace 0", "delete web-0 grace 0"])
    for name in ["slow", "web-0"] {
      let line =
        "shop/\(name) (of ReplicaSet web) is deleted with no grace, past its budgets. eve@ops2: Agreed with the shop."
      #expect(bench.log.output.last?.contains(line) == true, "\(bench.log.output)")
    }
  }

  @Test func anApprovalForcesOnlyWhatDoesNotLeave() async {
    let bench = Self.stuck()
    bench.cluster.at(0) {
      $0.pods += [Sample.pod("new"), Sample.pod("dns", namespace: "names")]
      $0.termination = ["new": 40, "dns": 30]
    }
    let later = PodRule(namespace: "names", order: 10)
    let order = ForceOrder(by: "e", reason: "r")
    #expect(await bench.perform(Self.step([later]), force: order).outcome != nil)
    #expect(bench.cluster.changes == [Self.cordon, "evict new", "delete web-0 grace 0", "evict dns"])
    #expect(bench.clock.seconds == 90)
  }

  @Test func theFlagAsksThePodsOfLaterTurnsToo() async {
    let bench = Self.stuck()
    bench.cluster.at(0) {
      $0.pods.append(Sample.pod("dns", namespace: "names"))
      $0.termination = ["dns": 30]
    }
    let step = Self.step([PodRule(namespace: "names", order: 10)], ["force": .string("Agreed.")])
    #expect(await bench.perform(step).outcome != nil)
    #expect(bench.cluster.changes == [Self.cordon, "delete web-0 grace 0", "evict dns"])
    #expect(bench.clock.seconds == 150)
  }

  @Test func anApprovalDoesNotTouchWhatTheDrainLeavesOrRefuses() async {
    let skip = PodRule(labels: ["keep": "yes"], action: .skip)
    let bench = Self.bench([Sample.pod("web-0"), Sample.pod("agent", labels: ["keep": "yes"])])
    #expect(await bench.perform(Self.step([skip]), force: ForceOrder(by: "e", reason: "r")).outcome != nil)
    #expect(bench.cluster.world.pods.map(\.name) == ["agent"])

    let refusing = Self.bench([Sample.pod("shell", owner: nil)])
    let result = await refusing.perform(Self.step(), force: ForceOrder(by: "e", reason: "r"))
    #expect(result.failure?.code == "drain-refused")
  }

  @Test func aFinalizerHoldsAForcedPodToo() async {
    let bench = Self.bench([Sample.pod("held", finalizers: ["x.example/hold"])])
    let failure = await bench.perform(Self.step(), force: ForceOrder(by: "e", reason: "r")).failure
    #expect(failure?.code == "force-timed-out")
    #expect(failure?.retry == .limit)
    #expect(
      failure?.message
        == "1 pod of cp-1 was deleted with no grace and is still there after 60 s: shop/held (of ReplicaSet web) stays "
        + "because it is deleted but finalizers hold it: x.example/hold, for 60 s.")
    #expect(failure?.hint?.contains("--as force") == false)
    #expect(bench.clock.seconds == 120)
  }

  @Test func theFlagForcesAtTheLimitOnly() async {
    let step = Self.step([], ["force": .string("Maintenance window ends.")])
    let bench = Self.stuck()
    #expect(await bench.perform(step).outcome != nil)
    #expect(bench.clock.seconds == 120)
    #expect(bench.cluster.changes == [Self.cordon, "delete web-0 grace 0"])
    #expect(bench.log.output.last?.contains("past its budgets. Maintenance window ends.") == true)

    let quick = Self.bench([Sample.pod("web-0")])
    #expect(await quick.perform(step).outcome != nil)
    #expect(quick.cluster.changes == [Self.cordon, "evict web-0"])
  }

  // MARK: Economy

  @Test func aBudgetThatLetsOneGoAtATimeIsNotOverrun() async {
    let bench = Self.bench((0..<6).map { Sample.pod("web-\($0)", labels: ["app": "web"]) }) {
      $0.budgets = [DrainTextTests.budget(allowed: 2, healthy: 6, desired: 4, expected: 6)]
    }
    #expect(await bench.perform(Self.step()).outcome != nil)
    #expect(bench.clock.seconds == 2, "three rounds of two")
    #expect(bench.cluster.changes.count == 7)
  }

  @Test func whoMayNotReadBudgetsCanDrainAllTheSame() async {
    let bench = Self.bench([Sample.pod("web-0")]) {
      $0.budgetError = ClusterError(.forbidden, "You may not list budgets.")
    }
    #expect(await bench.perform(Self.step()).outcome != nil)
  }

  // MARK: The plan

  @Test func theRulesAreFrozenIntoThePlan() throws {
    let host = Host(name: "w", address: "192.0.2.1", node: "node-w", roles: [.worker])
    let rule = PodRule(namespace: "batch", action: .wait)
    let site = ActionSpec.Site(host: host, parameters: ["pods": .list([rule.value])])
    let frozen = try NodeDrain.spec.freeze(site, nil)
    #expect(frozen["pods"] == .list([rule.value] + NeededPods.rules.map(\.value)))
    #expect(frozen["node"] == .string("node-w"))
    let wrong = ActionSpec.Site(host: host, parameters: ["pods": .list([.map(["name": .string("x")])])])
    #expect(throws: PlanRefusal.self) { try NodeDrain.spec.freeze(wrong, nil) }
  }

  private static func site(grace: Int, force: String) -> ActionSpec.Site {
    ActionSpec.Site(
      host: Host(name: "w", address: "192.0.2.1", roles: [.worker]),
      parameters: ["gracePeriod": .int(grace), "force": .string(force)])
  }

  @Test(arguments: [(-1, ""), (30, ""), (0, "Agreed.")])
  func aGracePeriodIsAllowed(_ seconds: Int, _ force: String) async throws {
    let site = Self.site(grace: seconds, force: force)
    _ = try NodeDrain.spec.freeze(site, nil)
    #expect(await Self.bench([]).perform(Self.step([], site.parameters)).outcome != nil)
  }

  @Test func noGraceAtAllIsRefusedWithoutForce() async {
    let site = Self.site(grace: 0, force: "")
    let refusal = #expect(throws: PlanRefusal.self) { try NodeDrain.spec.freeze(site, nil) }
    #expect(refusal?.code == "no-grace")
    let bench = Self.bench([Sample.pod("web-0")])
    let failure = await bench.perform(Self.step([], site.parameters)).failure
    #expect(failure?.code == "invalid-parameters")
    #expect(bench.cluster.changes.isEmpty)
  }

  @Test func aRuleThatIsNoneInAPlanIsRefused() async {
    let failure = await Self.bench([]).perform(Self.step([], ["pods": .list([.string("all")])])).failure
    #expect(failure?.code == "invalid-parameters")
  }
}
