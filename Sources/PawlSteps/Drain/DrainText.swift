import PawlPlan

/// What a drain says, as pure functions.
package enum DrainText {
  /// `1 pod`, `3 pods`.
  package static func pods(_ count: Int) -> String { count == 1 ? "1 pod" : "\(count) pods" }

  /// The first five, and how many more there are.
  static func joined(_ items: [String]) -> String {
    let shown = items.prefix(5).joined(separator: "; ")
    return items.count > 5 ? "\(shown); and \(items.count - 5) more" : shown
  }

  /// The pod and who owns it: `shop/web-0 (of ReplicaSet web)`.
  package static func named(_ pod: ClusterPod) -> String {
    "\(pod.fullName) (\(pod.controller.map { "of \($0.kind) \($0.name)" } ?? "of nobody"))"
  }

  /// Verdict, pod and reason in columns.
  static func table(_ verdicts: [DrainVerdict], _ budgets: [ClusterBudget] = []) -> [String] {
    let width = verdicts.map(\.pod.fullName.count).max() ?? 0
    return verdicts.map { verdict in
      let name = verdict.pod.fullName
      let turn = verdict.order == 0 ? "" : "order \(verdict.order)"
      let why = ([verdict.message] + limits(on: verdict, budgets) + [turn]).filter { !$0.isEmpty }
        .joined(separator: "; ")
      if why.isEmpty { return "\(verdict.behaviour.padded)  \(name)" }
      return
        "\(verdict.behaviour.padded)  \(name)\(String(repeating: " ", count: width - name.count))  \(why)"
    }
  }

  /// A budget's arithmetic: `budget shop/web allows 0 of 3, needs 1 healthy more (2 healthy now)`.
  package static func arithmetic(_ budget: ClusterBudget) -> String {
    let name = "budget \(budget.namespace)/\(budget.name)"
    if budget.disruptionsAllowed > 0 {
      return "\(name) allows \(budget.disruptionsAllowed) of \(budget.expectedPods)"
    }
    if budget.isStale {
      return "\(name) allows 0 of \(budget.expectedPods), but its status is not up to date "
        + "(\(budget.currentHealthy) healthy, \(budget.desiredHealthy) needed)"
        + (budget.syncFailure.map { ": \($0)" } ?? "")
    }
    if budget.expectedPods > 0, budget.desiredHealthy >= budget.expectedPods {
      return
        "\(name) allows 0 of \(budget.expectedPods): it wants all of them healthy, so it never allows an eviction"
    }
    let needed = max(1, budget.desiredHealthy + 1 - budget.currentHealthy)
    return "\(name) allows 0 of \(budget.expectedPods), needs \(needed) healthy more "
      + "(\(budget.currentHealthy) healthy now)"
  }

  /// The arithmetic for one pod: what is not ready may go by rules of its own, which the API server keeps.
  private static func arithmetic(_ budget: ClusterBudget, for pod: ClusterPod) -> String {
    guard budget.disruptionsAllowed == 0, pod.phase == "Running", !pod.ready, !budget.allowsUnhealthy else {
      return arithmetic(budget)
    }
    guard budget.desiredHealthy > 0 else {
      return
        "budget \(budget.namespace)/\(budget.name) allows 0 of \(budget.expectedPods): the pod is not ready, and "
        + "a budget that needs 0 healthy never lets such a pod go; it has to become ready, or the budget to change"
    }
    return arithmetic(budget)
      + "; the pod is not ready, and the budget lets such a pod go only while \(budget.desiredHealthy) others are "
      + "healthy"
  }

  /// What budgets say of a pod that is to be evicted; empty when none speaks of it.
  package static func limits(on verdict: DrainVerdict, _ budgets: [ClusterBudget]) -> [String] {
    guard verdict.behaviour == .evict else { return [] }
    let own = budgets.filter { $0.covers(verdict.pod) }
    return own.map { arithmetic($0, for: verdict.pod) }
      + (own.count > 1 ? ["\(own.count) budgets on one pod, which the API server does not evict"] : [])
  }

  /// Why a pod that a budget holds back can't go: the arithmetic, or the server's own words when no budget is known.
  package static func blocked(_ pod: ClusterPod, by known: [ClusterBudget], serverSays message: String)
    -> String
  {
    let found = known.filter { $0.covers(pod) && $0.disruptionsAllowed == 0 }.map { budget in
      // Numbers that are old explain nothing; the server may.
      arithmetic(budget, for: pod) + (budget.isStale && !message.isEmpty ? ": \(message)" : "")
    }
    return found.isEmpty ? message : found.joined(separator: ", ")
  }

  /// Why a pod is never evicted: the server's words, and the budgets that cover it.
  static func refused(_ pod: ClusterPod, by known: [ClusterBudget], serverSays message: String) -> String {
    let own = known.filter { $0.covers(pod) }
    return own.isEmpty ? message : "\(message) (\(names(own)))"
  }

  /// `budgets shop/all, shop/web`.
  static func names(_ budgets: [ClusterBudget]) -> String {
    let names = budgets.map { "\($0.namespace)/\($0.name)" }.sorted().joined(separator: ", ")
    return budgets.count == 1 ? "budget \(names)" : "budgets \(names)"
  }

  /// Why a pod that was asked to leave is still there.
  package static func staying(_ pod: ClusterPod) -> String {
    if !pod.finalizers.isEmpty {
      return "it is deleted but finalizers hold it: \(pod.finalizers.joined(separator: ", "))"
    }
    guard pod.terminating else { return "it has not begun to terminate" }
    if pod.containersHaveEnded {
      return "its containers have ended, but the kubelet of its node has not let it go yet"
    }
    let grace = pod.deletionGraceSeconds.map { " (its grace is \($0) s)" } ?? ""
    return "it is terminating but its containers have not ended\(grace)"
  }

  /// `worker-1: 2 pods left; shop/web-0 waits because …; 45 of 600 s`.
  /// - Parameter begun: how many seconds ago the drain began; nil in its first attempt, for which `elapsed` says it.
  package static func progress(
    node: String, left: [LeavingPod], elapsed: Int, limit: Int, begun: Int?
  ) -> String {
    let first = left.first(where: \.isBlocked) ?? left.first
    let why = first.map { "; \($0.line(atSecond: elapsed, isAgain: begun != nil))" } ?? ""
    let inAll = begun.map { "; begun \(PlanReport.duration($0)) ago" } ?? ""
    return "\(node): \(pods(left.count)) left\(why); \(elapsed) of \(limit) s\(inAll)"
  }
}

extension ClusterBudget {
  /// Whether it allows nothing although more are healthy than it needs: its controller has not caught up, or can't.
  fileprivate var isStale: Bool {
    disruptionsAllowed == 0 && (currentHealthy > desiredHealthy && expectedPods > 0 || syncFailure != nil)
  }
}

extension DrainVerdict.Behaviour {
  /// As wide as the longest.
  fileprivate var padded: String { rawValue + String(repeating: " ", count: 6 - rawValue.count) }
}
