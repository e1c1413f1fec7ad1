import PawlEngine
import PawlModel
import PawlPlan
import PawlSteps
import Testing

@Suite struct VolumeDetachTests {
  private static func step(_ with: [String: Value] = [:]) -> PlanStep {
    let own: [String: Value] = ["timeout": .string("2m"), "atLimit": .string("pause")]
    return ActionBench.step("node/drain@v1", with: own.merging(with) { $1 })
  }

  private static func bench(_ change: (inout World) -> Void = { _ in }) -> ActionBench {
    var world = World(nodes: [Sample.node()], pods: [Sample.pod("db-0")])
    world.attached = ["pv-1"]
    change(&world)
    return ActionBench([], world)
  }

  @Test func theVolumesOfThePodsThatWentAreWaitedFor() async {
    let bench = Self.bench()
    bench.cluster.at(20) { $0.attached = [] }
    #expect(await bench.perform(Self.step()).outcome?.summary == "Drained cp-1: 1 pod moved away.")
    #expect(bench.clock.seconds == 20)
    #expect(bench.log.statuses.contains("cp-1: 1 volume still attached: pv-1; 0 of 120 s"))
  }

  @Test func theVolumesOfPodsThatStayAreNot() async {
    let bench = Self.bench { world in
      var agent = Sample.pod("agent", namespace: "tools")
      agent.claims = ["cache"]
      world.pods.append(agent)
      world.volumes = ["tools/cache": "pv-1"]
    }
    let skip = PodRule(namespace: "tools", action: .skip)
    #expect(await bench.perform(Self.step(["pods": .list([skip.value])])).outcome != nil)
    #expect(bench.clock.seconds == 0)
  }

  @Test func aStayingPodKeepsItsInTreeVolume() async {
    let bench = Self.bench { world in
      world.attached = ["kubernetes.io/aws-ebs/vol-1", "kubernetes.io/aws-ebs/vol-2"]
      var agent = Sample.pod("agent", namespace: "tools")
      agent.disks = [.named("kubernetes.io/aws-ebs/vol-1")]
      world.pods.append(agent)
    }
    bench.cluster.at(20) { $0.attached = ["kubernetes.io/aws-ebs/vol-1"] }
    let skip = PodRule(namespace: "tools", action: .skip)
    #expect(await bench.perform(Self.step(["pods": .list([skip.value])])).outcome != nil)
    #expect(bench.clock.seconds == 20)
    #expect(
      bench.log.statuses.contains(
        "cp-1: 1 volume still attached: kubernetes.io/aws-ebs/vol-2; 0 of 120 s"))
  }

  @Test func volumesThatMayBeAStayingPodsAreNotWaitedForAndNamed() async {
    let bench = Self.bench { world in
      world.attached = ["kubernetes.io/rbd/a:b", "kubernetes.io/iscsi/p:q:0"]
      var agent = Sample.pod("agent", namespace: "tools")
      agent.disks = [.unnamed(prefix: "kubernetes.io/rbd/")]
      world.pods.append(agent)
    }
    bench.cluster.at(20) { $0.attached = ["kubernetes.io/rbd/a:b"] }
    let skip = PodRule(namespace: "tools", action: .skip)
    #expect(await bench.perform(Self.step(["pods": .list([skip.value])])).outcome != nil)
    #expect(bench.clock.seconds == 20)
    #expect(
      bench.log.output.last
        == "1 volume not waited for, because pods that stay use volumes of the same plugin, and which these are "
        + "can't be known: kubernetes.io/rbd/a:b\n")
  }

  @Test func atTheLimitTheyAreNamed() async {
    let failure = await Self.bench().perform(Self.step()).failure
    #expect(failure?.code == "volumes-attached")
    #expect(failure?.retry == .limit)
    #expect(
      failure?.message
        == "The pods of cp-1 are gone, but 1 volume did not leave it within 120 s: pv-1.")
    let failing = await Self.bench().perform(Self.step(["atLimit": .string("fail")])).failure
    #expect(failing?.retry == .temporary)
  }

  @Test func whatTheDriverSaysOfThemIsTold() async {
    let bench = Self.bench {
      $0.attached = ["pv-1", "pv-2"]
      $0.detachErrors = ["pv-2": "device is busy"]
    }
    let failure = await bench.perform(Self.step()).failure
    #expect(failure?.causes == ["pv-1", "pv-2 (device is busy)"])
    #expect(failure?.message.contains("2 volumes did not leave it within 120 s: pv-1; pv-2 (device") == true)
  }

  @Test func aResumeGoesOnWaitingForThem() async {
    let bench = Self.bench { $0.pods = [] }
    bench.cluster.at(3) { $0.attached = [] }
    #expect(await bench.perform(Self.step(), attempt: 2).outcome != nil)
    #expect(bench.clock.seconds == 3)
  }

  @Test(arguments: [ClusterError.Code.forbidden, .notFound])
  func aClusterThatDoesNotTellOfThemIsNotWaitedFor(_ code: ClusterError.Code) async {
    let bench = Self.bench { $0.attachedError = ClusterError(code, "You may not list them.") }
    #expect(await bench.perform(Self.step()).outcome != nil)
    #expect(
      bench.log.statuses.last
        == "cp-1: whether volumes are detached can't be seen, and is not waited for. You may not list them.")
  }

  @Test func forceWaitsAWhileAndGoesOnWithoutThem() async {
    let bench = Self.bench()
    #expect(await bench.perform(Self.step(), force: ForceOrder(by: "e", reason: "r")).outcome != nil)
    #expect(bench.clock.seconds == 60)
    #expect(
      bench.log.output.last == "1 volume still attached: pv-1; not waited for, because forced\n")
  }

  @Test func aLatePodsVolumesHaveAMinute() async {
    let bench = Self.bench { $0.termination = ["db-0": 110] }
    bench.cluster.at(160) { $0.attached = [] }
    #expect(await bench.perform(Self.step()).outcome != nil)
    #expect(bench.clock.seconds == 160)
  }

  @Test(arguments: [(ActionBench.run.text, "torn"), (nil, "not started")] as [(String?, String)])
  func aDrainHasEndedOnlyWithoutThem(_ run: String?, _ verdict: String) async {
    let bench = Self.bench {
      $0.nodes = [Sample.node(cordoned: true, by: run)]
      $0.pods = []
    }
    #expect(await bench.probe(Self.step()).name == verdict)
    bench.cluster.at(0) { $0.attached = [] }
    #expect(await bench.probe(Self.step()).name == "done")
  }

  @Test func aProbeThatMayNotSeeThemDoesNotWaitForThem() async {
    let bench = Self.bench {
      $0.nodes = [Sample.node(cordoned: true, by: ActionBench.run.text)]
      $0.pods = []
      $0.attachedError = ClusterError(.forbidden, "You may not list them.")
    }
    #expect(await bench.probe(Self.step()).name == "done")
  }
}
