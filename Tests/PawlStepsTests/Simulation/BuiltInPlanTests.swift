import Foundation
import PawlModel
import PawlPlan
import PawlSimulation
import PawlSteps
import Testing

@Suite("Plans of the built-in runbooks")
struct BuiltInPlanTests {
  private func plan(
    _ runbook: String, _ inputs: [String: String], _ inventory: Inventory, _ state: SimulatedState
  ) async throws -> Plan {
    let cluster = SimulatedCluster(state)
    let facts = try #require(
      await FactGatherer(hosts: cluster, cluster: cluster, scratchName: "test")
        .gather(for: inventory, patches: true).facts)
    let file = URL(filePath: #filePath).deletingLastPathComponent()
      .appending(path: "../../../runbooks/\(runbook).yaml")
    return try Planner(catalog: ActionRegistry.standard.catalog).plan(
      Planner.Request(
        runbook: Runbook.read(text: String(contentsOf: file, encoding: .utf8), file: runbook),
        inventory: inventory, facts: facts, inputs: inputs))
  }

  @Test(
    "A host that is control plane and worker in one is upgraded, and patched",
    arguments: [("kubeadm-upgrade", ["target": "1.30"]), ("os-patch", [:])] as [(String, [String: String])])
  func allInOne(runbook: String, inputs: [String: String]) async throws {
    var inventory = Inventory.demo(controlPlanes: 1, workers: 1)
    inventory.hosts[0].roles = [.controlPlane, .worker]
    var state = SimulatedState.demo(controlPlanes: 1, workers: 1)
    state.publishSystemUpdates()
    let plan = try await plan(runbook, inputs, inventory, state)
    #expect(plan.steps.count { $0.uses == "node/drain@v1" && $0.host == inventory.hosts[0].name } == 1)
    #expect(plan.rollout?.waves.flatMap(\.zones) == [[inventory.hosts[1].name]])
  }

  @Test("Windows and approvals hold for etcd hosts and the bastion, too, and none is dropped")
  func etcdHostAndBastion() async throws {
    var inventory = Inventory.demo(controlPlanes: 1, workers: 1)
    inventory.policy.rollout = RolloutPolicy(
      windows: [MaintenanceWindow(days: [.sat], fromMinute: 0, toMinute: 240, timeZone: "UTC")],
      approval: .node)
    var state = SimulatedState.demo(controlPlanes: 1, workers: 1)
    for (name, role) in [("etcd-1", HostRole.etcd), ("bastion", .bastion)] {
      inventory.hosts.append(Host(name: name, address: name, roles: [role]))
      state.hosts[name] = state.hosts["cp-1"]
      state.hosts[name]?.name = name
      state.hosts[name]?.node = name
    }
    state.hosts["bastion"]?.isBastion = true
    state.publishSystemUpdates()
    let plan = try await plan("os-patch", ["reboot": "always"], inventory, state)
    for (group, host) in [("etcd-hosts", "etcd-1"), ("bastions", "bastion")] {
      let own = plan.steps.filter { $0.host == host }.map(\.id.text)
      #expect(own.prefix(2) == ["\(group)-approval@\(host)", "\(group)-await-window@\(host)"])
      #expect(own.contains("reboot@\(host)"))
    }
    let turn = [
      "check-members", "upgrade-packages", "check-members-again", "reboot", "wait-services", "verify-members",
    ].map { "\($0)@etcd-1" }
    #expect(plan.steps.map(\.id.text).firstRange(of: turn) != nil, "etcd is asked before and after")
  }

