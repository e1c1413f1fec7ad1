import PawlModel

/// Never more nodes out of service at once than the policy allows, in any state that the plan can reach. Workers that
/// are out of service already, for others' reasons, count all the time. Control planes are counted by themselves: a
/// worker that is out takes nothing from them.
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
  private let controlPlanes: Set<String>
  private let allowed: Int
  /// Workers that are out of service without the plan.
  private let out: [String]

  init(plan: Plan, order: PlanOrder, inventory: Inventory, facts: Facts) {
    allowed = inventory.policy.maxUnavailable
    out = facts.cluster.unavailableWorkers
    controlPlanes = Set(facts.cluster.nodes.filter(\.isControlPlane).map(\.name))
    let outAlready = Set(
      out + facts.cluster.nodes.filter { $0.cordoned && $0.cordonedByRun == nil }.map(\.name))
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
    refusals(windows.filter { !controlPlanes.contains($0.node) }, out: out)
      + refusals(windows.filter { controlPlanes.contains($0.node) }, out: [])
  }

  private func refusals(_ windows: [Window], out: [String]) -> [PlanRefusal] {
    let most = windows.count - Self.matching(windows)
    guard most > 0, most + out.count > allowed else { return [] }
    let nodes = Set(windows.map(\.node)).sorted().prefix(6).joined(separator: ", ")
    let plan = "The plan can take \(Self.count(most)) out of service at once (among \(nodes))"
    guard !out.isEmpty else {
      return [
        PlanRefusal(
          code: "too-many-unavailable", message: "\(plan); the policy allows \(allowed).",
          hint: "Raise policy.maxUnavailable, or lower 'parallel' in the runbook.")
      ]
    }
    let names = out.prefix(6).joined(separator: ", ")
    return [
      PlanRefusal(
        code: "too-many-unavailable",
        message:
          "\(plan), and \(names) \(out.count == 1 ? "is" : "are") out already, cordoned by somebody else or "
          + "not Ready; the policy allows \(allowed) in all.",
        hint: "Put \(names) back in service, or raise policy.maxUnavailable to \(most + out.count).")
    ]
  }

  private static func count(_ nodes: Int) -> String { nodes == 1 ? "1 node" : "\(nodes) nodes" }

  /// Kuhn's algorithm: how many windows can be followed by another one in a chain.
  private static func matching(_ windows: [Window]) -> Int {
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

  private static func augment(
    _ one: Int, _ followers: [[Int]], _ leader: inout [Int?], _ seen: inout Set<Int>
  )
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
