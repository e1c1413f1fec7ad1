import PawlModel

/// Never more nodes out of service at once than the policy allows, in any state that the plan can reach.
///
/// Each drain opens a window that the next uncordon of the node closes. The largest set of windows that can be open
/// together is the largest antichain of "this one closes before that one opens", which by Dilworth's theorem is the
/// least number of chains that cover all windows; a maximum matching gives it.
struct AvailabilityCheck {
  private struct Window {
    let node: String
    let opens: StepID
    /// Everything that has happened when it opens.
    let before: Set<StepID>
    let closes: StepID?
  }

  private let windows: [Window]
  private let allowed: Int

  init(plan: Plan, order: PlanOrder, inventory: Inventory, facts: Facts) {
    allowed = inventory.policy.maxUnavailable
    let outAlready = Set(facts.cluster.nodes.filter { $0.cordoned && $0.cordonedByRun == nil }.map(\.name))
    var open: [String: StepID] = [:]
    var windows: [Window] = []
    func close(_ node: String, by step: StepID?) {
      guard let opens = open.removeValue(forKey: node), !outAlready.contains(node) else { return }
      windows.append(Window(node: node, opens: opens, before: order.closure(of: opens), closes: step))
    }
    for step in plan.steps {
      for effect in step.effects {
        switch effect {
        case .outOfService(let node): if open[node] == nil { open[node] = step.id }
        case .inService(let node): close(node, by: step.id)
        case .controlPlane, .kubeletInstalled, .kubeletRunning: break
        }
      }
    }
    for node in open.keys.sorted() { close(node, by: nil) }
    self.windows = windows
  }

  func refusals() -> [PlanRefusal] {
    let most = windows.count - matching()
    guard most > allowed else { return [] }
    let nodes = Set(windows.map(\.node)).sorted().prefix(6).joined(separator: ", ")
    return [
      PlanRefusal(
        code: "too-many-unavailable",
        message:
          "The plan can take \(most) nodes out of service at once (among \(nodes)); the policy allows \(allowed).",
        hint: "Raise policy.maxUnavailable, or lower 'parallel' in the runbook.")
    ]
  }

  /// Kuhn's algorithm: how many windows can be followed by another one in a chain.
  private func matching() -> Int {
    let followers = windows.map { window in
      windows.indices.filter { later in
        guard let closes = window.closes else { return false }
        return windows[later].before.contains(closes)
      }
    }
    var leader = [Int?](repeating: nil, count: windows.count)
    var count = 0
    for start in windows.indices {
      var seen: Set<Int> = []
      if augment(start, followers, &leader, &seen) { count += 1 }
    }
    return count
  }

  private func augment(_ one: Int, _ followers: [[Int]], _ leader: inout [Int?], _ seen: inout Set<Int>)
    -> Bool
  {
    for next in followers[one] where seen.insert(next).inserted {
      guard let other = leader[next] else {
        leader[next] = one
        return true
      }
      if augment(other, followers, &leader, &seen) {
        leader[next] = one
        return true
      }
    }
    return false
  }
}
