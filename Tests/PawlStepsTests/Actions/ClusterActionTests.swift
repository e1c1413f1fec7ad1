import PawlEngine
import PawlModel
import PawlSteps
import Testing

@Suite struct ClusterCheckHealthTests {
  private let step = ActionBench.step("cluster/check-health@v1", host: nil)
  static let healthy = World(
    nodes: [
      Sample.node("cp-2"), Sample.node("cp-1"), Sample.node("worker-1", controlPlane: false, ready: false),
    ],
    pods: Sample.controlPlane("cp-1") + Sample.controlPlane("cp-2"))

  @Test func passes() async {
    let result = await ActionBench([], Self.healthy).perform(step)
    #expect(result.outcome == StepOutcome("The control plane is healthy on cp-1, cp-2.", changed: false))
  }

  struct Case: Sendable {
    let says: String
    let spoil: @Sendable (inout World) -> Void
  }

  @Test(arguments: [
    Case(says: "the API server is not ready") { $0.ready = false },
    Case(says: "the cluster has no control-plane node") { $0.nodes = [] },
    Case(says: "node cp-1 is not Ready (PLEG)") {
      $0.nodes[1].ready = false
      $0.nodes[1].readyMessage = "PLEG"
    },
    Case(says: "kube-scheduler is missing on cp-2") {
      $0.pods.removeAll { $0.name == "kube-scheduler-cp-2" }
    },
    Case(says: "etcd is Failed on cp-1") { world in
      for index in world.pods.indices where world.pods[index].name == "etcd-cp-1" {
        world.pods[index].phase = "Failed"
      }
    },
    Case(says: "kube-apiserver is not ready on cp-1; kube-apiserver is not ready on cp-2") {
      $0.pods =
        Sample.controlPlane("cp-1", notReady: ["kube-apiserver"])
        + Sample.controlPlane("cp-2", notReady: ["kube-apiserver"])
    },
  ])
  func namesWhatIsNotWell(_ item: Case) async {
    var world = Self.healthy
    item.spoil(&world)
    let failure = await ActionBench([], world).perform(step).failure
    #expect(failure?.message == "The control plane is not healthy: \(item.says).")
    #expect(failure?.retry == .temporary)
  }

  @Test func anExternalEtcdIsNotMissed() async {
    var world = Self.healthy
    world.pods.removeAll { $0.name.hasPrefix("etcd") }
    #expect(await ActionBench([], world).perform(step).outcome != nil)
  }
}

@Suite struct ClusterVerifyControlPlaneTests {
  private let step = ActionBench.step(
    "cluster/verify-control-plane@v1", with: ["version": .string("1.20.15")], timeoutSeconds: 60)

  @Test func waitsUntilEverythingRunsTheVersion() async {
    let bench = ActionBench(
      [], World(nodes: [Sample.node()], pods: Sample.controlPlane(others: Sample.old, notReady: ["etcd"])))
    bench.cluster.at(10) { $0.pods = Sample.controlPlane(notReady: ["kube-scheduler"]) }
    bench.cluster.at(20) {
      $0.pods = Sample.controlPlane()
      $0.ready = false
    }
    bench.cluster.at(26) { $0.ready = true }
    let result = await bench.perform(step)
    #expect(
      result.outcome == StepOutcome("The control plane of cp-1 runs v1.20.15 and is ready.", changed: false))
    #expect(
      bench.log.statuses.first
        == "cp-1: waits because kube-controller-manager runs v1.19.16, kube-scheduler runs v1.19.16, etcd is not ready"
    )
    #expect(bench.log.statuses.contains("cp-1: waits because kube-scheduler is not ready"))
    #expect(bench.log.statuses.last == "cp-1: waits for the API server to call itself ready")
  }

  @Test func waitsOutTheAPIServersOwnRestart() async {
    var world = World(nodes: [Sample.node()], pods: Sample.controlPlane())
    world.error = ClusterError(.unreachable, "The API server does not answer.")
    let bench = ActionBench([], world)
    bench.cluster.at(20) { $0.error = nil }
    #expect(await bench.perform(step).outcome != nil)
  }

  @Test func saysWhatWasMissingWhenTheTimeIsUp() async {
    let failure = await ActionBench(
      [], World(nodes: [Sample.node()], pods: Sample.controlPlane(others: Sample.old))
    )
    .perform(step).failure
    #expect(
      failure?.message
        == "The control plane of cp-1 was not ready at v1.20.15 in time: kube-controller-manager runs v1.19.16, kube-scheduler runs v1.19.16."
    )
  }

  @Test func anAPIServerThatIsNotReadyIsNamed() async {
    var world = World(nodes: [Sample.node()], pods: Sample.controlPlane())
    world.ready = false
    let failure = await ActionBench([], world).perform(step).failure
    #expect(failure?.message.hasSuffix("in time: the API server does not call itself ready.") == true)
  }
}

