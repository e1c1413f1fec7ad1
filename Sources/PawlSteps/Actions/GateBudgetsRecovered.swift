package import PawlEngine
import PawlModel
package import PawlPlan

/// Waits until the disruption budgets that a node's turn used up allow as much as before it.
package struct GateBudgetsRecovered: ReadOnlyAction {
  package static let spec = ActionSpec(
    name: "gate/budgets-recovered", version: 1,
    summary: "Waits until the disruption budgets of a node's pods are as healthy as before its turn.",
    reversibility: .readOnly, retry: RetryPolicy(attempts: 1), timeoutSeconds: 600, estimateSeconds: 1,
    comesAfter: NodeBaseline.action, proof: .cluster,
    title: { "Wait for the disruption budgets of \($0.node)'s pods to recover" }, freeze: NodeName.freeze)

  private let node: String

  package init(step: PlanStep) throws(StepFailure) {
    node = try StepParameters(step).node()
  }

  package func perform(_ environment: ActionEnvironment) async throws(StepFailure) -> StepOutcome {
    let before = try NodeBaseline.read(in: environment).budgets
    guard !before.isEmpty else {
      return StepOutcome("No disruption budget spoke of pods on \(node) before its turn.", changed: false)
    }
    let proof = try await Gate(environment: environment, subject: node).wait(
      { () async throws(StepFailure) in Self.compare(before, with: try await environment.cluster.budgets()) },
      failure: { missing, seconds in
        StepFailure(
          code: "budgets-not-recovered",
          message: "\(missing.count) of \(GateText.count(before.count, "budget")) of \(node)'s pods did not "
            + "recover within \(seconds) s: \(GateText.joined(missing)).",
          causes: missing, retry: .temporary,
          hint: "`kubectl describe pdb -A` names the pods; who runs them can help. Then run `pawl resume`: "
            + "the gate looks again.")
      })
    return StepOutcome(
      "\(GateText.count(before.count, "budget")) of \(node)'s pods recovered \(proof.when): \(proof.text).",
      changed: false)
  }

  private static func compare(
    _ before: [NodeBaseline.Budget], with budgets: [ClusterBudget]
  ) -> Gate.Sight {
    var seen: [String] = []
    var missing: [String] = []
    for old in before {
      guard let now = budgets.first(where: { $0.namespace == old.namespace && $0.name == old.name }),
        now.expectedPods > 0
      else {
        seen.append("\(old.fullName) speaks of no pods any more")
        continue
      }
      let numbers =
        "\(old.fullName) has \(now.currentHealthy) of \(now.expectedPods) healthy, needs \(now.desiredHealthy), "
        + "allows \(now.disruptionsAllowed)"
      // Its workload may have been scaled down since: then as many healthy pods as it has, and what follows of them.
      let healthy = min(old.healthy, now.expectedPods)
      let allowed = min(old.allowed, max(0, now.currentHealthy - now.desiredHealthy))
      if now.currentHealthy < healthy || now.disruptionsAllowed < allowed {
        missing.append("budget \(numbers); before \(old.healthy) healthy, \(old.allowed) allowed")
      } else {
        seen.append(now.currentHealthy < now.desiredHealthy ? "\(numbers), as before" : numbers)
      }
    }
    return missing.isEmpty ? .holds(GateText.joined(seen)) : .lacks(missing)
  }
}