  @Test(
    "Workers with a member of etcd go one at a time, after all others, and etcd is asked before and after")
  func etcdWorkers() async throws {
    var inventory = Inventory.demo(controlPlanes: 1, workers: 4)
    inventory.policy.maxUnavailable = 2
    var state = SimulatedState.demo(controlPlanes: 1, workers: 4)
    state.publishSystemUpdates()
    for name in ["worker-1", "worker-2", "worker-3"] {
      let index = try #require(inventory.hosts.firstIndex { $0.name == name })
      inventory.hosts[index].roles.append(.etcd)
      state.hosts[name]?.enableEtcd()
    }
    let plan = try await plan("os-patch", ["reboot": "always"], inventory, state)
    #expect(plan.steps.first?.host == "worker-4")
    for name in ["worker-1", "worker-2", "worker-3"] {
      let own = plan.steps.filter { $0.host == name }.map { $0.id.text.prefix { $0 != "@" } }
      #expect(
        own == [
          "check-health", "download", "check-members", "baseline", "before-drain", "drain",
          "upgrade-packages",
          "check-members-again", "reboot", "wait-services", "wait-ready", "verify-members", "uncordon",
          "daemonsets-ready", "workloads-recovered", "budgets-recovered",
        ])
    }
    for (name, next) in [("worker-1", "worker-2"), ("worker-2", "worker-3")] {
      let first = try #require(plan.steps.first { $0.host == next })
      #expect(first.needs == [StepID("budgets-recovered@\(name)")], "\(next) waits for \(name)")
    }
  }

  @Test(
    "The operator's gates hold before each node is touched and after, and quorum is the last word before etcd goes"
  )
  func gates() async throws {
    var inventory = Inventory.demo(controlPlanes: 3, workers: 1)
    inventory.policy.gates = Gates(http: [Gates.HTTP(name: "shop", url: "http://shop.example/")])
    let state = SimulatedState.demo(controlPlanes: 3, workers: 1)
    let upgrade = try await plan("kubeadm-upgrade", ["target": "1.30"], inventory, state)
    func names(_ plan: Plan, _ host: String) -> [String] {
      plan.steps.filter { $0.host == host }.map { $0.id.text.replacing("1.30/", with: "") }
    }
    for host in ["cp-1", "cp-2", "cp-3"] {
      let own = names(upgrade, host)
      #expect(
        own.firstRange(of: [
          "before-control-plane/shop/http@\(host)", "check-health@\(host)", "check-quorum@\(host)",
          "check-members@\(host)", "upgrade-control-plane@\(host)", "verify-control-plane@\(host)",
          "after-control-plane/shop/http@\(host)", "before/shop/http@\(host)", "check-health-again@\(host)",
          "check-quorum-again@\(host)", "check-members-again@\(host)", "baseline@\(host)",
        ]) != nil, "\(own)")
      #expect(own.suffix(2) == ["verify-again@\(host)", "shop/http@\(host)"])
    }
    let worker = names(upgrade, "worker-1")
    #expect(
      worker.firstRange(of: ["check-health@worker-1", "before/shop/http@worker-1", "baseline@worker-1"])
        != nil)
    #expect(worker.last == "shop/http@worker-1")
    var old = state
    old.publishSystemUpdates()
    let patch = try await plan("os-patch", [:], inventory, old)
    for host in ["worker-1", "cp-1"] {
      let own = names(patch, host)
      #expect(
        own.firstIndex(of: "before/shop/http@\(host)") ?? .max < own.firstIndex(of: "baseline@\(host)") ?? 0)
      #expect(own.last == "shop/http@\(host)")
    }
  }

  @Test("An empty plan to patch says what is left as it is, and names its own command")
  func nothingToPatch() async throws {
    let inventory = Inventory.demo(controlPlanes: 1, workers: 1)
    var state = SimulatedState.demo(controlPlanes: 1, workers: 1)
    state.publishSystemUpdates()
    // Everything is installed, and the old kernel runs.
    for host in state.hosts.keys {
      for (package, versions) in state.systemRepository {
        state.hosts[host]?.installed[package] = versions[0]
      }
    }
    let plan = try await plan("os-patch", ["reboot": "never"], inventory, state)
    #expect(plan.steps.isEmpty && plan.commandAnew == "pawl patch")
    let report = PlanReport(plan).text()
    #expect(report.contains("a reboot is due") && !report.contains("where it should be"), "\(report)")
    #expect(PlanReport(plan).markdown().contains("a reboot is due"))
  }
}
