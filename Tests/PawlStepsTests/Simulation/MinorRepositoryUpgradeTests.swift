import Foundation
import PawlEngine
import PawlModel
import PawlPlan
import PawlSimulation
import PawlSteps
import Testing

@Suite("The runbook's upgrade where each minor has a repository of its own")
struct MinorRepositoryUpgradeTests {
  private let cluster: SimulatedCluster
  private let inventory: Inventory

  init() {
    var state = SimulatedState.demo()
    state.repositoryPerMinor = true
    for name in state.hosts.keys { state.point(name, at: "1.29") }
    cluster = SimulatedCluster(state)
    var inventory = SimulatedCluster.demoInventory
    inventory.packages.sourceTemplate = "deb https://packages.example/v{minor}/deb/ /"
    self.inventory = inventory
  }

  private func plan(_ inventory: Inventory, to version: String = "1.31") async throws -> (Plan, Facts) {
    let facts = try #require(
      await FactGatherer(hosts: cluster, cluster: cluster, scratchName: "test").gather(for: inventory).facts)
    let file = URL(filePath: #filePath).deletingLastPathComponent()
      .appending(path: "../../../runbooks/kubeadm-upgrade.yaml")
    let runbook = try Runbook.read(
      text: String(contentsOf: file, encoding: .utf8), file: "kubeadm-upgrade.yaml")
    let plan = try Planner(catalog: ActionRegistry.standard.catalog).plan(
      Planner.Request(runbook: runbook, inventory: inventory, facts: facts, inputs: ["target": version]))
    return (plan, facts)
  }

  private func run(_ plan: Plan, _ facts: Facts) async throws -> RunOutcome? {
    let store = MemoryRunStore()
    let id = RunID("test")
    try await store.create(
      RunRecord(
        id: id, plan: plan, inventory: inventory, facts: facts, createdAt: Date(timeIntervalSince1970: 0),
        createdBy: "test", pawlVersion: "0"))
    let performer = ActionPerformer(
      hosts: cluster, cluster: cluster, http: cluster, clock: cluster.clock)
    return try await RunExecutor(store: store, performer: performer, clock: cluster.clock).run(
      id, by: "test", epoch: 1)
  }

  @Test("two minors: each host's source follows the hops, every node ends at the target")
  func twoMinors() async throws {
    let (plan, facts) = try await plan(inventory)
    #expect(try await run(plan, facts) == .completed)
    let target = KubernetesVersion(1, 31, 14)
    let after = await cluster.snapshot
    #expect(after.nodes.values.allSatisfy { $0.kubeletVersion == target && !$0.unschedulable })
    #expect(
      after.hosts.values.allSatisfy {
        $0.files == ["/etc/apt/sources.list.d/kubernetes.list": "deb https://packages.example/v1.31/deb/ /\n"]
      })
    #expect(await cluster.violations.map(\.message) == [])
  }

  @Test("without a template the next minor is invisible, and the plan is refused")
  func withoutTemplate() async throws {
    var plain = inventory
    plain.packages.sourceTemplate = nil
    await #expect(throws: PlanningError.self) { try await plan(plain) }
  }

  @Test(
    "the source is set before each update; a control plane that is ahead already gets it with its kubelet")
  func controlPlaneAhead() async throws {
    let usual = try await plan(inventory, to: "1.30").0
    #expect(usual.step(StepID("1.30/set-package-source@cp-1"))?.path.last == "first-control-plane")
    #expect(
      usual.step(StepID("1.30/update-packages@worker-1"))?.needs == [
        StepID("1.30/set-package-source@worker-1")
      ])

    await cluster.edit { state in
      state.nodes["cp-1"]?.controlPlane = SimulatedControlPlane(KubernetesVersion(1, 30, 14))
      state.clusterVersion = KubernetesVersion(1, 30, 14)
    }
    let ahead = try await plan(inventory, to: "1.30").0
    let step = try #require(ahead.step(StepID("1.30/set-package-source@cp-1")))
    #expect(step.path.contains("control-plane-kubelets"))
    #expect(step.with["line"] == .string("deb https://packages.example/v1.30/deb/ /"))
  }

  @Test("template and file are part of what a plan depends on; without a template the file is not")
  func basis() async throws {
    let plan = try await plan(inventory).0
    #expect(plan.basis["packages/sourceTemplate"] == inventory.packages.sourceTemplate)
    #expect(plan.basis["packages/sourceFile"] == "/etc/apt/sources.list.d/kubernetes.list")
    var plain = inventory
    plain.packages.sourceTemplate = nil
    let facts = try #require(await FactGatherer(hosts: cluster, cluster: cluster).gather(for: plain).facts)
    #expect(!PlanBasis.entries(inventory: plain, facts: facts).keys.contains { $0.hasPrefix("packages/") })
  }
}
