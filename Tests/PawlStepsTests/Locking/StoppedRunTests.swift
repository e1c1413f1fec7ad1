import Foundation
import PawlEngine
import PawlModel
import PawlPlan
import PawlSimulation
import PawlSteps
import Testing

@Suite("A run that did not end")
struct StoppedRunTests {
  private let cluster = SimulatedCluster(.demo())

  private static func step(_ uses: String, _ node: String, _ effect: StateEffect) -> PlanStep {
    PlanStep(
      id: StepID("\(uses) \(node)"), title: "", uses: uses, host: node, path: [], needs: [],
      with: ["node": .string(node)], retry: .never, timeoutSeconds: 60, reversibility: .compensable,
      estimateSeconds: 1, effects: [effect])
  }

  private static let plan = Plan(
    cluster: "demo", runbook: RunbookReference(name: "r", version: "1.0.0", digest: ""), inputs: [:],
    title: "",
    versions: [],
    steps: ["worker-1", "worker-2"].flatMap {
      [
        step("node/drain@v1", $0, .outOfService(node: $0)),
        step("node/uncordon@v1", $0, .inService(node: $0)),
      ]
    },
    skipped: [], notes: [], basis: [:])

  /// After these steps have succeeded.
  private static func stopped(after steps: [String]) throws -> StoppedRun {
    var events: [RunEvent] = []
    for id in steps.map({ StepID($0) }) {
      for kind: RunEventKind in [
        .stepStarted(id, attempt: 1), .stepSucceeded(id, attempt: 1, StepOutcome("", changed: true)),
      ] {
        events.append(RunEvent(sequence: events.count + 1, time: Date(timeIntervalSince1970: 0), kind: kind))
      }
    }
    return try StoppedRun(plan: plan, state: RunState(plan: plan, events: events))
  }

  @Test("has drained the nodes whose drain succeeded and whose uncordon has not begun")
  func drained() throws {
    #expect(try Self.stopped(after: []).drainedNodes == [])
    #expect(try Self.stopped(after: ["node/drain@v1 worker-1"]).drainedNodes == ["worker-1"])
    #expect(
      try Self.stopped(after: [
        "node/drain@v1 worker-1", "node/uncordon@v1 worker-1", "node/drain@v1 worker-2",
      ])
      .drainedNodes == ["worker-2"])
  }

  @Test("goes on only while its nodes are still out of service")
  func required() async throws {
    let run = try Self.stopped(after: ["node/drain@v1 worker-1"])
    let failure = await #expect(throws: StepFailure.self) { try await run.requireDrained(cluster) }
    #expect(failure?.code == "uncordoned-meanwhile" && failure?.message.contains("worker-1") == true)
    try await cluster.patchNode(named: "worker-1", unschedulable: true, annotations: [:])
    try await run.requireDrained(cluster)
  }
}
