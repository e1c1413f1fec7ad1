import Foundation
import PawlModel
import PawlPlan
import Testing

@Suite("Expansion of runbooks")
struct ExpansionTests {
  @Test("A host that is a control plane and takes pods, too, is a control plane, and has one turn")
  func allInOne() throws {
    var inventory = Fixture.inventory()
    inventory.hosts[0].roles = [.controlPlane, .worker]
    let steps = """
      - {id: planes, on: {role: control-plane}, steps: [{id: t, uses: test/touch@v1}]}
      - {id: workers, on: {role: worker}, steps: [{id: t, uses: test/touch@v1}]}
      """
    let plan = try Fixture.plan(steps, inventory: inventory)
    #expect(plan.steps.map(\.id.text) == ["t@cp-1", "t@worker-1", "t@worker-2"])
  }

  @Test("A list is a sequence; groups repeat for hosts one after the other")
  func sequence() throws {
    let plan = try Fixture.plan(
      """
      - {id: before, uses: test/note@v1}
      - id: workers
        on: {role: worker}
        steps:
          - {id: a, uses: test/touch@v1}
          - {id: b, uses: test/touch@v1}
      - {id: after, uses: test/note@v1}
      """)
    #expect(
      plan.edges == [
        "before <- ", "a@worker-1 <- before", "b@worker-1 <- a@worker-1", "a@worker-2 <- b@worker-1",
        "b@worker-2 <- a@worker-2", "after <- b@worker-2",
      ])
  }

  @Test("parallel N lets repetition k wait for repetition k - N")
  func parallel() throws {
    let plan = try Fixture.plan(
      "- {id: a, uses: test/touch@v1, on: {role: worker}, parallel: 2}\n- {id: z, uses: test/note@v1}",
      inventory: Fixture.inventory(workers: 4))
    #expect(
      plan.edges == [
        "a@worker-1 <- ", "a@worker-2 <- ", "a@worker-3 <- a@worker-1", "a@worker-4 <- a@worker-2",
        "z <- a@worker-3 a@worker-4",
      ])
  }

  @Test("parallel all starts every repetition at once")
  func parallelAll() throws {
    let plan = try Fixture.plan("- {id: a, uses: test/touch@v1, on: {role: worker}, parallel: \"'all'\"}")
    #expect(plan.steps.allSatisfy { $0.needs.isEmpty })
  }

  @Test("needs makes a graph: a diamond joins again, and an empty needs starts at once")
  func needs() throws {
    let plan = try Fixture.plan(
      """
      - {id: a, uses: test/note@v1}
      - {id: b, uses: test/note@v1}
      - {id: c, uses: test/note@v1, needs: [a]}
      - {id: d, uses: test/note@v1, needs: [b, c]}
      - {id: e, uses: test/note@v1, needs: []}
      """)
    #expect(plan.edges == ["a <- ", "b <- a", "c <- a", "d <- b c", "e <- "])
  }

  @Test("needs may name a step that stands below")
  func needsBelow() throws {
    let plan = try Fixture.plan(
      "- {id: a, uses: test/note@v1, needs: [b]}\n- {id: b, uses: test/note@v1, needs: []}")
    #expect(plan.edges == ["b <- ", "a <- b"])
  }

  @Test("A skipped step keeps its reason and passes its needs on")
  func skipped() throws {
    let plan = try Fixture.plan(
      """
      - {id: a, uses: test/note@v1}
      - {id: b, uses: test/note@v1, when: cluster.nodes > 100}
      - {id: c, uses: test/note@v1}
      """)
    #expect(plan.edges == ["a <- ", "c <- a"])
    #expect(plan.skipped == [SkippedStep(id: StepID("b"), reason: "cluster.nodes > 100 does not hold")])
  }

  @Test("Selectors: first, rest and groups; an empty selection is passed over")
  func selectors() throws {
    let plan = try Fixture.plan(
      """
      - {id: first, uses: test/touch@v1, on: {role: control-plane, pick: first}}
      - {id: rest, uses: test/touch@v1, on: {role: control-plane, pick: rest}}
      - {id: none, uses: test/touch@v1, on: {role: etcd}}
      - {id: canary, uses: test/touch@v1, on: {group: canary}}
      """, inventory: Fixture.inventory(controlPlanes: 3))
    #expect(
      plan.edges == [
        "first@cp-1 <- ", "rest@cp-2 <- first@cp-1", "rest@cp-3 <- rest@cp-2", "canary@worker-1 <- rest@cp-3",
      ])
  }

  @Test("An action that compares needs what it compares with before it on the same host")
  func comesAfter() throws {
    let plan = try Fixture.plan(
      """
      - id: turn
        on: {role: worker}
        steps:
          - {id: touch, uses: test/touch@v1}
          - {id: between, uses: test/note@v1}
          - {id: compare, uses: test/compare@v1}
      """)
    #expect(plan.steps.count == 6)
    for steps in [
      "- {id: compare, uses: test/compare@v1, on: {group: canary}}",
      "- {id: touch, uses: test/touch@v1, on: {role: control-plane}}\n- {id: compare, uses: test/compare@v1, on: {group: canary}}",
    ] {
      let error = #expect(throws: PlanningError.self) { try Fixture.plan(steps) }
      guard case .invalid(let problems) = error else {
        Issue.record("\(String(describing: error))")
        continue
      }
      #expect(
        problems.diagnostics.map(\.message) == [
          "test/compare@v1 compares with what test/touch@v1 found, and none comes before it on the same host"
        ])
    }
  }

  @Test("Gates of the inventory are repeated by the runbook, each with its own id")
  func gates() throws {
    var inventory = Fixture.inventory()
    inventory.policy.gates.http = [
      Gates.HTTP(name: "shop", url: "https://shop.example/"),
      Gates.HTTP(name: "till", url: "https://till.example/"),
    ]
    let plan = try Fixture.plan(
      """
      - id: turn
        on: {group: canary}
        steps:
          - {id: http, forEach: policy.gates.http, as: gate, uses: test/touch@v1, with: {text: "${{ gate.url }}"}, timeout: "${{ gate.timeout }}"}
          - {id: prometheus, forEach: policy.gates.prometheus, as: gate, uses: test/touch@v1}
      """, inventory: inventory)
    #expect(plan.steps.map(\.id.text) == ["shop/http@worker-1", "till/http@worker-1"])
    #expect(
      plan.steps.map { $0.with["text"] } == [
        .string("https://shop.example/"), .string("https://till.example/"),
      ])
    #expect(plan.steps.map(\.timeoutSeconds) == [300, 300])
  }

  @Test("--limit narrows every selection")
  func limit() throws {
    let plan = try Fixture.plan("- {id: a, uses: test/touch@v1, on: {role: worker}}", limit: ["worker-2"])
    #expect(plan.edges == ["a@worker-2 <- "])
  }

  @Test("Parameters are typed and frozen: templates keep their type, facts are written down")
  func parameters() throws {
    let plan = try Fixture.plan(
      """
      - {id: a, uses: test/touch@v1, on: {group: canary}, with: {text: "on ${{ host.node }}"}}
      - {id: d, uses: node/drain@v1, on: {group: canary}, with: {timeout: 20m}}
      - {id: f, uses: test/frozen@v1, on: {group: canary}}
      """)
    #expect(plan.steps[0].with == ["text": .string("on worker-1")])
    #expect(plan.steps[1].with == ["timeout": .int(1200)])
    #expect(plan.steps[1].timeoutSeconds == 1260, "an action's own timeout gets a minute on top")
    #expect(plan.steps[2].with == ["boot": .string("b1")])
  }

  @Test(
    "What is wrong is refused with its place",
    arguments: [
      ("- {id: a, uses: test/nothing@v1}", "There is no action 'test/nothing@v1'."),
      ("- {id: a, uses: test/touch@v1}", "test/touch@v1 needs a host."),
      ("- {id: a, uses: test/note@v1, with: {x: 1}}", "test/note@v1 has no parameter 'x'."),
      (
        "- {id: a, uses: node/drain@v1, on: {role: worker}, with: {timeout: soon}}",
        "must be a duration such as 10m"
      ),
      ("- {id: a, uses: kubelet/restart@v1, on: {role: worker}}", "needs the parameter 'version'."),
      ("- {id: a, uses: test/note@v1, forEach: cluster.nodes}", "'forEach' needs a list"),
      ("- {id: a, uses: test/note@v1, when: cluster.nodes}", "true or false"),
      ("- {id: a, uses: test/touch@v1, on: {role: worker}, parallel: 0}", "'parallel' must be"),
      (
        "- {id: g, on: {group: canary}, steps: [{id: a, uses: test/touch@v1}]}\n"
          + "- {id: a, uses: test/touch@v1, on: {group: canary}}",
        "two steps get the id 'a@worker-1'"
      ),
    ])
  func invalid(steps: String, message: String) throws {
    let error = try #require(throws: PlanningError.self) { try Fixture.plan(steps) }
    guard case .invalid(let diagnostics) = error else {
      Issue.record("refused instead of invalid: \(error)")
      return
    }
    #expect(diagnostics.description.contains(message), "\(diagnostics)")
    #expect(diagnostics.diagnostics.allSatisfy { ($0.location?.line ?? 0) >= 6 })
  }

  @Test("A host without facts refuses the plan when an action depends on them")
  func missingFacts() throws {
    let inventory = Fixture.inventory()
    var facts = Fixture.facts(inventory)
    facts.hosts["worker-1"] = nil
    let error = try #require(throws: PlanningError.self) {
      try Fixture.plan(
        "- {id: f, uses: test/frozen@v1, on: {role: worker}}", inventory: inventory, facts: facts)
    }
    #expect(error == .refused([PlanRefusal(code: "no-facts", message: "Nothing is known of worker-1.")]))
  }

  @Test("The same input gives the same bytes, and a plan file reads back as it was")
  func deterministic() throws {
    let steps = "- {id: a, uses: test/touch@v1, on: {role: worker}, with: {text: \"${{ host.node }}\"}}"
    let plan = try Fixture.plan(steps)
    let bytes = try PlanFile.encode(plan)
    #expect(try PlanFile.encode(Fixture.plan(steps)) == bytes)
    #expect(try PlanFile.decode(bytes, file: "p") == plan)
  }

  @Test(
    "A file that is no plan of this form is refused in words",
    arguments: [
      ("{", "it is not JSON"), ("{}", "'kind' is missing"),
      (#"{"kind":"Cat","schemaVersion":1}"#, "This is a Cat"),
      (#"{"kind":"Plan","schemaVersion":99}"#, "schemaVersion 99"),
      (#"{"kind":"Plan","schemaVersion":1,"steps":3}"#, "is missing"),
    ])
  func badFile(text: String, message: String) throws {
    let error = try #require(throws: DiagnosticsError.self) {
      try PlanFile.decode(Data(text.utf8), file: "p.json")
    }
    #expect(error.description.hasPrefix("p.json:1:1: error: "))
    #expect(error.description.contains(message), "\(error)")
  }

  @Test("Facts that changed are named, facts that move by themselves are not part of the basis")
  func stale() throws {
    let inventory = Fixture.inventory()
    let before = PlanBasis.entries(inventory: inventory, facts: Fixture.facts(inventory))
    var facts = Fixture.facts(inventory)
    facts.cluster.nodes[1].kubeletVersion = KubernetesVersion(1, 20, 15)
    facts.cluster.nodes[1].podCount = 99
    let after = PlanBasis.entries(inventory: inventory, facts: facts)
    #expect(
      PlanBasis.differences(from: before, to: after) == [
        "node/worker-1/kubelet: 1.19.16 when planned, 1.20.15 now"
      ])
  }
}
