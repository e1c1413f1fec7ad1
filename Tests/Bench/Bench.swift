import Foundation
import PawlEngine
import PawlModel
import PawlPlan
import PawlStore

/// Measures and prints. Nothing is asserted but that no event is lost.
@main
enum Bench {
  static let run = RunID("20261121-104512-bench-7f3a")
  static let hosts = 500
  static let stepsPerHost = 60

  static func main() async throws {
    let arguments = Array(CommandLine.arguments.dropFirst())
    switch (arguments.first, arguments.count) {
    case ("chain", 2):
      try await throughput("a chain of 2000 steps", BenchPlan.chain(2000), arguments[1])
    case ("wide", 2):
      try await throughput("500 steps side by side and one after them", BenchPlan.wide(500), arguments[1])
    case ("prepare", 2): try await ResumeBench(directory: arguments[1]).prepare()
    case ("resume", 3): try await ResumeBench(directory: arguments[1]).resume(with: arguments[2])
    case ("finish", 2): try await ResumeBench(directory: arguments[1]).finish()
    default:
      print("usage: pawl-bench chain|wide|prepare|finish DIRECTORY, or pawl-bench resume DIRECTORY PAWL")
      exit(64)
    }
  }

  private static func throughput(_ name: String, _ plan: Plan, _ directory: String) async throws {
    let store = try store(directory)
    try await store.create(record(plan, directory: directory))
    let start = ContinuousClock.now
    _ = try await RunExecutor(store: store, performer: IdlePerformer()).run(run, by: "bench", epoch: 1)
    let seconds = (ContinuousClock.now - start) / .seconds(1)
    print("\(name): \(Int(Double(plan.steps.count) / seconds)) durable steps a second")
    try await checkNothingLost(store, plan, events: 2 * plan.steps.count + 2)
  }

  static func store(_ directory: String) throws -> SQLiteRunStore {
    try SQLiteRunStore(directory: directory, digest: { SHA256.hex(of: $0) })
  }

  static func record(_ plan: Plan, directory: String) -> RunRecord {
    RunRecord(
      id: run, plan: plan, inventory: BenchPlan.inventory(hosts, kubeconfig: directory + "/kubeconfig"),
      facts: Facts(
        cluster: ClusterFacts(serverVersion: KubernetesVersion(1, 29, 15), nodes: [], controlPlane: []),
        hosts: [:]),
      createdAt: Date(), createdBy: "bench", pawlVersion: "bench")
  }

  /// Every step ended once, and the journal, read anew, is whole and has that many events.
  static func checkNothingLost(_ store: SQLiteRunStore, _ plan: Plan, events expected: Int) async throws {
    let check = try await store.verify(run: run)
    let state = try RunState(plan: plan, events: check.events)
    let ended = plan.steps.count { state.status(of: $0.id).isSucceeded }
    guard ended == plan.steps.count, check.events.count == expected, check.fault == nil else {
      print(
        "  LOST: \(ended) of \(plan.steps.count) steps ended; \(check.events.count) of \(expected) events")
      exit(1)
    }
    print("  events lost: none of \(expected)")
  }
}
