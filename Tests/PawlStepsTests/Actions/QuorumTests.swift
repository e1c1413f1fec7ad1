import PawlEngine
import PawlPlan
import PawlSteps
import Testing

@Suite struct ClusterCheckQuorumTests {
  private let step = ActionBench.step("cluster/check-quorum@v1", host: "cp-2", timeoutSeconds: 60)

  /// Control planes with an etcd member each; `down` are those whose pod is not ready.
  private func world(_ members: [String], down: Set<String> = []) -> World {
    World(
      nodes: members.map { Sample.node($0) },
      pods: members.flatMap { Sample.controlPlane($0, notReady: down.contains($0) ? ["etcd"] : []) })
  }

  private let three = ["cp-1", "cp-2", "cp-3"]

  @Test func threeCanSpareOne() async {
    #expect(
      await ActionBench([], world(three)).perform(step).outcome
        == StepOutcome("etcd: 3 members, 3 healthy, 2 needed; taking cp-2 leaves 2.", changed: false))
  }

  @Test func waitsForTheOtherMember() async {
    let bench = ActionBench([], world(three, down: ["cp-3"]))
    bench.cluster.at(10) { world in
      for index in world.pods.indices { world.pods[index].ready = true }
    }
    #expect(await bench.perform(step).failure == nil)
    #expect(
      bench.log.statuses.first
        == "cp-2: waits; 3 members, 2 healthy (not cp-3), 2 needed; taking cp-2 leaves 1; 0 of 60 s")
  }

  @Test func refusesWhenTheOthersWouldNotBeEnough() async {
    let bench = ActionBench([], world(three, down: ["cp-3"]))
    let failure = await bench.perform(step).failure
    #expect(failure?.code == "quorum-at-risk")
    #expect(
      failure?.message
        == "cp-2 was not touched, because etcd could not spare it within 60 s: 3 members, 2 healthy (not cp-3), "
        + "2 needed; taking cp-2 leaves 1.")
    #expect(bench.cluster.changes.isEmpty)
  }

  /// The member that is down itself costs nothing more.
  @Test func theMemberThatIsDownMayBeTaken() async {
    #expect(await ActionBench([], world(three, down: ["cp-2"])).perform(step).failure == nil)
  }

  @Test func twoNeverCanSpareOne() async {
    let bench = ActionBench([], world(["cp-1", "cp-2"]))
    let failure = await bench.perform(step).failure
    #expect(failure?.retry == .permanent)
    #expect(
      failure?.message
        == "cp-2 was not touched: 2 members, 2 healthy, 2 needed; taking cp-2 leaves 1, so etcd would stop.")
    #expect(bench.clock.seconds == 0)
  }

  @Test func aSingleOneIsItsOwnRule() async {
    let outcome = await ActionBench([], world(["cp-2"])).perform(step).outcome
    #expect(
      outcome?.summary
        == "etcd: 1 member, on cp-2: the API server is away while it restarts, and nothing can spare it.")
  }

  @Test func etcdElsewhereLosesNothing() async {
    var elsewhere = world(three)
    elsewhere.pods.removeAll { $0.labels["component"] == "etcd" }
    let outcome = await ActionBench([], elsewhere).perform(step).outcome
    #expect(outcome?.summary == "etcd: cp-2 has no member in a static pod, so taking it takes none away.")
  }

  /// A node that is not Ready, or a control plane without its pod, has a member that is down.
  @Test func whatIsNotSeenRunningCountsAsDown() async {
    var away = world(three)
    away.nodes[2].ready = false
    #expect(await ActionBench([], away).perform(step).failure?.code == "quorum-at-risk")
    var missing = world(three)
    missing.pods.removeAll { $0.name == "etcd-cp-3" }
    #expect(await ActionBench([], missing).perform(step).failure?.code == "quorum-at-risk")
  }

  @Test func anAPIServerThatIsNotReadyProvesNothing() async {
    var unready = world(three)
    unready.ready = false
    let failure = await ActionBench([], unready).perform(step).failure
    #expect(failure?.causes == ["the API server is not ready, so etcd may not answer"])
  }
}