@Suite struct ClusterVerifyVersionsTests {
  private let step = ActionBench.step(
    "cluster/verify-versions@v1", with: ["version": .string("1.20.15")], host: nil)
  private let world = World(
    nodes: [Sample.node("cp-1"), Sample.node("worker-1", controlPlane: false)],
    pods: Sample.controlPlane("cp-1"))

  @Test func passes() async {
    let result = await ActionBench([], world).perform(step)
    #expect(result.outcome?.summary == "All 2 nodes run v1.20.15 and none is left cordoned.")
  }

  @Test func anAdministratorsCordonDoesNotMatter() async {
    var world = world
    world.nodes[1].unschedulable = true
    #expect(await ActionBench([], world).perform(step).outcome != nil)
  }

  @Test func aNodeThatTheRunHasLeftBehindIsNamedAndDoesNotMatter() async {
    var world = world
    world.nodes[1] = Sample.node(
      "worker-1", controlPlane: false, cordoned: true, by: ActionBench.run.text, version: Sample.old,
      ready: false)
    let bench = ActionBench([], world)
    #expect(
      await bench.perform(step, leftBehind: ["worker-1"]).outcome?.summary
        == "1 of 2 nodes run v1.20.15; left behind: worker-1 at v1.19.16.")
  }

  @Test func nodesThatTheJobIsNotForAreNamedAndDoNotMatter() async {
    var world = world
    world.nodes[1] = Sample.node("worker-1", controlPlane: false, version: Sample.old, ready: false)
    world.nodes.append(Sample.node("worker-2", controlPlane: false, version: Sample.old))
    let step = ActionBench.step(
      "cluster/verify-versions@v1",
      with: ["version": .string("1.20.15"), "except": .list([.string("worker-1")])], host: nil)
    #expect(
      await ActionBench([], world).perform(step).failure?.causes == ["the kubelet of worker-2 runs v1.19.16"])
    #expect(
      await ActionBench([], world).perform(step, leftBehind: ["worker-1", "worker-2"]).outcome?.summary
        == "1 of 3 nodes run v1.20.15; left behind: worker-2 at v1.19.16; not part of this job: worker-1 at v1.19.16."
    )
  }

  @Test func namesEveryDifference() async {
    var world = world
    world.nodes[1] = Sample.node(
      "worker-1", controlPlane: false, cordoned: true, by: ActionBench.run.text, version: Sample.old)
    world.pods = Sample.controlPlane("cp-1", apiServer: Sample.old)
    let failure = await ActionBench([], world).perform(step).failure
    #expect(
      failure?.causes == [
        "kube-apiserver runs v1.19.16 on cp-1", "the kubelet of worker-1 runs v1.19.16",
        "worker-1 is still cordoned by this run",
      ])
  }
}

@Suite struct ClusterCheckSkewTests {
  private func perform(_ version: String, worker: KubernetesVersion) async -> StepResult {
    let nodes = [
      Sample.node("cp-1", version: worker), Sample.node("worker-1", controlPlane: false, version: worker),
    ]
    let step = ActionBench.step("cluster/check-skew@v1", with: ["version": .string(version)], host: nil)
    return await ActionBench([], World(nodes: nodes)).perform(step)
  }

  @Test func passes() async {
    let result = await perform("1.20.15", worker: KubernetesVersion(1, 19, 16))
    #expect(result.outcome?.summary == "Every kubelet fits a control plane at v1.20.15.")
  }

  @Test func aNodeThatIsTooFarBehindIsNamedWithTheRule() async throws {
    let failure = try #require(await perform("1.22.17", worker: KubernetesVersion(1, 19, 16)).failure)
    #expect(failure.code == "skew" && failure.retry == .permanent)
    #expect(
      failure.message.contains("worker-1") && failure.message.contains("rule kubelet-too-old"), "\(failure)")
  }
}
