import PawlEngine
import PawlModel
import PawlPlan
import PawlSteps
import Testing

@Suite struct DrainFlowTests {
  private static let cordon = "patch cp-1 cordon pawl.dev/cordoned-by=\(ActionBench.run.text)"
  private static let blocked = EvictionAnswer.blocked(
    message: "The budget web does not allow it.", retryAfterSeconds: nil)

  private static func step(_ with: [String: Value] = [:]) -> PlanStep {
    ActionBench.step("node/drain@v1", with: ["timeout": .string("2m")].merging(with) { $1 })
  }

  private static func bench(
    _ pods: [ClusterPod], cordoned: Bool = false, by run: String? = nil, evictionSeconds: Int = 0
  ) -> ActionBench {
    var world = world(pods, cordoned: cordoned, by: run)
    world.evictionSeconds = evictionSeconds
    return ActionBench([], world)
  }

  private static func world(_ pods: [ClusterPod], cordoned: Bool = false, by run: String? = nil) -> World {
    World(nodes: [Sample.node(cordoned: cordoned, by: run)], pods: pods)
  }

  // MARK: Ways to the end

  @Test func cordonsThenEvictsAndLeavesWhatBelongsThere() async {
    let logs = Sample.pod("logs", namespace: "kube-system", owner: .init(kind: "DaemonSet", name: "logs"))
    var world = Self.world(
      Sample.controlPlane() + [
        logs, Sample.pod("web-0"), Sample.pod("web-1", phase: "Failed"), Sample.pod("far", node: "x"),
      ])
    world.daemonSets = ["kube-system/logs"]
    let bench = ActionBench([], world)
    let result = await bench.perform(Self.step())
    #expect(result.outcome == StepOutcome("Drained cp-1: 2 pods moved away.", changed: true))
    #expect(bench.cluster.changes.first == Self.cordon)
    #expect(Set(bench.cluster.changes.dropFirst()) == ["evict web-0", "delete web-1"])
    #expect(bench.cluster.world.pods.filter { $0.node == "cp-1" }.count == 5)
    #expect(bench.cluster.world.nodes[0].annotations == ["pawl.dev/cordoned-by": ActionBench.run.text])
  }

  @Test func anAdministratorsCordonGetsNoMark() async {
    let bench = Self.bench([Sample.pod("web-0")], cordoned: true)
    #expect(await bench.perform(Self.step()).outcome != nil)
    #expect(bench.cluster.changes == ["evict web-0"])
    #expect(bench.cluster.world.nodes[0].annotations.isEmpty)
  }

  @Test func aSecondDrainFindsNothingToDo() async {
    let bench = Self.bench([Sample.pod("web-0")])
    #expect(await bench.perform(Self.step()).outcome?.changed == true)
    let again = await bench.perform(Self.step(), attempt: 2)
    #expect(again.outcome == StepOutcome("Drained cp-1: 0 pods moved away.", changed: false))
    #expect(bench.cluster.changes == [Self.cordon, "evict web-0"])
  }

