package import PawlEngine
import PawlModel
package import PawlPlan

/// Lets pods back on a node, only if this run took it out of service.
package struct NodeUncordon: Action {
  package static let spec = ActionSpec(
    name: "node/uncordon", version: 1, summary: "Lets pods back on a node that this run has cordoned.",
    reversibility: .compensable, retry: RetryPolicy(attempts: 3), timeoutSeconds: 60, estimateSeconds: 1,
    title: { "Uncordon \($0.node)" }, effects: { [.inService(node: $0.node)] }, freeze: NodeName.freeze)

  private let name: String

  init(node name: String) { self.name = name }

  package init(step: PlanStep) throws(StepFailure) {
    name = try StepParameters(step).node()
  }

  private func node(_ environment: ActionEnvironment) async throws(StepFailure) -> ClusterNode {
    let name = name
    guard let node = try await environment.cluster.node(named: name) else {
      throw CordonMark.unknownNode(name)
    }
    return node
  }

  package func probe(_ environment: ActionEnvironment) async throws(StepFailure) -> ProbeVerdict {
    let node = try await node(environment)
    let mark = CordonMark(of: node)
    guard mark == .run(environment.context.run) else { return .done(leftAlone(node, mark)) }
    return node.unschedulable
      ? .notStarted : .torn("\(name) takes pods again but still carries this run's mark")
  }

  package func perform(_ environment: ActionEnvironment) async throws(StepFailure) -> StepOutcome {
    let node = try await node(environment)
    let mark = CordonMark(of: node)
    guard mark == .run(environment.context.run) else { return leftAlone(node, mark) }
    let name = name
    try await environment.cluster.patchNode(
      named: name, unschedulable: false, annotations: [CordonMark.annotation: nil])
    return StepOutcome("\(name) takes pods again.", changed: true)
  }

  private func leftAlone(_ node: ClusterNode, _ mark: CordonMark) -> StepOutcome {
    let summary =
      switch (node.unschedulable, mark) {
      case (false, _): "\(name) takes pods already."
      case (true, .run(let run)): "\(name) stays cordoned: run \(run) cordoned it, not this one."
      case (true, .none): "\(name) stays cordoned: somebody else cordoned it."
      }
    return StepOutcome(summary, changed: false)
  }

  package func verify(_ environment: ActionEnvironment) async throws(StepFailure) {
    guard try await CordonMark(of: node(environment)) == .run(environment.context.run) else { return }
    throw StepFailure(
      code: "still-cordoned", message: "\(name) still carries this run's cordon after it was taken away.",
      retry: .temporary)
  }
}
