import PawlEngine
import PawlModel
import Testing

@testable import PawlSteps

/// 20 containers may be stopping at once; a pod that is there for five seconds more counts no longer.
@Suite struct DrainPaceTests {
  private static func pods(_ count: Int, containers: Int = 1, askedAt: Int? = nil) -> [LeavingPod] {
    (0..<count).map { number in
      var pod = Sample.pod("web-\(number)")
      pod.images = Array(repeating: "web", count: containers)
      var leaving = LeavingPod(
        pod: pod, manner: .evict, state: askedAt == nil ? .pending(atSecond: 0, blockedBy: nil) : .going)
      leaving.askedAt = askedAt
      return leaving
    }
  }

  private static func allowed(_ due: [LeavingPod], beside stopping: [LeavingPod] = [], now: Int = 10) -> Int {
    DrainPace.allowed(due, of: due + stopping, now: now).count
  }

  @Test func asManyAreAskedAsTheNodeMayStopAtOnce() {
    #expect(Self.allowed(Self.pods(100)) == 20)
    #expect(Self.allowed(Self.pods(7)) == 7)
    #expect(Self.allowed(Self.pods(100), beside: Self.pods(15, askedAt: 9)) == 5)
    #expect(Self.allowed(Self.pods(100), beside: Self.pods(20, askedAt: 6)) == 0)
    #expect(Self.allowed(Self.pods(100), beside: Self.pods(20, askedAt: 5)) == 20, "they take their time")
  }

  @Test func containersCountAndNotPods() {
    #expect(Self.allowed(Self.pods(100, containers: 4)) == 5)
    #expect(Self.allowed(Self.pods(2, containers: 60)) == 1, "one that is too large goes all the same")
  }

  @Test func isWorthAskingAgainWhenHalfOfTheRoomIsFree() {
    #expect(!DrainPace.hasRoom(Self.pods(11, askedAt: 9), now: 10))
    #expect(DrainPace.hasRoom(Self.pods(10, askedAt: 9), now: 10))
    #expect(DrainPace.nextRoom(Self.pods(1, askedAt: 9) + Self.pods(1, askedAt: 7), now: 10) == 12)
    #expect(DrainPace.nextRoom(Self.pods(3) + Self.pods(1, askedAt: 5), now: 10) == nil)
  }

  @Test("100 pods go as fast as their node stops them", arguments: [(1, 5), (30, 50)])
  func paces(eachTakes: Int, all: Int) async {
    let pods = Self.pods(100).map(\.pod)
    var world = World(nodes: [Sample.node()], pods: pods)
    world.termination = Dictionary(uniqueKeysWithValues: pods.map { ($0.name, eachTakes) })
    let bench = ActionBench([], world)
    let result = await bench.perform(ActionBench.step("node/drain@v1", with: ["timeout": .string("2m")]))
    #expect(result.outcome?.summary == "Drained cp-1: 100 pods moved away.")
    #expect(bench.clock.seconds == all)
  }
}
