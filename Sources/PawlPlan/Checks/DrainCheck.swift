import PawlModel

/// A kubelet changes its minor only on a drained node (the skew policy's procedure rule).
struct DrainCheck {
  let plan: Plan
  let order: PlanOrder
  let facts: Facts

  func refusals() -> [PlanRefusal] {
    var drains: [String: [StepID]] = [:]
    var returns: [String: [StepID]] = [:]
    for step in plan.steps {
      for effect in step.effects {
        switch effect {
        case .outOfService(let node): drains[node, default: []].append(step.id)
        case .inService(let node): returns[node, default: []].append(step.id)
        case .controlPlane, .kubeletInstalled, .kubeletRunning: break
        }
      }
    }
    var current = facts.cluster.nodes.reduce(into: [String: MinorVersion]()) {
      $0[$1.name] = $1.kubeletVersion.minorVersion
    }
    var found: [PlanRefusal] = []
    for step in plan.steps {
      for case .kubeletInstalled(let node, let version) in step.effects
      where current[node] != version.minorVersion {
        current[node] = version.minorVersion
        let before = order.closure(of: step.id)
        let open = (drains[node] ?? []).filter(before.contains)
        let closed = (returns[node] ?? []).filter(before.contains)
        if open.count <= closed.count {
          found.append(
            PlanRefusal(
              code: "not-drained",
              message:
                "\(step.id) changes the kubelet of \(node) to another minor without draining the node first.")
          )
        }
      }
    }
    return found
  }
}
