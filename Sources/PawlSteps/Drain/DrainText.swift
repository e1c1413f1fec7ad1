/// What a drain says, as pure functions.
package enum DrainText {
  /// `1 pod`, `3 pods`.
  package static func pods(_ count: Int) -> String { count == 1 ? "1 pod" : "\(count) pods" }

  /// The first five, and how many more there are.
  static func joined(_ items: [String]) -> String {
    let shown = items.prefix(5).joined(separator: "; ")
    return items.count > 5 ? "\(shown); and \(items.count - 5) more" : shown
  }

  /// A budget's arithmetic: `budget shop/web allows 0 of 3 (2 healthy, 1 more needed)`.
  package static func arithmetic(_ budget: ClusterBudget) -> String {
    let name = "budget \(budget.namespace)/\(budget.name)"
    if budget.disruptionsAllowed > 0 {
      return "\(name) allows \(budget.disruptionsAllowed) of \(budget.expectedPods)"
    }
    if budget.expectedPods > 0, budget.desiredHealthy >= budget.expectedPods {
      return "\(name) wants all \(budget.expectedPods) healthy, so it never allows an eviction"
    }
    let needed = max(1, budget.desiredHealthy + 1 - budget.currentHealthy)
    return
      "\(name) allows 0 of \(budget.expectedPods) (\(budget.currentHealthy) healthy, \(needed) more needed)"
  }

  /// The budgets that speak of a pod.
  package static func budgets(_ budgets: [ClusterBudget], for pod: ClusterPod) -> [ClusterBudget] {
    budgets.filter { $0.namespace == pod.namespace && $0.selects(pod.labels) }
  }

  /// Why a pod that a budget holds back can't go: the arithmetic, or the server's own words when no budget is known.
  package static func blocked(_ pod: ClusterPod, by known: [ClusterBudget], serverSays message: String)
    -> String
  {
    let found = budgets(known, for: pod).filter { $0.disruptionsAllowed == 0 }.map(arithmetic)
    return found.isEmpty ? message : found.joined(separator: ", ")
  }

  /// Why a pod that was asked to leave is still there.
  package static func staying(_ pod: ClusterPod) -> String {
    if !pod.finalizers.isEmpty {
      return "it is deleted but finalizers hold it: \(pod.finalizers.joined(separator: ", "))"
    }
    return pod.terminating
      ? "it is terminating but its containers have not ended" : "it has not begun to terminate"
  }

  /// `worker-1: 2 pods left; shop/web-0 waits because …; 45 of 600 s`.
  package static func progress(node: String, left: [LeavingPod], elapsed: Int, limit: Int) -> String {
    let first = left.first(where: \.isBlocked) ?? left.first
    let why = first.map { "; \($0.pod.fullName) stays because \($0.why)" } ?? ""
    return "\(node): \(pods(left.count)) left\(why); \(elapsed) of \(limit) s"
  }
}
