package import PawlModel
package import PawlSimulation

/// A runbook with something to run it on.
package struct CrashScenario: Sendable, CustomStringConvertible {
  /// `RUNBOOK, VARIANT`; names the scenario in findings.
  package let description: String
  /// The runbook's file name, for its problems.
  package let file: String
  /// The runbook.
  package let text: String
  /// What the operator gives.
  package let inputs: [String: String]
  /// The hosts.
  package let inventory: Inventory
  /// The cluster before the run.
  package let state: SimulatedState
  /// Only these hosts; empty for all.
  package let limit: Set<String>
  /// Whether every case is tried, or a sample; for scenarios with few steps.
  package let thorough: Bool

  /// Makes a scenario.
  package init(
    _ variant: String, file: String, text: String, inputs: [String: String], inventory: Inventory,
    state: SimulatedState, limit: Set<String> = [], thorough: Bool = false
  ) {
    self.description = "\(file), \(variant)"
    self.file = file
    self.text = text
    self.inputs = inputs
    self.inventory = inventory
    self.state = state
    self.limit = limit
    self.thorough = thorough
  }
}
