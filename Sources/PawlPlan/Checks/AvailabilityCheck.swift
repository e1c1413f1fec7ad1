import PawlModel

/// Never more nodes out of service at once than the policy allows, in any state that the plan can reach. Workers that
/// are out of service already, an earlier run's too, count all the time. Control planes are counted by themselves: a
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

    /// Whether it can be open together with the other one.
    func overlaps(_ other: Window) -> Bool {
      closes.map(other.before.contains) != true && other.closes.map(before.contains) != true
    }
  }

  private let windows: [Window]
  private let controlPlanes: Set<String>
  private let allowed: Int
  /// Workers that are out of service without the plan, beside those that it leaves behind.
  private let out: [String]
  /// Nodes that keep the cordon they have: the run that drains them puts no mark of its own on them.
  private let cordoned: Set<String>

  init(plan: Plan, order: PlanOrder, inventory: Inventory, facts: Facts) {
    allowed = inventory.policy.maxUnavailable
    let behind = Set((plan.unreachable ?? []).map(\.node))
    out = facts.cluster.unavailableWorkers.filter { !behind.contains($0) }
    controlPlanes = Set(facts.cluster.nodes.filter(\.isControlPlane).map(\.name))
    cordoned = Set(facts.cluster.nodes.filter(\.cordoned).map(\.name))
    var open: [String: StepID] = [:]
    var windows: [Window] = []
    func close(_ node: String, by step: StepID?) {
      guard let opens = open.removeValue(forKey: node) else { return }
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
    let outAlready = cordoned.union(out)
    let new = windows.filter { !outAlready.contains($0.node) }
    return refusals(new.filter { !controlPlanes.contains($0.node) }, out: out)
      + refusals(new.filter { controlPlanes.contains($0.node) }, out: [])
  }

  /// How many other workers may be out without the run when a step takes a node out: what the policy leaves beside the
  /// most that the run itself can have out then.
  func others(beside step: StepID, of node: String) -> Int {
    // A node that the plan takes out again is out since its window opened.
    guard
      let window = windows.first(where: { $0.opens == step }) ?? windows.last(where: { $0.node == node })
    else { return allowed - 1 }
    let beside = windows.filter {
      $0.opens != window.opens && !cordoned.contains($0.node) && !controlPlanes.contains($0.node)
        && $0.overlaps(window)
    }
    return max(0, allowed - 1 - (beside.count - Self.matching(beside)))
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
          "\(plan), and \(names) \(out.count == 1 ? "is" : "are") out already, cordoned or not Ready; "
          + "the policy allows \(allowed) in all.",
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