  @Test func aBudgetIsAskedAgainUntilItAllows() async {
    var world = Self.world([Sample.pod("web-0", labels: ["app": "web"]), Sample.pod("db-0")])
    world.budgets = [DrainTextTests.budget(healthy: 2, desired: 2, expected: 3)]
    world.evictions["web-0"] = [.success(Self.blocked), .success(Self.blocked), .success(.evicted)]
    let bench = ActionBench([], world)
    #expect(await bench.perform(Self.step()).outcome?.summary == "Drained cp-1: 2 pods moved away.")
    #expect(bench.clock.seconds == 10, "two waits of five seconds")
    #expect(
      bench.log.statuses.first
        == "cp-1: 1 pod left; shop/web-0 (of ReplicaSet web) stays because budget shop/web allows 0 of 3, needs 1 healthy more (2 healthy now), for 0 s; 0 of 120 s"
    )
  }

  @Test func theServersRetryAfterIsKept() async {
    var world = Self.world([Sample.pod("web-0")])
    world.evictions["web-0"] = [
      .success(.blocked(message: "Later.", retryAfterSeconds: 17)), .success(.evicted),
    ]
    let bench = ActionBench([], world)
    #expect(await bench.perform(Self.step()).outcome != nil)
    #expect(bench.clock.seconds == 17)
  }

  @Test(arguments: [(0, 1), (-3, 1), (86_400, 60)])
  func aRetryAfterIsNeitherAtOnceNorNever(_ answer: Int, _ seconds: Int) async {
    var world = Self.world([Sample.pod("web-0")])
    world.evictions["web-0"] = [
      .success(.blocked(message: "Later.", retryAfterSeconds: answer)), .success(.evicted),
    ]
    let bench = ActionBench([], world)
    #expect(await bench.perform(Self.step()).outcome != nil)
    #expect(bench.clock.seconds == seconds)
  }

  @Test func aServerThatIsBusyIsNotTheBudgetsFault() async {
    var world = Self.world([Sample.pod("web-0", labels: ["app": "web"])])
    world.budgets = [DrainTextTests.budget(healthy: 2, desired: 2, expected: 3)]
    world.evictions["web-0"] = [
      .success(.blocked(message: "Too busy.", retryAfterSeconds: 1, isBudget: false)), .success(.evicted),
    ]
    let bench = ActionBench([], world)
    #expect(await bench.perform(Self.step()).outcome != nil)
    #expect(bench.log.statuses.first?.contains("stays because Too busy., for 0 s") == true)
  }

  @Test func aPodThatWasCalledGoneAndStaysIsAskedAgain() async {
    var world = Self.world([Sample.pod("web-0")])
    world.evictions["web-0"] = [.success(.gone), .success(.evicted)]
    let bench = ActionBench([], world)
    #expect(await bench.perform(Self.step()).outcome != nil)
    #expect(bench.clock.seconds == 5)
  }

  @Test func aBlockedPodThatGoesByItselfIsNotAskedAgain() async {
    var world = Self.world([Sample.pod("web-0")])
    world.evictions["web-0"] = [.success(Self.blocked), .success(.refused(message: "asked again"))]
    let bench = ActionBench([], world)
    bench.cluster.at(2) { $0.pods[0].terminating = true }
    bench.cluster.at(9) { $0.pods = [] }
    #expect(await bench.perform(Self.step()).outcome != nil)
  }

  @Test(arguments: [EvictionAnswer.gone, .namespaceTerminating]) func otherAnswersEndWell(
    _ answer: EvictionAnswer
  ) async {
    var world = Self.world([Sample.pod("web-0")])
    world.evictions["web-0"] = [.success(answer)]
    let bench = ActionBench([], world)
    bench.cluster.at(4) { $0.pods = [] }
    #expect(await bench.perform(Self.step()).outcome != nil)
  }

  @Test func aPodOfTheSameNameIsAnotherPod() async {
    var world = Self.world([Sample.pod("db-0")])
    world.recreated = ["db-0"]
    world.termination = ["db-0": 8]
    let bench = ActionBench([], world)
    #expect(await bench.perform(Self.step()).outcome?.summary == "Drained cp-1: 4 pods moved away.")
    #expect(bench.clock.seconds == 32, "each wait ends when the old pod is gone")
    #expect(bench.cluster.changes == [Self.cordon] + Array(repeating: "evict db-0", count: 4))
    #expect(
      bench.log.output.last
        == "pods keep coming to cp-1 although it is cordoned, and are left there: shop/db-0 (of ReplicaSet web)\n"
    )
  }

  @Test func aPodThatWasBoundBeforeTheCordonAndShowsUpLateGoesToo() async {
    var world = Self.world([Sample.pod("web-0")])
    world.termination = ["web-0": 8]
    let bench = ActionBench([], world)
    bench.cluster.at(3) { $0.pods.append(Sample.pod("late")) }
    #expect(await bench.perform(Self.step()).outcome?.summary == "Drained cp-1: 2 pods moved away.")
    #expect(bench.cluster.changes == [Self.cordon, "evict web-0", "evict late"])
    #expect(bench.log.output.last == "evict   shop/late\n")
  }

  @Test func aLatePodThatCantBeMovedWithoutLossIsRefused() async {
    var world = Self.world([Sample.pod("web-0")])
    world.termination = ["web-0": 8]
    let bench = ActionBench([], world)
    bench.cluster.at(3) { $0.pods.append(Sample.pod("late", owner: nil)) }
    let failure = await bench.perform(Self.step()).failure
    #expect(failure?.code == "drain-refused")
    #expect(failure?.causes == ["shop/late: no controller creates it again"])
    #expect(bench.cluster.changes == [Self.cordon, "evict web-0"])
  }

  @Test func aLatePodHasNoTimeBeyondTheLimit() async {
    var world = Self.world([Sample.pod("web-0")])
    world.termination = ["web-0": 120]
    let bench = ActionBench([], world)
    bench.cluster.at(119) { $0.pods.append(Sample.pod("late")) }
    let failure = await bench.perform(Self.step()).failure
    #expect(failure?.code == "drain-timed-out")
    #expect(
      failure?.causes == ["shop/late (of ReplicaSet web) stays because it has not been asked yet, for 0 s"])
  }

  @Test func noPodIsAskedBeyondTheLimit() async {
    let bench = Self.bench((0..<6).map { Sample.pod("web-\($0)") }, evictionSeconds: 50)
    let failure = await bench.perform(Self.step(["maxParallelEvictions": .int(1)])).failure
    #expect(failure?.code == "drain-timed-out")
    #expect(bench.clock.seconds == 150, "the third is under way when the time is up")
    #expect(failure?.causes.count == 3)
    #expect(
      failure?.causes.first
        == "shop/web-3 (of ReplicaSet web) stays because it has not been asked yet, for 150 s")
  }

  @Test func aPodThatTerminatesAlreadyIsOnlyWaitedFor() async {
    let bench = Self.bench([Sample.pod("web-0", terminating: true)])
    bench.cluster.at(20) { $0.pods = [] }
    #expect(await bench.perform(Self.step()).outcome != nil)
    #expect(bench.cluster.changes == [Self.cordon])
    #expect(
      bench.log.statuses
        == [0, 15].map {
          "cp-1: 1 pod left; shop/web-0 (of ReplicaSet web) stays because it is terminating but its containers have not ended, for \($0) s; \($0) of 120 s"
        })
  }

  @Test func manyPodsAllGoWithTheirGracePeriod() async {
    let bench = Self.bench((0..<23).map { Sample.pod("web-\($0)") })
    let result = await bench.perform(Self.step(["gracePeriod": .int(7)]))
    #expect(result.outcome?.summary == "Drained cp-1: 23 pods moved away.")
    #expect(Set(bench.cluster.changes.dropFirst()) == Set((0..<23).map { "evict web-\($0) grace 7" }))
  }

  @Test func anAPIServerThatIsAwayForAMinuteIsWaitedOut() async {
    var world = Self.world([Sample.pod("web-0")])
    world.termination = ["web-0": 80]
    let bench = ActionBench([], world)
    bench.cluster.at(10) { $0.error = ClusterError(.unreachable, "The API server does not answer.") }
    bench.cluster.at(70) { $0.error = nil }
    #expect(await bench.perform(Self.step()).outcome != nil)
    #expect(bench.log.statuses.contains { $0.hasPrefix("The API server does not answer. Trying again") })
  }

  @Test func aWatchThatTellsNothingIsToldOf() async {
    var world = Self.world([Sample.pod("web-0")])
    world.termination = ["web-0": 40]
    world.silence = ClusterError(.timedOut, "The API server did not answer (connection refused).")
    let bench = ActionBench([], world)
    bench.cluster.at(30) { $0.silence = nil }
    #expect(await bench.perform(Self.step()).outcome != nil)
    #expect(
      bench.log.statuses.first
        == "The API server did not answer (connection refused). Trying again.")
  }

  // MARK: Refusals

  @Test func refusesAllAtOnceBeforeAnythingIsTouched() async {
    let bench = Self.bench([
      Sample.pod("web-0"), Sample.pod("cache", emptyDir: true), Sample.pod("shell", owner: nil),
      Sample.pod("logs", owner: .init(kind: "DaemonSet", name: "gone")),
    ])
    let failure = await bench.perform(Self.step()).failure
    #expect(failure?.code == "drain-refused")
    #expect(
      failure?.causes == [
        "shop/cache: its emptyDir volume would be lost",
        "shop/logs: its DaemonSet gone is gone, so nothing creates it again",
        "shop/shell: no controller creates it again",
      ])
    #expect(
      failure?.message.hasPrefix("cp-1 is not drained: 3 pods can't be moved without loss: shop/cache: ")
        == true)
    #expect(failure?.message.hasSuffix(". Nothing was touched.") == true)
    #expect(failure?.hint?.contains("`localData: delete`") == true)
    #expect(failure?.hint?.contains("`unmanagedPods: delete`") == true)
    #expect(
      failure?.hint?.hasPrefix(
        "Move or remove them and `pawl resume \(ActionBench.run.text)`; or allow it and plan anew, because this run "
          + "keeps what was approved: ") == true)
    for words in [
      "`pawl drain --local-data`", "`pawl drain --unmanaged-pods`", "`action: evict` in `policy.drain.pods`",
    ] {
      #expect(failure?.hint?.contains(words) == true, "\(words)")
    }
    #expect(bench.cluster.changes.isEmpty)
  }

  @Test func aPodThatComesInBetweenIsRefusedOnTheCordonedNode() async {
    var world = Self.world([Sample.pod("web-0")], cordoned: true, by: ActionBench.run.text)
    world.pods.append(Sample.pod("shell", owner: nil))
    let bench = ActionBench([], world)
    let failure = await bench.perform(Self.step()).failure
    #expect(failure?.message.hasSuffix(". Nothing more was touched; the node stays cordoned.") == true)
    #expect(failure?.hint?.contains("`localData: delete`") == false)
  }

  @Test func whatPolicyGivesUpIsSaid() async {
    let bench = Self.bench([Sample.pod("shell", owner: nil, emptyDir: true)])
    let step = Self.step(["localData": .string("delete"), "unmanagedPods": .string("delete")])
    #expect(await bench.perform(step).outcome != nil)
    #expect(
      bench.log.statuses.first
        == "cp-1: shop/shell is given up: its emptyDir volume would be lost and no controller creates it again"
    )
  }

  // MARK: Failures

  @Test func theTimeoutNamesEveryPodAndWhy() async {
    var world = Self.world([
      Sample.pod("web-0", labels: ["app": "web"]),
      Sample.pod("held", terminating: true, finalizers: ["x.example/hold"]),
      Sample.pod("slow"), Sample.pod("quick"),
    ])
    world.budgets = [DrainTextTests.budget(healthy: 3, desired: 3, expected: 3)]
    world.evictions["web-0"] = [.success(Self.blocked)]
    world.termination = ["slow": 100_000]
    let bench = ActionBench([], world)
    let failure = await bench.perform(Self.step()).failure
    #expect(failure?.code == "drain-timed-out")
    #expect(bench.clock.seconds == 120)
    #expect(
      failure?.causes == [
        "shop/held (of ReplicaSet web) stays because it is deleted but finalizers hold it: x.example/hold, for 120 s",
        "shop/slow (of ReplicaSet web) stays because it is terminating but its containers have not ended, for 120 s",
        "shop/web-0 (of ReplicaSet web) stays because budget shop/web allows 0 of 3: it wants all of them healthy, so it never allows an eviction, for 120 s",
      ])
    #expect(
      failure?.message.hasPrefix("Draining cp-1 did not end within 120 s; 3 pods left: shop/held (of") == true
    )
    #expect(failure?.hint?.hasPrefix("The node stays cordoned.") == true)
  }

  @Test func aFinalizerThatNeverEndsIsNamedAtTheDeadline() async {
    let bench = Self.bench([Sample.pod("held", finalizers: ["x.example/hold"])])
    let failure = await bench.perform(Self.step()).failure
    #expect(
      failure?.causes == [
        "shop/held (of ReplicaSet web) stays because it is deleted but finalizers hold it: x.example/hold, for 120 s"
      ])
    #expect(bench.clock.seconds == 120)
  }

  @Test func theStepsLimitBoundsTheDrain() async {
    let bench = Self.bench([Sample.pod("web-0", terminating: true)])
    var step = Self.step()
    step.timeoutSeconds = 30
    #expect(await bench.perform(step).failure?.message.contains("did not end within 30 s") == true)
  }

  @Test func aForbiddenEvictionFailsAtOnce() async {
    var world = Self.world([Sample.pod("web-0")])
    world.evictions["web-0"] = [.failure(ClusterError(.forbidden, "You may not evict pods."))]
    let bench = ActionBench([], world)
    #expect(await bench.perform(Self.step()).failure?.message == "You may not evict pods.")
    #expect(bench.clock.seconds == 0)
  }

  @Test func aNodeThatIsUncordonedMeanwhileIsNotDrained() async {
    let bench = Self.bench([Sample.pod("web-0", terminating: true)])
    bench.cluster.at(5) { $0.nodes[0].unschedulable = false }
    bench.cluster.at(6) { $0.pods = [] }
    #expect(await bench.perform(Self.step()).failure?.code == "uncordoned-meanwhile")
  }

  @Test func aCancelledDrainIsInDoubtAndGoesOn() async {
    var world = Self.world([Sample.pod("web-0")])
    world.evictions["web-0"] = [.success(Self.blocked)]
    let bench = ActionBench([], world)
    let (started, signal) = AsyncStream<Void>.makeStream()
    let task = Task {
      for await _ in started {}
      return await bench.perform(Self.step())
    }
    task.cancel()
    signal.finish()
    let result = await task.value
    #expect(result.failure?.code == "cancelled")
    #expect(result.isLost)
    #expect(await bench.probe(Self.step()).name == "torn")
  }

  // MARK: Probes

  @Test(
    arguments: [
      (false, nil, [Sample.pod("web-0")], "not started"), (false, nil, [], "not started"),
      (true, ActionBench.run.text, [], "done"), (true, nil, [], "done"),
      (true, ActionBench.run.text, [Sample.pod("web-0")], "torn"),
      (true, nil, [Sample.pod("web-0")], "not started"),
      (true, ActionBench.run.text, Sample.controlPlane(), "done"),
      (true, ActionBench.run.text, [Sample.pod("shell", owner: nil)], "torn"),
      (true, nil, [Sample.pod("shell", owner: nil)], "not started"),
      (true, ActionBench.run.text, [Sample.pod("cache", emptyDir: true)], "torn"),
      (true, nil, Sample.controlPlane() + [Sample.pod("cache", emptyDir: true)], "not started"),
    ] as [(Bool, String?, [ClusterPod], String)])
  func probes(_ cordoned: Bool, _ run: String?, _ pods: [ClusterPod], _ verdict: String) async {
    #expect(await Self.bench(pods, cordoned: cordoned, by: run).probe(Self.step()).name == verdict)
  }

  @Test func anEvictionThatWentThroughIsSeenAfterALostAnswer() async {
    var world = Self.world([Sample.pod("web-0")], cordoned: true, by: ActionBench.run.text)
    world.changeError = ClusterError(.unreachable, "The API server does not answer.")
    let bench = ActionBench([], world)
    #expect(await bench.perform(Self.step()).outcome != nil)
    #expect(bench.cluster.changes == ["evict web-0"])
  }
}
