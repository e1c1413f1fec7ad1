import ArgumentParser
import Foundation
import PawlModel
import PawlPlan
import PawlSimulation
import PawlSteps
import PawlTestSupport
import Testing

@testable import PawlCLI

/// An upgrade while one worker is out of reach, on the simulated cluster.
@Suite("A worker out of reach")
struct UnreachableWorkerTests {
  private static let away = "worker-2"

  private static func inventory(failureBudget: Int) -> Inventory {
    var inventory = SimulatedCluster.demoInventory
    inventory.policy.rollout = RolloutPolicy(failureBudget: failureBudget)
    return inventory
  }

  private static func world() async -> World {
    let cluster = SimulatedCluster.demo(pace: .timesFaster(200))
    await cluster.setReachable(away, false)
    return World(
      hosts: cluster, cluster: cluster, http: cluster, leases: cluster, clock: PacedClock(speed: 200),
      now: cluster.wallTime, close: {})
  }

  private static func prepare(
    _ world: World, failureBudget: Int, limit: Set<String> = []
  ) async throws -> (plan: Plan, facts: Facts) {
    try await Preparation(inventory: inventory(failureBudget: failureBudget), world: world).plan(
      Catalogue.builtIn("kubeadm-upgrade"), inputs: ["target": RunbookInputs.version("1.30")], limit: limit,
      history: StepHistory())
  }

  @Test("Without a failure budget nothing is touched, with 69 and a way to go on")
  func refused() async throws {
    let failure = try #require(
      await #expect(throws: CommandFailure.self) {
        _ = try await Self.prepare(await Self.world(), failureBudget: 0)
      })
    #expect(failure.status == .unreachable)
    #expect(failure.lines.last?.hasSuffix("To go on without, name the other hosts with --limit.") == true)
  }

  @Test("A limit to the other hosts goes on without")
  func limit() async throws {
    let plan = try await Self.prepare(
      await Self.world(), failureBudget: 0, limit: ["cp-1", "worker-1", "worker-3"]
    ).plan
    #expect(Set(plan.steps.compactMap(\.host)) == ["cp-1", "worker-1", "worker-3"])
    #expect(plan.unreachable == nil)
    let last = try #require(plan.steps.last)
    #expect(last.uses == "cluster/verify-versions@v1" && last.with["except"] == .list([.string("worker-2")]))
  }

  @Test("Within the failure budget the rest is upgraded, the worker is named, and the exit code is 1")
  func leftBehind() async throws {
    let state = try TemporaryDirectory()
    let result = await #expect(
      processExitsWith: .exitCode(1), observing: [\.standardOutputContent, \.standardErrorContent]
    ) { [path = state.path as String] in
      let world = await Self.world()
      let (plan, facts) = try await Self.prepare(world, failureBudget: 1)
      let workflow = try RunWorkflow.open(
        try StateOptions.parse(["--state", path]), output: try OutputOptions.parse([]))
      let status = try await workflow.start(
        plan, inventory: Self.inventory(failureBudget: 1), facts: facts, world: world)
      exit(status.rawValue)
    }
    let output = String(decoding: try #require(result).standardOutputContent, as: UTF8.self)
    #expect(output.contains("3 of 4 nodes run v1.30.14; left behind: worker-2 at v1.29.15."))
    #expect(output.contains("Left behind, because they could not be reached when the plan was made:\n"))
    #expect(output.hasSuffix("When they are back, plan anew: pawl upgrade\n"))
    #expect(!output.contains("drain@worker-2"))
  }
}
