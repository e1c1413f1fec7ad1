import PawlModel
import Testing

@testable import PawlPlan

@Suite("Rollout")
struct RolloutTests {
  private let group = """
    - id: workers
      on: {role: worker}
      parallel: ${{ policy.maxUnavailable }}
      rollout: true
      steps:
        - {id: t, uses: test/touch@v1}
    - {id: z, uses: test/note@v1}
    """
  private let drains = """
    - id: workers
      on: {role: worker}
      parallel: ${{ policy.maxUnavailable }}
      rollout: true
      steps:
        - {id: prepare, uses: test/touch@v1}
        - {id: drain, uses: node/drain@v1}
        - {id: uncordon, uses: node/uncordon@v1}
    """

  private func plan(
    _ steps: String? = nil, workers: Int, maxUnavailable: Int = 1, zones: [String] = [],
    _ rollout: RolloutPolicy? = nil, out: Set<String> = [], cordonedByRun: String? = nil,
    limit: Set<String> = [], unreachable: [String] = []
  ) throws -> Plan {
    let inventory = Fixture.inventory(
      workers: workers, maxUnavailable: maxUnavailable, zones: zones, rollout: rollout)
    var facts = Fixture.facts(inventory)
    for index in facts.cluster.nodes.indices where out.contains(facts.cluster.nodes[index].name) {
      facts.cluster.nodes[index].cordoned = true
      facts.cluster.nodes[index].cordonedByRun = cordonedByRun
    }
    return try Fixture.plan(
      steps ?? group, inventory: inventory, facts: facts, limit: limit,
      unreachable: unreachable.map {
        UnreachableWorker(host: $0, node: $0, reason: "\($0) does not answer.")
      })
  }

