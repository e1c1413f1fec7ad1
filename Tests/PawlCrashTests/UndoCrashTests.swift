import PawlCrashSupport
import PawlEngine
import PawlModel
import PawlPlan
import PawlSimulation
import Testing

/// Every runbook there is, cancelled and killed in the middle of it, has to leave cordons, annotations and holds as they
/// were before.
@Suite("Cancelled runs leave no trace", .timeLimit(.minutes(20)))
struct UndoCrashTests {
  /// Cases of each scenario that is not thorough.
  private static let cases = 6

  /// An administrator has cordoned a worker, and another tool has left a note on a node.
  private static let cordoned: [CrashScenario] = RunbookScenarios.all.filter(\.thorough).map { scenario in
    var state = SimulatedState.demo(controlPlanes: 1, workers: 3)
    state.systemRepository = scenario.state.systemRepository
    state.nodes["worker-2"]?.unschedulable = true
    state.nodes["worker-1"]?.annotations["example.org/owner"] = "anna"
    var inventory = Inventory.demo(controlPlanes: 1, workers: 3)
    inventory.policy.maxUnavailable = 2
    return CrashScenario(
      "worker-2 cordoned before", file: scenario.file, text: scenario.text, inputs: scenario.inputs,
      inventory: inventory, state: state, limit: scenario.limit)
  }

  private static let scenarios = RunbookScenarios.all + cordoned + RandomRunbooks.all

  private func expectNone(_ findings: [String], sourceLocation: Testing.SourceLocation = #_sourceLocation) {
    #expect(findings.isEmpty, "\(findings.joined(separator: "\n"))", sourceLocation: sourceLocation)
  }

  @Test("Cancelled after each event, and the cancel killed after each of its own", arguments: scenarios)
  func cancelled(_ scenario: CrashScenario) async throws {
    let bench = try await Benches.shared.bench(scenario)
    let events = Sampling.some(
      Array(1..<bench.reference.events.count), Self.cases, "cancelled after an event", of: scenario)
    for event in events { expectNone(try await bench.cancelled(afterEvent: event)) }
  }

  @Test(
    "Cancelled after an installation was killed in the middle of it",
    // With several nodes at once a journal has its events in another order each time.
    arguments: (RunbookScenarios.all + cordoned).filter { $0.inventory.policy.rollout == nil })
  func tornInstallations(_ scenario: CrashScenario) async throws {
    let bench = try await Benches.shared.bench(scenario)
    let steps = bench.plan.steps.filter { $0.uses == "apt/install@v1" }
    for step in Sampling.some(steps, Self.cases, "torn installation", of: scenario) {
      expectNone(try await bench.cancelled(afterTearing: step))
    }
  }

  @Test("Interrupted at each step, once and twice", arguments: scenarios)
  func interrupted(_ scenario: CrashScenario) async throws {
    let bench = try await Benches.shared.bench(scenario)
    for step in Sampling.some(bench.plan.steps, Self.cases, "interrupted at a step", of: scenario) {
      for twice in [false, true] { expectNone(try await bench.interrupted(at: step.id, twice: twice)) }
    }
  }

  @Test("Each undo failing, once and for good", arguments: scenarios)
  func undoFails(_ scenario: CrashScenario) async throws {
    let bench = try await Benches.shared.bench(scenario)
    var cases: [(event: Int, step: StepID)] = []
    for event in 1..<bench.reference.events.count {
      for step in try bench.undosDue(afterEvent: event) { cases.append((event, step)) }
    }
    #expect(!cases.isEmpty || !scenario.text.contains("node/drain"))
    for (event, step) in Sampling.some(cases, Self.cases, "undo fails", of: scenario) {
      expectNone(try await bench.cancelled(afterEvent: event, failingToUndo: step))
    }
  }
}
