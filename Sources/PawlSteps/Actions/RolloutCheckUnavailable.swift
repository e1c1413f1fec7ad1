package import PawlEngine
import PawlModel
package import PawlPlan

/// Before a node is taken out of service: no more workers are out for others' reasons than the policy leaves room for.
package struct RolloutCheckUnavailable: ReadOnlyAction {
  package static let spec = ActionSpec(
    name: "rollout/check-unavailable", version: 1,
    summary:
      "Waits until few enough other workers are out of service, cordoned by somebody else or not Ready.",
    parameters: [.init("others", .int, "Workers that may be out of service without this run.")],
    reversibility: .readOnly, retry: RetryPolicy(attempts: 2), timeoutSeconds: 300, estimateSeconds: 1,
    proof: .moment,
    title: { _ in "Check that few enough other nodes are out of service" },
    freeze: NodeName.freeze)

  private static let pauseSeconds = 10

  private let node: String
  private let others: Int

  package init(step: PlanStep) throws(StepFailure) {
    let parameters = StepParameters(step)
    node = try parameters.node()
    others = try parameters.int("others")
  }

  package func perform(_ environment: ActionEnvironment) async throws(StepFailure) -> StepOutcome {
    let deadline = environment.deadline()
    while true {
      let out = try await deadline.retrying(report: { environment.status($0) }) {
        () async throws(StepFailure) -> [ClusterNode] in try await self.out(environment)
      }
      if out.count <= others {
        return StepOutcome(
          out.isEmpty ? "No other worker is out of service." : "Only \(Self.text(out)) out of service.",
          changed: false)
      }
      let why =
        "\(Self.text(out)) out of service without this run, and beside \(node) the policy leaves room for \(others)"
      guard !deadline.isOver else {
        throw StepFailure(
          code: "too-many-unavailable", message: "\(node) is not taken out of service: \(why).",
          retry: .temporary, hint: "Put them back in service, then run `pawl resume`.")
      }
      environment.status("\(node) waits because \(why)")
      try await deadline.pause(seconds: Self.pauseSeconds)
    }
  }

  /// Other workers that are out of service without this run. Nodes that it has cordoned count in the plan, those that
  /// it has left behind in the failure budget.
  private func out(_ environment: ActionEnvironment) async throws(StepFailure) -> [ClusterNode] {
    let (run, leftBehind) = (environment.context.run, environment.context.leftBehind)
    return try await environment.cluster.nodes().filter { other in
      !other.isControlPlane && other.name != node && !leftBehind.contains(other.name)
        && CordonMark(of: other) != .run(run)
        && (other.unschedulable || !other.ready)
    }
  }

  private static func text(_ nodes: [ClusterNode]) -> String {
    nodes.map { "\($0.name) (\($0.unschedulable ? "cordoned" : "not Ready"))" }.sorted()
      .joined(separator: ", ") + (nodes.count == 1 ? " is" : " are")
  }
}
