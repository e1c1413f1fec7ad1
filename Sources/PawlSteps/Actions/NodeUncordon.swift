package import PawlEngine
import PawlModel
package import PawlPlan

/// Lets pods back on a node, unless it was cordoned by somebody whose cordon is not to be touched.
package struct NodeUncordon: Action {
  package static let spec = ActionSpec(
    name: "node/uncordon", version: 1, summary: "Lets pods back on a node that this run has cordoned.",
    parameters: [
      .init(
        "cordonedBy", .string, default: .string(CordonedBy.run.rawValue),
        allowed: CordonedBy.allCases.map(\.rawValue),
        "Whose cordon is taken off: this run's, that of any run of Pawl, or anybody's.")
    ],
    reversibility: .compensable, retry: RetryPolicy(attempts: 3), timeoutSeconds: 60, estimateSeconds: 1,
    title: { "Uncordon \($0.node)" }, effects: { [.inService(node: $0.node)] }, freeze: NodeName.freeze)

  /// Whose cordon is taken off.
  enum CordonedBy: String, CaseIterable { case run, pawl, anybody }

  private let name: String
  private let cordonedBy: CordonedBy

  init(node name: String) {
    self.name = name
    cordonedBy = .run
  }

  package init(step: PlanStep) throws(StepFailure) {
    let parameters = StepParameters(step)
    name = try parameters.node()
    cordonedBy = try parameters.choice("cordonedBy", default: .run)
  }

  private func node(_ environment: ActionEnvironment) async throws(StepFailure) -> ClusterNode {
    let name = name
    guard let node = try await environment.cluster.node(named: name) else {
      throw CordonMark.unknownNode(name)
    }
    return node
  }

  /// Whether the node carries a cordon, or what is left of one, that is to be taken off.
  private func isToBeFreed(_ node: ClusterNode, _ environment: ActionEnvironment) -> Bool {
    switch (CordonMark(of: node), cordonedBy) {
    case (.run(let run), .run): run == environment.context.run
    case (.run, .pawl), (.run, .anybody): true
    case (.none, .anybody): node.unschedulable
    case (.none, .run), (.none, .pawl): false
    }
  }

  package func probe(_ environment: ActionEnvironment) async throws(StepFailure) -> ProbeVerdict {
    let node = try await node(environment)
    guard isToBeFreed(node, environment) else { return .done(leftAlone(node)) }
    return node.unschedulable
      ? .notStarted : .torn("\(name) takes pods again but still carries a run's mark")
  }

  package func perform(_ environment: ActionEnvironment) async throws(StepFailure) -> StepOutcome {
    let node = try await node(environment)
    guard isToBeFreed(node, environment) else { return leftAlone(node) }
    let name = name
    try await environment.cluster.patchNode(
      named: name, unschedulable: false, annotations: [CordonMark.annotation: nil])
    return StepOutcome("\(name) takes pods again.", changed: true)
  }

  private func leftAlone(_ node: ClusterNode) -> StepOutcome {
    let summary =
      switch (node.unschedulable, CordonMark(of: node)) {
      case (false, _): "\(name) takes pods already."
      case (true, .run(let run)): "\(name) stays cordoned: run \(run) cordoned it, not this one."
      case (true, .none) where cordonedBy == .pawl:
        "\(name) stays cordoned: somebody else cordoned it; `pawl uncordon --force` takes that off too."
      case (true, .none): "\(name) stays cordoned: somebody else cordoned it."
      }
    return StepOutcome(summary, changed: false)
  }

  package func verify(_ environment: ActionEnvironment) async throws(StepFailure) {
    guard isToBeFreed(try await node(environment), environment) else { return }
    throw StepFailure(
      code: "still-cordoned", message: "\(name) is still cordoned after its cordon was taken off.",
      retry: .temporary)
  }
}
