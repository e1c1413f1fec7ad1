import PawlModel
import PawlPlan
import Testing

@Suite("Plan checks")
struct PlanCheckTests {
  private let upgradeAll = """
    - {id: plane, uses: plane/upgrade@v1, on: {role: control-plane}, with: {version: 1.20.15}}
    - id: nodes
      on: {}
      parallel: ${{ policy.maxUnavailable }}
      steps:
        - {id: drain, uses: node/drain@v1}
        - {id: install, uses: kubelet/install@v1, with: {version: 1.20.15}}
        - {id: restart, uses: kubelet/restart@v1, with: {version: 1.20.15}}
        - {id: uncordon, uses: node/uncordon@v1}
    """

  private func codes(_ steps: String, inventory: Inventory = Fixture.inventory(), facts: Facts? = nil) throws
    -> [String]
  {
    do {
      _ = try Fixture.plan(steps, inventory: inventory, facts: facts)
      return []
    } catch PlanningError.refused(let refusals) {
      return refusals.map(\.code)
    }
  }

  @Test("The kubeadm order is accepted, with one control plane and with three")
  func sound() throws {
    #expect(try codes(upgradeAll) == [])
    #expect(
      try codes(upgradeAll, inventory: Fixture.inventory(controlPlanes: 3, workers: 3, maxUnavailable: 2))
        == [])
  }

  @Test("A kubelet before its API server is refused, with the sequence")
  func kubeletFirst() throws {
    let steps = """
      - id: nodes
        on: {role: worker}
        steps:
          - {id: drain, uses: node/drain@v1}
          - {id: install, uses: kubelet/install@v1, with: {version: 1.20.15}}
          - {id: uncordon, uses: node/uncordon@v1}
      - {id: plane, uses: plane/upgrade@v1, on: {role: control-plane}, with: {version: 1.20.15}}
      """
    let error = try #require(throws: PlanningError.self) { try Fixture.plan(steps) }
    guard case .refused(let refusals) = error else { throw error }
    #expect(refusals.map(\.code) == ["skew", "skew"])
    #expect(refusals[0].message.contains("after drain@worker-1, install@worker-1."), "\(refusals[0])")
  }

  @Test("A bad order that only one interleaving shows is refused: nothing orders kubelet and control plane")
  func hiddenInterleaving() throws {
    let steps = """
      - {id: plane, uses: plane/upgrade@v1, on: {role: control-plane}, with: {version: 1.20.15}}
      - {id: drain, uses: node/drain@v1, on: {group: canary}, needs: []}
      - {id: install, uses: kubelet/install@v1, on: {group: canary}, with: {version: 1.20.15}}
      """
    #expect(try codes(steps) == ["skew"])
  }

  @Test("In HA no kubelet may come before the last API server")
  func haKubelet() throws {
    let steps = """
      - id: planes
        on: {role: control-plane}
        steps:
          - {id: plane, uses: plane/upgrade@v1, with: {version: 1.20.15}}
          - {id: drain, uses: node/drain@v1}
          - {id: install, uses: kubelet/install@v1, with: {version: 1.20.15}}
          - {id: uncordon, uses: node/uncordon@v1}
      """
    #expect(try codes(steps, inventory: Fixture.inventory(controlPlanes: 3)).allSatisfy { $0 == "skew" })
    #expect(try codes(steps, inventory: Fixture.inventory(controlPlanes: 3)).isEmpty == false)
    #expect(try codes(steps, inventory: Fixture.inventory(controlPlanes: 1)) == [])
  }

  @Test(
    "A control plane may not skip a minor or go back",
    arguments: [("1.21.14", "minor-skipped"), ("1.18.20", "downgrade")])
  func jumps(version: String, code: String) throws {
    let found = try codes(
      "- {id: plane, uses: plane/upgrade@v1, on: {role: control-plane}, with: {version: \(version)}}")
    #expect(found.contains(code), "\(found)")
  }

  @Test("A kubelet's minor only changes on a drained node")
  func undrained() throws {
    let steps = """
      - {id: plane, uses: plane/upgrade@v1, on: {role: control-plane}, with: {version: 1.20.15}}
      - {id: install, uses: kubelet/install@v1, on: {role: worker}, with: {version: 1.20.15}}
      """
    #expect(try codes(steps) == ["not-drained", "not-drained"])
  }

  @Test("Uncordoned again is not drained")
  func drainedTooEarly() throws {
    let steps = """
      - {id: plane, uses: plane/upgrade@v1, on: {role: control-plane}, with: {version: 1.20.15}}
      - id: nodes
        on: {group: canary}
        steps:
          - {id: drain, uses: node/drain@v1}
          - {id: uncordon, uses: node/uncordon@v1}
          - {id: install, uses: kubelet/install@v1, with: {version: 1.20.15}}
      """
    #expect(try codes(steps) == ["not-drained"])
  }

  @Test("More nodes out of service than the policy allows is refused, in any interleaving")
  func unavailable() throws {
    let steps = """
      - id: nodes
        on: {role: worker}
        parallel: 3
        steps:
          - {id: drain, uses: node/drain@v1}
          - {id: uncordon, uses: node/uncordon@v1}
      """
    #expect(
      try codes(steps, inventory: Fixture.inventory(workers: 6, maxUnavailable: 2)) == [
        "too-many-unavailable"
      ])
    #expect(try codes(steps, inventory: Fixture.inventory(workers: 6, maxUnavailable: 3)) == [])
  }

  @Test("A node that is never put back counts until the end")
  func neverBack() throws {
    let steps = "- {id: drain, uses: node/drain@v1, on: {role: worker}}"
    #expect(try codes(steps) == ["too-many-unavailable"])
  }

  @Test("A worker that is out already is not counted again when it is drained, but counts beside others")
  func unavailableBefore() throws {
    let drain = "- {id: drain, uses: node/drain@v1, on: {role: worker}}"
    for allowed in 1...2 {
      let inventory = Fixture.inventory(maxUnavailable: allowed)
      let breaks: [(inout NodeFacts) -> Void] = [
        { $0.cordoned = true }, { $0.ready = false }, { ($0.cordoned, $0.cordonedByRun) = (true, "run-7") },
      ]
      for break_ in breaks {
        var facts = Fixture.facts(inventory)
        break_(&facts.cluster.nodes[1])
        #expect(
          try codes(drain, inventory: inventory, facts: facts)
            == (allowed == 1 ? ["too-many-unavailable"] : []))
        let first = "- {id: drain, uses: node/drain@v1, on: {group: canary}}"
        #expect(try codes(first, inventory: inventory, facts: facts) == [])
      }
      var facts = Fixture.facts(inventory)
      facts.cluster.nodes[0].cordoned = true
      #expect(
        try codes(drain, inventory: inventory, facts: facts)
          == (allowed == 1 ? ["too-many-unavailable"] : []),
        "a control plane is no worker: both workers are drained at once")
    }
  }

  @Test("A refusal for nodes that are out already names them and what to raise")
  func unavailableWords() throws {
    let inventory = Fixture.inventory()
    var facts = Fixture.facts(inventory)
    facts.cluster.nodes[1].cordoned = true
    let error = try #require(throws: PlanningError.self) {
      try Fixture.plan(
        "- {id: drain, uses: node/drain@v1, on: {role: worker}}", inventory: inventory, facts: facts)
    }
    #expect(
      error
        == .refused([
          PlanRefusal(
            code: "too-many-unavailable",
            message:
              "The plan can take 1 node out of service at once (among worker-2), and worker-1 is out already, "
              + "cordoned or not Ready; the policy allows 1 in all.",
            hint: "Put worker-1 back in service, or raise policy.maxUnavailable to 2.")
        ]))
  }

  @Test("A worker that is out takes nothing from the control planes, which are counted by themselves")
  func controlPlanesApart() throws {
    let inventory = Fixture.inventory(controlPlanes: 3)
    var facts = Fixture.facts(inventory)
    let worker = try #require(facts.cluster.nodes.firstIndex { !$0.isControlPlane })
    facts.cluster.nodes[worker].cordoned = true
    func steps(_ parallel: Int) -> String {
      """
      - id: planes
        on: {role: control-plane}
        rollout: true
        parallel: \(parallel)
        steps:
          - {id: drain, uses: node/drain@v1}
          - {id: uncordon, uses: node/uncordon@v1}
      """
    }
    let plan = try Fixture.plan(steps(1), inventory: inventory, facts: facts)
    #expect(!plan.steps.contains { $0.uses == "rollout/check-unavailable@v1" })
    let together = steps(2).replacing("rollout: true", with: "when: true")
    #expect(try codes(together, inventory: inventory) == ["too-many-unavailable"])
  }

  @Test("Two etcd members are refused when the plan is made, before any worker is touched", arguments: 1...3)
  func quorum(members: Int) throws {
    let inventory = Fixture.inventory(controlPlanes: 3)
    var facts = Fixture.facts(inventory)
    for index in 0..<members { facts.cluster.controlPlane[index].etcd = "3.5.1" }
    let steps = """
      - {id: workers, uses: test/touch@v1, on: {role: worker}}
      - {id: quorum, uses: cluster/check-quorum@v1, on: {role: control-plane}}
      """
    #expect(try codes(steps, inventory: inventory, facts: facts) == (members == 2 ? ["quorum-at-risk"] : []))
    let workers = "- {id: workers, uses: test/touch@v1, on: {role: worker}}"
    #expect(try codes(workers, inventory: inventory, facts: facts) == [])
  }

  @Test(
    "Two etcd hosts are refused, too, when one is rebooted or asked; not where control planes have members besides",
    arguments: ["etcd/check-members@v1", "host/reboot@v1"])
  func quorumOfEtcdHosts(action: String) throws {
    let steps = "- {id: members, uses: \(action), on: {role: etcd}}"
    for count in 1...3 {
      var inventory = Fixture.inventory()
      for index in 1...count {
        inventory.hosts.append(Host(name: "etcd-\(index)", address: "10.0.2.\(index)", roles: [.etcd]))
      }
      #expect(try codes(steps, inventory: inventory) == (count == 2 ? ["quorum-at-risk"] : []))
      let workers = "- {id: workers, uses: test/touch@v1, on: {role: worker}}"
      #expect(try codes(workers, inventory: inventory) == [])
      var facts = Fixture.facts(inventory)
      facts.cluster.controlPlane[0].etcd = "3.5.1"
      #expect(try codes(steps, inventory: inventory, facts: facts) == [])
      inventory.hosts[0].roles = [.controlPlane, .etcd]
      #expect(try codes(steps, inventory: inventory) == (count + 1 == 2 ? ["quorum-at-risk"] : []))
    }
  }

  @Test("A reboot that would start another kubelet than the one that runs is refused, with the host named")
  func rebootIntoAnotherKubelet() throws {
    let inventory = Fixture.inventory()
    var facts = Fixture.facts(inventory)
    facts.hosts["worker-2"]?.packages["kubelet"]?.installed = "1.20.15-00"
    let reboots = "- {id: reboot, uses: host/reboot@v1, on: {role: worker}}"
    let error = try #require(throws: PlanningError.self) {
      try Fixture.plan(reboots, inventory: inventory, facts: facts)
    }
    guard case .refused(let refusals) = error else { throw error }
    #expect(refusals.map(\.code) == ["kubelet-not-restarted"])
    #expect(refusals[0].message.contains("worker-2 has kubelet 1.20.15 installed while 1.19.16 runs"))
    let touches = "- {id: touch, uses: test/touch@v1, on: {role: worker}}"
    #expect(try codes(touches, inventory: inventory, facts: facts) == [])
  }

  @Test("Hops: minor by minor to the newest patch on offer; stragglers first")
  func hops() throws {
    let steps = """
      - id: hop
        forEach: upgrade.hops
        as: hop
        steps: [{id: note, uses: test/touch@v1, on: {group: canary}, with: {text: "${{ hop.from }} to ${{ hop.version }}"}}]
      """
    let inputs = "{target: {type: version, description: t}}"
    let plan = try Fixture.plan(steps, inputs: inputs, given: ["target": "1.21"])
    #expect(plan.steps.map(\.id.text) == ["1.20/note@worker-1", "1.21/note@worker-1"])
    #expect(
      plan.steps.map { $0.with["text"] } == [.string("1.19.16 to 1.20.15"), .string("1.20.15 to 1.21.14")])

    let inventory = Fixture.inventory()
    let behind = Fixture.facts(inventory, kubelets: ["worker-2": KubernetesVersion(1, 18, 20)])
    let mixed = try Fixture.plan(
      steps, inputs: inputs, given: ["target": "1.20"], inventory: inventory, facts: behind)
    #expect(mixed.steps.map(\.id.text) == ["1.19/note@worker-1", "1.20/note@worker-1"])

    let there = try Fixture.plan(steps, inputs: inputs, given: ["target": "1.19.16"])
    #expect(there.steps.isEmpty)
    #expect(PlanReport(there).text().contains("Nothing to do"))
  }

  @Test(
    "A downgrade and a version that a host is not offered are refused before anything else",
    arguments: ["1.18", "1.22", "1.20.13"])
  func unreachableTargets(target: String) throws {
    let error = try #require(throws: PlanningError.self) {
      try Fixture.plan(
        "- {id: a, uses: test/note@v1}", inputs: "{target: {type: version, description: t}}",
        given: ["target": target])
    }
    guard case .refused(let refusals) = error else { throw error }
    #expect(refusals.count == 1)
  }
}
