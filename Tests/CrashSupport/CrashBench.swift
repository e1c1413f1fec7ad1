import Foundation
package import PawlEngine
import PawlModel
package import PawlPlan
package import PawlSimulation
import PawlSteps

/// A scenario made ready: its plan, and the run that nothing disturbs.
package struct CrashBench: Sendable {
  /// What the undisturbed run was.
  package struct Reference: Sendable {
    package let events: [RunEvent]
    package let effects: Effects
    package let effectCount: Int
    package let snapshot: SimulatedSnapshot
    /// Detached commands and changes through the API server, in order.
    package let calls: [EffectingCall]
    /// Programs of detached commands, which faults can kill.
    package let programs: [EffectingCall]
  }

  /// Why a scenario is of no use.
  package struct Unusable: Error, CustomStringConvertible {
    package let description: String
  }

  package let scenario: CrashScenario
  package let plan: Plan
  package let record: RunRecord
  package private(set) var reference: Reference

  /// Plans, runs without trouble, and checks that run.
  package static func prepare(_ scenario: CrashScenario) async throws -> CrashBench {
    let simulated = SimulatedCluster(scenario.state)
    let report = await FactGatherer(hosts: simulated, cluster: simulated).gather(
      for: scenario.inventory, patches: true)
    guard let facts = report.facts else { throw Unusable(description: "\(scenario): \(report.problems)") }
    let plan = try Planner(catalog: ActionRegistry.standard.catalog).plan(
      Planner.Request(
        runbook: try Runbook.read(text: scenario.text, file: scenario.file), inventory: scenario.inventory,
        facts: facts, inputs: scenario.inputs, limit: scenario.limit))
    guard !plan.steps.isEmpty else { throw Unusable(description: "\(scenario): the plan has no step.") }
    let record = RunRecord(
      id: RunID("20261121-104512-crash-7f3a"), plan: plan, inventory: scenario.inventory, facts: facts,
      createdAt: Date(timeIntervalSince1970: 0), createdBy: "test", pawlVersion: "test")
    let none = Reference(
      events: [], effects: Effects([]), effectCount: 0, snapshot: scenario.state.snapshot, calls: [],
      programs: []
    )
    var bench = CrashBench(scenario: scenario, plan: plan, record: record, reference: none)
    bench.reference = try await bench.undisturbed()
    return bench
  }

  private func undisturbed() async throws -> Reference {
    let world = try await CrashWorld(self)
    guard await world.stretch() == .ended(.completed) else {
      throw Unusable(description: "\(scenario) does not complete: \(try await world.tail())")
    }
    await world.cluster.advance(by: .seconds(120))
    let violations = await world.cluster.violations
    guard violations.isEmpty else { throw Unusable(description: "\(scenario) breaks rules: \(violations)") }
    let ledger = await world.cluster.ledger
    var calls = CallCounter()
    var programs = CallCounter()
    let commands = world.hosts.started
    let requests = ledger.filter {
      $0.cause.hasPrefix("PATCH ") || $0.cause.hasPrefix("DELETE ") || $0.isEviction
    }
    return Reference(
      events: try await world.events(), effects: Effects(ledger), effectCount: ledger.count,
      snapshot: await world.cluster.snapshot,
      calls: commands.map { host, command in
        calls.call(on: host, command.steps.map { $0.joined(separator: " ") }.joined(separator: "; "))
      } + requests.map { calls.call(on: nil, $0.isEviction ? "/eviction" : $0.cause) },
      programs: commands.flatMap { host, command in
        (command.steps + command.always).map { (host, $0.joined(separator: " ")) }
      }.map { programs.call(on: $0, $1) })
  }
}

extension EffectRecord {
  fileprivate var isEviction: Bool { cause.hasPrefix("POST ") && cause.hasSuffix("/eviction") }
}
