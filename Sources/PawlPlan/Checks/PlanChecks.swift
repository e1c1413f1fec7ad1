import PawlGraph
package import PawlModel

/// Rules that a plan must keep in every state it can reach, whoever made it.
package enum PlanChecks {
  /// All breaches; empty for a sound plan.
  package static func check(_ plan: Plan, inventory: Inventory, facts: Facts) -> [PlanRefusal] {
    let order: PlanOrder
    do throws(PlanRefusal) {
      order = try PlanOrder(plan)
    } catch {
      return [error]
    }
    return SkewCheck(plan: plan, order: order, facts: facts).refusals()
      + DrainCheck(plan: plan, order: order, facts: facts).refusals()
      + AvailabilityCheck(plan: plan, order: order, inventory: inventory, facts: facts).refusals()
      + QuorumCheck(plan: plan, inventory: inventory, facts: facts).refusals()
      + RebootCheck(plan: plan, inventory: inventory, facts: facts).refusals()
  }
}

/// The order relation of a plan's steps.
struct PlanOrder {
  private let graph: DirectedGraph<StepID>
  private let position: [StepID: Int]

  /// - Throws: `PlanRefusal` for a doubled id, an unknown need or a cycle.
  init(_ plan: Plan) throws(PlanRefusal) {
    var graph = DirectedGraph<StepID>()
    for step in plan.steps { graph.add(step.id) }
    guard graph.nodes.count == plan.steps.count else {
      throw PlanRefusal(code: "doubled-step", message: "The plan holds two steps of one id.")
    }
    let known = Set(graph.nodes)
    for step in plan.steps {
      for need in step.needs {
        guard known.contains(need) else {
          throw PlanRefusal(
            code: "unknown-step", message: "\(step.id) needs \(need), which the plan does not have.")
        }
        graph.addEdge(from: need, to: step.id)
      }
    }
    do throws(GraphCycle<StepID>) {
      _ = try graph.topologicalOrder()
    } catch {
      let way = error.nodes.map(\.text).joined(separator: " -> ")
      throw PlanRefusal(code: "cycle", message: "The plan's steps wait for one another: \(way).")
    }
    self.graph = graph
    position = Dictionary(uniqueKeysWithValues: plan.steps.enumerated().map { ($1.id, $0) })
  }

  /// Everything that has happened when `step` has.
  func closure(of step: StepID) -> Set<StepID> { graph.ancestors(of: step).union([step]) }

  /// In the plan's order.
  func sorted(_ steps: some Sequence<StepID>) -> [StepID] {
    steps.sorted { (position[$0] ?? 0) < (position[$1] ?? 0) }
  }
}
