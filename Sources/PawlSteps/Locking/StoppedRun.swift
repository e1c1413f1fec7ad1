package import PawlEngine
import PawlModel
package import PawlPlan

/// A run that did not end, as its journal tells.
package struct StoppedRun: Sendable {
  private let plan: Plan
  private let state: RunState

  /// Takes a plan and where it stands.
  package init(plan: Plan, state: RunState) {
    self.plan = plan
    self.state = state
  }

  /// Packages that an installation on this host takes off hold and has not been seen to put back.
  func holdsAtRisk(on host: String) -> [String] {
    var packages: Set<String> = []
    for step in plan.steps where step.host == host && step.uses == AptInstall.spec.reference {
      let status = state.status(of: step.id)
      guard status.attempt > 0, !status.isSucceeded else { continue }
      guard case .list(let holds) = step.with["holds"] else { continue }
      for case .string(let name) in holds { packages.insert(name) }
    }
    return packages.sorted()
  }

  /// Nodes that it took out of service and did not begin to put back, in plan order.
  package var drainedNodes: [String] {
    var nodes: [String] = []
    for step in plan.steps {
      let status = state.status(of: step.id)
      for effect in step.effects {
        switch effect {
        case .outOfService(let node): if status.isSucceeded { nodes.append(node) }
        case .inService(let node): if status.attempt > 0 { nodes.removeAll { $0 == node } }
        case .controlPlane, .kubeletInstalled, .kubeletRunning: continue
        }
      }
    }
    return nodes
  }

  /// Makes sure that nothing was let back on drained nodes while no process carried the run out, for example by
  /// `pawl release`: the steps that follow count on it.
  ///
  /// - Throws: `uncordoned-meanwhile`, or that the API server could not be asked.
  package func requireDrained(_ cluster: any ClusterClient) async throws(StepFailure) {
    for name in drainedNodes {
      let node: ClusterNode?
      do throws(ClusterError) { node = try await cluster.node(named: name) } catch {
        throw StepFailure(error)
      }
      guard let node, !node.unschedulable else { continue }
      throw StepFailure(
        code: "uncordoned-meanwhile",
        message: """
          \(name) was drained by this run and takes pods again: it was released, or somebody uncordoned it. Plan \
          anew with `\(plan.commandAnew)`, which drains it again.
          """)
    }
  }
}
