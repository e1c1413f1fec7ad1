package import PawlEngine
import PawlModel
package import PawlPlan

/// Takes down how well the workloads of a node are before its turn, for the gates after it.
package struct GateBaseline: ReadOnlyAction {
  package static let spec = ActionSpec(
    name: "gate/baseline", version: 1,
    summary:
      "Takes down which workloads, DaemonSets and budgets a node's turn touches, and how well they are.",
    reversibility: .readOnly, retry: RetryPolicy(attempts: 3), timeoutSeconds: 120, estimateSeconds: 1,
    title: { "Take down how the workloads of \($0.node) are" }, freeze: NodeName.freeze)

  private let node: String

  package init(step: PlanStep) throws(StepFailure) {
    node = try StepParameters(step).node()
  }

  package func perform(_ environment: ActionEnvironment) async throws(StepFailure) -> StepOutcome {
    let baseline = try await NodeBaseline.take(node: node, cluster: environment.cluster)
    var parts = [
      GateText.count(baseline.workloads.count, "workload"),
      GateText.count(baseline.daemonSets.count, "DaemonSet"),
      GateText.count(baseline.budgets.count, "budget"),
    ]
    let short = Self.short(baseline)
    if !short.isEmpty { parts.append("short already, so not waited for: \(GateText.joined(short))") }
    if !baseline.uncounted.isEmpty { parts.append("not counted: \(GateText.joined(baseline.uncounted))") }
    return StepOutcome(
      "On \(node) before its turn: \(parts.joined(separator: "; ")).", changed: false,
      record: try baseline.record())
  }

  /// What is not well even now, with its numbers.
  private static func short(_ baseline: NodeBaseline) -> [String] {
    baseline.workloads.filter(\.isShort).map { "\($0.fullName) has \($0.ready) of \($0.desired) ready" }
      + baseline.daemonSets.filter { !$0.ready }.map { "the pod of DaemonSet \($0.fullName)" }
      + baseline.budgets.filter(\.isShort).map {
        "budget \($0.fullName) has \($0.healthy) healthy, needs \($0.desired)"
      }
  }
}