  @Test(
    "A worker out of reach is left behind within the failure budget, beside those that may be unavailable")
  func unreachable() throws {
    let plan = try plan(
      drains, workers: 3, RolloutPolicy(failureBudget: 2), out: ["worker-2"], unreachable: ["worker-2"])
    #expect(Set(plan.steps.compactMap(\.host)) == ["worker-1", "worker-3"])
    #expect(plan.unreachable?.map(\.host) == ["worker-2"])
    #expect(plan.rollout?.failureBudget == 1)
    #expect(plan.rollout?.unavailable == [])
    #expect(PlanReport(plan).text().contains("1 worker may fail and is left behind; one more stops the run"))
    #expect(plan.step(StepID("before-drain@worker-1"))?.with["others"] == .int(0))
    #expect(
      plan.notes.first
        == PlanNote(
          .warning,
          "worker-2 is left behind, as worker 1 of the 2 that may fail. worker-2 does not answer. Plan again when it "
            + "is back."))
    #expect(try PlanFile.decode(try PlanFile.encode(plan), file: "plan") == plan)
  }

  @Test("That there is nothing else to do does not hide who is out of reach")
  func onlyUnreachable() throws {
    let plan = try plan(
      workers: 2, RolloutPolicy(failureBudget: 1), limit: ["cp-1", "worker-2"], unreachable: ["worker-2"])
    #expect(plan.steps.map(\.id.text) == ["z"])
    #expect(plan.rollout == nil)
    #expect(PlanReport(plan).text().contains("warning: worker-2 is left behind"))
  }

  @Test("Without a policy a rollout is a repetition like any other")
  func plain() throws {
    let plan = try plan(workers: 3, maxUnavailable: 2)
    #expect(
      plan.edges == [
        "t@worker-1 <- ", "t@worker-2 <- ", "t@worker-3 <- t@worker-1", "z <- t@worker-2 t@worker-3",
      ])
    #expect(
      plan.rollout
        == PlanRollout(
          waves: [.init(name: "all", zones: [["worker-1", "worker-2", "worker-3"]], parallel: 2)],
          maxUnavailable: 2))
    #expect(!PlanReport(plan).text().contains("Between"))
  }

  @Test("One zone after the other: none begins before the zone before has ended")
  func zones() throws {
    let plan = try plan(workers: 4, maxUnavailable: 2, zones: ["b", "a"])
    #expect(
      plan.edges == [
        "t@worker-1 <- ", "t@worker-3 <- ", "t@worker-2 <- t@worker-1 t@worker-3",
        "t@worker-4 <- t@worker-1 t@worker-3", "z <- t@worker-2 t@worker-4",
      ])
  }

  @Test("The label of Kubernetes for zones counts more than the short one")
  func zoneLabels() {
    var host = Host(name: "a", address: "a", roles: [.worker], labels: ["zone": "x"])
    #expect(host.zone == "x")
    host.labels["topology.kubernetes.io/zone"] = "y"
    #expect(host.zone == "y")
  }

  @Test("Canaries come first and alone, then the waves; who is in none comes last")
  func waves() throws {
    let plan = try plan(
      workers: 8, maxUnavailable: 3,
      RolloutPolicy(
        canary: ["worker-3", "worker-8"], waves: [.share(.count(1)), .share(.percent(25)), .group("canary")]))
    #expect(
      plan.rollout?.waves.map { "\($0.name): \($0.words)" } == [
        "canary: worker-3, worker-8", "wave 1: worker-1", "wave 2: worker-2, worker-4; 2 at once",
        "wave 4: worker-5, worker-6, worker-7; 3 at once",
      ])
    #expect(plan.edges[1] == "t@worker-8 <- t@worker-3", "canaries come one after the other")
    #expect(plan.edges[5] == "t@worker-5 <- t@worker-2 t@worker-4")
    #expect(
      plan.steps.map { $0.path.last } == [
        "canary", "canary", "wave 1", "wave 2", "wave 2", "wave 4", "wave 4", "wave 4", nil,
      ])
    let text = PlanReport(plan).text()
    #expect(text.contains("Rollout of the workers\n") && text.contains("workers / canary\n"), "\(text)")
    #expect(PlanReport(plan).markdown().contains("| canary | worker-3, worker-8 |"))
  }

  @Test("A wave without a node to do is passed over, with its gates")
  func emptyWaves() throws {
    let steps = group.replacing("rollout: true", with: "rollout: true\n  when: host.name != 'worker-1'")
    let plan = try plan(
      steps, workers: 2, RolloutPolicy(canary: ["worker-1"], soakSeconds: 60, approval: .wave))
    #expect(
      plan.edges == ["workers-approval-rest <- ", "t@worker-2 <- workers-approval-rest", "z <- t@worker-2"])
    #expect(plan.skipped.count == 1)
  }

  @Test("Time passes between waves, and an approval stands before each of them")
  func gatesOfWaves() throws {
    let plan = try plan(
      workers: 3, maxUnavailable: 2, RolloutPolicy(canary: ["worker-2"], soakSeconds: 600, approval: .wave))
    #expect(
      plan.edges == [
        "workers-approval-canary <- ", "t@worker-2 <- workers-approval-canary",
        "workers-soak-canary <- t@worker-2", "workers-approval-rest <- workers-soak-canary",
        "t@worker-1 <- workers-approval-rest", "t@worker-3 <- workers-approval-rest",
        "z <- t@worker-1 t@worker-3",
      ])
    let soak = try #require(plan.step(StepID("workers-soak-canary")))
    #expect(soak.with == ["duration": .int(600)])
    #expect(soak.estimateSeconds == 610 && soak.timeoutSeconds == 660)
    #expect(soak.host == nil && soak.path == ["workers", "canary"])
  }

  @Test("Without canary and waves time passes between nodes, and not after the last ones")
  func soakBetweenNodes() throws {
    let plan = try plan(workers: 3, maxUnavailable: 2, RolloutPolicy(soakSeconds: 60))
    #expect(
      plan.edges == [
        "t@worker-1 <- ", "workers-soak@worker-1 <- t@worker-1", "t@worker-2 <- ",
        "t@worker-3 <- workers-soak@worker-1", "z <- t@worker-2 t@worker-3",
      ])
  }

  @Test("An approval of the run comes before everything, one of a node before that node")
  func approvals() throws {
    let run = try plan(workers: 1, RolloutPolicy(approval: .run))
    #expect(run.edges == ["run-approval <- ", "t@worker-1 <- run-approval", "z <- t@worker-1"])
    let node = try plan(workers: 2, RolloutPolicy(approval: .node))
    #expect(
      node.edges == [
        "workers-approval@worker-1 <- ", "t@worker-1 <- workers-approval@worker-1",
        "workers-approval@worker-2 <- t@worker-1", "t@worker-2 <- workers-approval@worker-2",
        "z <- t@worker-2",
      ])
    let none = try plan(
      "- id: g\n  on: {role: etcd}\n  rollout: true\n  steps: [{id: t, uses: test/touch@v1}]", workers: 1,
      RolloutPolicy(approval: .run))
    #expect(none.steps.isEmpty, "there is nothing to approve")
  }

  @Test("A window is waited for with the node's own expected time, control planes included")
  func windows() throws {
    let window = MaintenanceWindow(
      days: [.sat, .sun], fromMinute: 1320, toMinute: 240, timeZone: "Europe/Berlin")
    let steps = """
      - id: planes
        on: {role: control-plane}
        rollout: true
        steps: [{id: t, uses: test/touch@v1}]
      - id: workers
        on: {role: worker}
        rollout: true
        steps: [{id: a, uses: test/touch@v1}, {id: b, uses: test/touch@v1}, {id: c, uses: test/touch@v1, needs: [a]}]
      """
    let plan = try plan(steps, workers: 1, RolloutPolicy(windows: [window]))
    #expect(
      plan.edges == [
        "planes-await-window@cp-1 <- ", "t@cp-1 <- planes-await-window@cp-1",
        "workers-await-window@worker-1 <- t@cp-1", "a@worker-1 <- workers-await-window@worker-1",
        "b@worker-1 <- a@worker-1", "c@worker-1 <- a@worker-1",
      ])
    let wait = try #require(plan.step(StepID("workers-await-window@worker-1")))
    #expect(
      wait.with == [
        "windows": .list([.string("sat,sun 22:00-04:00 Europe/Berlin")]), "seconds": .int(20),
        "node": .string("worker-1"),
      ])
  }

  @Test(
    "Hosts that are neither workers nor control planes come last, one at a time, within windows and approvals"
  )
  func otherHosts() throws {
    var inventory = Fixture.inventory(
      workers: 1,
      rollout: RolloutPolicy(
        windows: [MaintenanceWindow(days: [.sat], fromMinute: 0, toMinute: 240, timeZone: "UTC")],
        approval: .node))
    for (name, role) in [("bastion", HostRole.bastion), ("etcd-1", .etcd), ("etcd-2", .etcd)] {
      inventory.hosts.insert(Host(name: name, address: name, roles: [role]), at: 0)
    }
    let steps = """
      - id: all
        on: {}
        rollout: true
        steps: [{id: t, uses: test/touch@v1}]
      """
    let plan = try Fixture.plan(steps, inventory: inventory)
    let order = ["cp-1", "worker-1", "etcd-2", "etcd-1", "bastion"]
    #expect(
      plan.steps.map(\.id.text)
        == order.flatMap { ["all-approval@\($0)", "all-await-window@\($0)", "t@\($0)"] })
    #expect(plan.edges.contains("all-approval@etcd-1 <- t@etcd-2"))
    #expect(plan.rollout?.waves.flatMap(\.zones) == [["worker-1"]], "only workers have waves")
  }

  @Test("Right before a node goes out, the others are counted")
  func availabilityCheck() throws {
    let plan = try plan(drains, workers: 1)
    #expect(
      plan.edges == [
        "prepare@worker-1 <- ", "before-drain@worker-1 <- prepare@worker-1",
        "drain@worker-1 <- before-drain@worker-1", "uncordon@worker-1 <- drain@worker-1",
      ])
    #expect(plan.steps[1].with["others"] == .int(0))
  }

  @Test("Workers that are out already leave the rollout the rest of what is allowed, and none is a refusal")
  func restOfBudget() throws {
    let plan = try plan(drains, workers: 4, maxUnavailable: 3, out: ["worker-4"])
    #expect(plan.rollout?.waves.first?.parallel == 2)
    #expect(plan.rollout?.unavailable == ["worker-4"])
    let check = try #require(plan.step(StepID("before-drain@worker-1")))
    #expect(check.with["others"] == .int(1))
    #expect(plan.step(StepID("before-drain@worker-4")) == nil, "it is out already")
    #expect(throws: PlanningError.self) {
      try self.plan(drains, workers: 4, maxUnavailable: 1, out: ["worker-4"])
    }
  }

  @Test("A worker that an earlier run keeps cordoned is out: the plan names it, or is refused")
  func cordonedByEarlierRun() throws {
    let plan = try plan(
      drains, workers: 2, maxUnavailable: 2, out: ["worker-1"], cordonedByRun: "run-7", limit: ["worker-2"])
    #expect(plan.rollout?.unavailable == ["worker-1"])
    #expect(PlanReport(plan).text().contains("worker-1, out already; that leaves 1 of 2 to the rollout"))
    #expect(try others(plan, "worker-2") == .int(1))
    #expect(throws: PlanningError.self) {
      try self.plan(drains, workers: 2, out: ["worker-1"], cordonedByRun: "run-7", limit: ["worker-2"])
    }
  }

  private func others(_ plan: Plan, _ host: String) throws -> Value {
    try #require(plan.step(StepID("before-drain@\(host)"))?.with["others"])
  }

  @Test("Others may be out as far as the policy goes beside the nodes that can be under way together")
  func roomForOthers() throws {
    let alone = try plan(drains, workers: 4, maxUnavailable: 3, limit: ["worker-2"])
    #expect(try others(alone, "worker-2") == .int(2))
    // Zone a has worker-1, worker-3 and worker-5, zone b the other two.
    let zones = try plan(drains, workers: 5, maxUnavailable: 4, zones: ["a", "b"])
    #expect(try others(zones, "worker-3") == .int(1) && others(zones, "worker-4") == .int(2))
    let canary = try plan(
      drains, workers: 4, maxUnavailable: 3, RolloutPolicy(canary: ["worker-2"]))
    #expect(try others(canary, "worker-2") == .int(2) && others(canary, "worker-3") == .int(0))
    let idle = try plan(
      drains.replacing("- {id: drain,", with: "- {id: drain, when: host.name == 'worker-2',"), workers: 3,
      maxUnavailable: 3)
    #expect(try others(idle, "worker-2") == .int(2), "nobody else goes out")
  }

  @Test("Nodes that a rollout does not put back are its own until the end")
  func roomBesideThoseLeftOut() throws {
    let steps = drains.replacing("    - {id: uncordon, uses: node/uncordon@v1}", with: "")
    let plan = try plan(steps, workers: 2, maxUnavailable: 3, zones: ["a", "b"])
    #expect(try others(plan, "worker-1") == .int(1) && others(plan, "worker-2") == .int(1))
  }

  @Test("Every order of a rollout's nodes keeps the policy", arguments: 1...4)
  func soundness(allowed: Int) throws {
    for workers in 1...6 {
      for waves in [[], [.share(.count(2))], [.share(.percent(50)), .share(.count(1))]]
        as [[RolloutPolicy.Wave]]
      {
        let plan = try plan(
          drains, workers: workers, maxUnavailable: allowed, zones: ["a", "b"],
          RolloutPolicy(canary: ["worker-1"], waves: waves, soakSeconds: 5, approval: .node))
        #expect(plan.steps.count { $0.uses == "node/drain@v1" } == workers)
      }
    }
  }
}
