import PawlModel
import PawlSimulation
import PawlSteps
import Testing

@Suite("Evictions, budgets and replacements")
struct EvictionTests {
  let cluster = SimulatedCluster(.demo())

  private func pods(_ app: String) async throws -> [ClusterPod] {
    try await cluster.pods(node: nil, namespace: "shop", labels: "app=\(app)")
  }

  @Test(
    "a budget of three of four lets one pod go, then says no with its arithmetic until the replacement is Ready"
  )
  func budgetArithmetic() async throws {
    let web = try await pods("web")
    #expect(web.count == 4)
    #expect(try await cluster.evict(web[0], gracePeriodSeconds: nil) == .evicted)
    #expect(
      try await cluster.evict(web[1], gracePeriodSeconds: nil)
        == .blocked(
          message: "The budget shop/web allows no disruption: 3 healthy, 3 needed.", retryAfterSeconds: 1))
    let budget = try #require(try await cluster.budgets().first { $0.name == "web" })
    #expect(budget.currentHealthy == 3 && budget.desiredHealthy == 3 && budget.expectedPods == 4)
    #expect(budget.disruptionsAllowed == 0)

    try await cluster.sleep(for: .seconds(10))
    #expect(try await cluster.budgets().first { $0.name == "web" }?.disruptionsAllowed == 1)
    #expect(try await cluster.evict(web[1], gracePeriodSeconds: nil) == .evicted)
  }

  @Test(
    "what budgets ask for",
    arguments: [
      (SimulatedBudget.Demand.minAvailable(4), 0), (.minAvailable(1), 3), (.minAvailable(9), 0),
      (.maxUnavailable(0), 0), (.maxUnavailable(2), 2), (.maxUnavailable(9), 4),
    ])
  func demands(demand: SimulatedBudget.Demand, allowed: Int) async throws {
    await cluster.edit {
      $0.budgets = [.init(namespace: "shop", name: "b", selector: ["app": "web"], demand)]
    }
    #expect(try await cluster.budgets().map(\.disruptionsAllowed) == [allowed])
  }

  @Test("a Deployment's pod is replaced at once, elsewhere, with another UID, and is Ready after a while")
  func deploymentReplacement() async throws {
    let before = try await pods("cart")
    let victim = before[0]
    let node = try #require(victim.node)
    try await cluster.patchNode(named: node, unschedulable: true, annotations: [:])
    _ = try await cluster.evict(victim, gracePeriodSeconds: nil)
    let during = try await pods("cart")
    #expect(during.count == 3)
    #expect(during.first { $0.uid == victim.uid }?.terminating == true)
    let successor = try #require(during.first { pod in !before.contains { $0.uid == pod.uid } })
    #expect(
      !successor.ready && successor.phase == "Pending" && successor.node != node
        && successor.name != victim.name)

    try await cluster.sleep(for: .seconds(10))
    let after = try await pods("cart")
    #expect(after.count == 2 && after.allSatisfy(\.ready))
    #expect(!after.contains { $0.uid == victim.uid })
  }

  @Test("a StatefulSet's pod comes back under its name with another UID, after the old one is gone")
  func statefulReplacement() async throws {
    let old = try await pods("orders-db")[0]
    _ = try await cluster.evict(old, gracePeriodSeconds: nil)
    #expect(try await pods("orders-db").map(\.uid) == [old.uid])
    try await cluster.sleep(for: .seconds(10))
    let new = try await pods("orders-db")
    #expect(new.map(\.name) == [old.name] && new[0].uid != old.uid && new[0].ready)
    #expect(try await cluster.evict(old, gracePeriodSeconds: nil) == .gone)
  }

  @Test("pods wait when no node takes them, and start when one is uncordoned")
  func pendingPods() async throws {
    for name in ["worker-1", "worker-2", "worker-3"] {
      try await cluster.patchNode(named: name, unschedulable: true, annotations: [:])
    }
    let victim = try await pods("cart")[0]
    _ = try await cluster.evict(victim, gracePeriodSeconds: nil)
    try await cluster.sleep(for: .seconds(60))
    #expect(try await pods("cart").count { $0.node == nil } == 1)
    try await cluster.patchNode(named: "worker-2", unschedulable: false, annotations: [:])
    try await cluster.sleep(for: .seconds(10))
    #expect(try await pods("cart").allSatisfy(\.ready))
  }

  @Test("two budgets on one pod refuse it; a namespace that goes away says so; a finalizer keeps the pod")
  func specialAnswers() async throws {
    let victim = try await pods("web")[0]
    await cluster.edit {
      $0.budgets.append(.init(namespace: "shop", name: "second", selector: [:], .minAvailable(0)))
      $0.terminatingNamespaces = ["kube-system"]
      for uid in $0.pods.keys where $0.pods[uid]?.labels["app"] == "cart" {
        $0.pods[uid]?.finalizers = ["a/b"]
      }
    }
    guard case .refused = try await cluster.evict(victim, gracePeriodSeconds: nil) else {
      Issue.record("two budgets must refuse")
      return
    }
    let dns = try await cluster.pods(node: nil, namespace: "kube-system", labels: "app=coredns")[0]
    #expect(try await cluster.evict(dns, gracePeriodSeconds: nil) == .namespaceTerminating)
    await cluster.edit { $0.budgets = [] }
    let cart = try await pods("cart")[0]
    #expect(try await cluster.evict(cart, gracePeriodSeconds: nil) == .evicted)
    try await cluster.sleep(for: .seconds(600))
    #expect(try await pods("cart").contains { $0.uid == cart.uid && $0.terminating })
  }

  /// The API server's rules for a pod that runs and is not ready; its only sibling may be ready.
  @Test(
    "a pod that is not ready goes when enough others are healthy, more than none are needed, or it always may",
    arguments: [
      (SimulatedBudget.Demand.minAvailable(1), false, true, true), (.minAvailable(2), false, true, false),
      (.maxUnavailable(2), false, false, false), (.maxUnavailable(2), true, false, true),
    ])
  func unhealthyPods(
    demand: SimulatedBudget.Demand, alwaysAllow: Bool, siblingReady: Bool, goes: Bool
  ) async throws {
    let cart = try await pods("cart")
    await cluster.edit {
      $0.budgets = [
        .init(namespace: "shop", name: "c", selector: ["app": "cart"], demand, allowsUnhealthy: alwaysAllow)
      ]
      $0.pods[cart[0].uid]?.ready = false
      $0.pods[cart[1].uid]?.ready = siblingReady
    }
    #expect(try await cluster.budgets().map(\.allowsUnhealthy) == [alwaysAllow])
    #expect((try await cluster.evict(cart[0], gracePeriodSeconds: nil) == .evicted) == goes)
  }

  @Test("DaemonSet pods and static pods come back where they were")
  func nodeBoundPods() async throws {
    let proxy = try await cluster.pods(node: "worker-1", namespace: nil, labels: "app=kube-proxy")[0]
    let server = try await cluster.pods(node: nil, namespace: nil, labels: "component=kube-apiserver")[0]
    try await cluster.delete(proxy, gracePeriodSeconds: nil)
    try await cluster.delete(server, gracePeriodSeconds: nil)
    try await cluster.sleep(for: .seconds(20))
    let proxies = try await cluster.pods(node: "worker-1", namespace: nil, labels: "app=kube-proxy")
    #expect(proxies.count == 1 && proxies[0].uid != proxy.uid && proxies[0].ready)
    let servers = try await cluster.pods(node: nil, namespace: nil, labels: "component=kube-apiserver")
    #expect(servers.map(\.name) == ["kube-apiserver-cp-1"] && servers[0].uid != server.uid)
  }
}
