import PawlEngine
import PawlModel
import PawlPlan
import Testing

@Suite("Proofs of the moment")
struct ProofTests {
  private static let broken = StepFailure(code: "broken", message: "It broke.")

  /// A node's turn: `window` and two gates of one action are proofs of the moment, `out` takes the node out of service.
  private static func plan(nodes: [String] = ["w0"], effects: Bool = true) -> Plan {
    var steps: [PlanStep] = []
    func add(
      _ name: String, _ host: String, uses: String? = nil, proof: Proof? = nil,
      _ reversibility: Reversibility = .readOnly,
      _ effects: [StateEffect] = []
    ) {
      steps.append(
        PlanStep(
          id: StepID("\(name)@\(host)"), title: name, uses: "test/\(uses ?? name)@v1", host: host, path: [],
          needs: steps.last.map { [$0.id] } ?? [], with: ["name": .string(name)], retry: .never,
          timeoutSeconds: 60,
          reversibility: reversibility, proof: proof, estimateSeconds: 1, effects: effects))
    }
    for host in nodes {
      add("approval", host, proof: .cluster)
      add("window", host, proof: .moment)
      add("source", host, .reversible)
      add("tools", host, .final)
      add("alerts", host, uses: "gate", proof: .moment)
      add("errors", host, uses: "gate", proof: .moment)
      add("out", host, .compensable, effects ? [.outOfService(node: host)] : [])
      add("change", host, .final)
      add("in", host, .compensable, effects ? [.inService(node: host)] : [])
    }
    return Plan(
      cluster: "test", runbook: RunbookReference(name: "test", version: "1.0.0", digest: "0"), inputs: [:],
      title: "Test", versions: [], steps: steps, skipped: [], notes: [], basis: [:])
  }

  private func failing(_ step: String) -> MachineHarness {
    var harness = MachineHarness()
    harness.world.scripted[StepID(step)] = [.failed(Self.broken)]
    return harness
  }

  /// What a resume performs after a run in which `step` failed.
  private func resumed(after step: String, plan: Plan = plan()) throws -> [String] {
    var harness = failing(step)
    try harness.run(plan)
    harness.world.performed = []
    try harness.run(plan)
    #expect(harness.outcome == .completed)
    return harness.world.performed.map(\.text)
  }

  @Test("A resume looks again before it goes on, as long as the node has not gone out of service")
  func beforeTheNodeGoesOut() throws {
    #expect(
      try resumed(after: "source@w0").prefix(2) == ["window@w0", "source@w0"], "held before the failed step")
    #expect(
      try resumed(after: "tools@w0") == [
        "window@w0", "tools@w0", "alerts@w0", "errors@w0", "out@w0", "change@w0", "in@w0",
      ])
    #expect(
      try resumed(after: "errors@w0").prefix(4) == ["window@w0", "alerts@w0", "errors@w0", "out@w0"],
      "each gate of an action by itself")
  }

  @Test("Once the node is out nothing is looked at again, and neither what is done with")
  func afterTheNodeWentOut() throws {
    #expect(try resumed(after: "out@w0") == ["out@w0", "change@w0", "in@w0"])
    #expect(try resumed(after: "change@w0") == ["change@w0", "in@w0"])
    let second = try resumed(after: "tools@w1", plan: Self.plan(nodes: ["w0", "w1"]))
    #expect(second.prefix(2) == ["window@w1", "tools@w1"] && !second.contains { $0.hasSuffix("@w0") })
  }

  @Test("Where no node goes out, the proof is for the first step that can't be taken back")
  func withoutDrain() throws {
    let plan = Self.plan(effects: false)
    #expect(try resumed(after: "source@w0", plan: plan).prefix(2) == ["window@w0", "source@w0"])
    #expect(try resumed(after: "tools@w0", plan: plan).first == "tools@w0")
  }

  @Test("A proof that does not hold any more stops the resumed run before anything else is done")
  func failsNow() throws {
    let plan = Self.plan()
    var harness = failing("tools@w0")
    try harness.run(plan)
    harness.world.performed = []
    harness.world.scripted[StepID("window@w0")] = [
      .failed(StepFailure(code: "closed", message: "Closed.", retry: .hold))
    ]
    try harness.run(plan)
    #expect(harness.outcome == .paused("Closed."))
    #expect(harness.world.performed.map(\.text) == ["window@w0"])
  }

  @Test("What an operator has answered for stays answered")
  func approved() throws {
    let plan = Self.plan()
    let window = StepID("window@w0")
    var harness = MachineHarness()
    harness.world.scripted[window] = [
      .failed(StepFailure(code: "closed", message: "Closed.", retry: .hold))
    ]
    try harness.run(plan)
    harness.decide(window, .done)
    harness.world.performed = []
    try harness.run(plan)
    #expect(harness.outcome == .completed)
    #expect(!harness.world.performed.contains(window))
  }

  @Test(
    "Killed anywhere, and again: no effect comes twice, and each node goes out on a proof of its own process")
  func killed() throws {
    let plan = Self.plan(nodes: ["w0", "w1"])
    var whole = failing("tools@w1")
    try whole.run(plan)
    for first in 1...whole.log.count {
      for second in 1...8 {
        var harness = failing("tools@w1")
        harness.killAfter = first
        try harness.run(plan)
        harness.killAfter = first + second
        try harness.run(plan)
        harness.killAfter = nil
        for _ in 0..<3 where harness.outcome != .completed { try harness.run(plan) }
        #expect(harness.outcome == .completed, "killed after \(first) and \(second) more")
        let proofs = plan.steps.filter { $0.proof == .moment }.map(\.id)
        for step in plan.steps.map(\.id) where !proofs.contains(step) {
          #expect(harness.world.effects[step] == 1, "\(step), killed after \(first) and \(second) more")
        }
        #expect(goesOutOnFreshProof(harness.log), "killed after \(first) and \(second) more")
      }
    }
  }

  /// Between the last start of a process and each first step out, the node's proofs have succeeded.
  private func goesOutOnFreshProof(_ log: [RunEvent]) -> Bool {
    var fresh: Set<String> = []
    for event in log {
      switch event.kind {
      case .runStarted: fresh = []
      case .stepSucceeded(let step, _, _), .stepProbed(let step, _, .done): fresh.insert(step.text)
      case .stepStarted(let step, attempt: 1) where step.text.hasPrefix("out@"):
        let node = step.text.dropFirst(4)
        if !fresh.isSuperset(of: ["window@\(node)", "alerts@\(node)", "errors@\(node)"]) { return false }
      default: continue
      }
    }
    return true
  }
}
