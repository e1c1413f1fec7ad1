import PawlModel
import Testing

@testable import PawlSteps

@Suite struct DrainFilterTests {
  struct Case: Sendable, CustomTestStringConvertible {
    let name: String
    let pod: ClusterPod
    var daemonSetExists = false
    var policy = DrainPolicy()
    let behaviour: DrainVerdict.Behaviour
    var reasons: [String] = []
    var message = ""
    var testDescription: String { name }
  }

  private static let daemonSet = ClusterPod.Owner(kind: "DaemonSet", name: "logs")
  private static let mirror = ["kubernetes.io/config.mirror": "1a2b"]
  private static let deleting = DrainPolicy(localData: .delete, unmanagedPods: .delete)

  static let cases = [
    Case(name: "of a ReplicaSet", pod: Sample.pod("web"), behaviour: .evict),
    Case(
      name: "of a StatefulSet", pod: Sample.pod("db-0", owner: .init(kind: "StatefulSet", name: "db")),
      behaviour: .evict),
    Case(
      name: "of a DaemonSet", pod: Sample.pod("logs", owner: daemonSet), daemonSetExists: true,
      behaviour: .ignore,
      reasons: ["daemon-set"], message: "DaemonSet logs keeps it on the node"),
    Case(
      name: "of a DaemonSet, with an emptyDir", pod: Sample.pod("logs", owner: daemonSet, emptyDir: true),
      daemonSetExists: true, behaviour: .ignore, reasons: ["daemon-set"],
      message: "DaemonSet logs keeps it on the node"),
    Case(
      name: "of a DaemonSet that is gone", pod: Sample.pod("logs", owner: daemonSet), behaviour: .refuse,
      reasons: ["daemon-set"], message: "its DaemonSet logs is gone, so nothing creates it again"),
    Case(
      name: "of a DaemonSet that is gone, allowed", pod: Sample.pod("logs", owner: daemonSet),
      policy: deleting,
      behaviour: .evict, reasons: ["daemon-set"],
      message: "its DaemonSet logs is gone, so nothing creates it again"),
    Case(
      name: "of a DaemonSet that is gone, terminating",
      pod: Sample.pod("logs", terminating: true, owner: daemonSet),
      behaviour: .wait, reasons: ["terminating"], message: "it is being deleted already"),
    Case(
      name: "of a DaemonSet, finished", pod: Sample.pod("logs", phase: "Failed", owner: daemonSet),
      daemonSetExists: true, behaviour: .delete, reasons: ["finished"], message: "it has ended (Failed)"),
    Case(
      name: "static", pod: Sample.pod("etcd", annotations: mirror, owner: nil), behaviour: .ignore,
      reasons: ["static-pod"], message: "it is a static pod of the host"),
    Case(
      name: "static, owned by its node",
      pod: Sample.pod("etcd", annotations: mirror, owner: .init(kind: "Node", name: "cp-1"), emptyDir: true),
      behaviour: .ignore, reasons: ["static-pod"], message: "it is a static pod of the host"),
    Case(
      name: "terminating, unmanaged, with an emptyDir",
      pod: Sample.pod("web", terminating: true, owner: nil, emptyDir: true), behaviour: .wait,
      reasons: ["terminating"], message: "it is being deleted already"),
    Case(
      name: "terminating and finished", pod: Sample.pod("job", phase: "Succeeded", terminating: true),
      behaviour: .wait, reasons: ["terminating"], message: "it is being deleted already"),
    Case(
      name: "finished, unmanaged, with an emptyDir",
      pod: Sample.pod("job", phase: "Succeeded", owner: nil, emptyDir: true), behaviour: .delete,
      reasons: ["finished"], message: "it has ended (Succeeded)"),
    Case(
      name: "with an emptyDir", pod: Sample.pod("cache", emptyDir: true), behaviour: .refuse,
      reasons: ["local-data"],
      message: "its emptyDir volume would be lost"),
    Case(
      name: "with an emptyDir, allowed", pod: Sample.pod("cache", emptyDir: true),
      policy: DrainPolicy(localData: .delete), behaviour: .evict, reasons: ["local-data"],
      message: "its emptyDir volume would be lost"),
    Case(
      name: "unmanaged", pod: Sample.pod("shell", owner: nil), policy: DrainPolicy(localData: .delete),
      behaviour: .refuse, reasons: ["unmanaged"], message: "no controller creates it again"),
    Case(
      name: "unmanaged, allowed", pod: Sample.pod("shell", owner: nil), policy: deleting, behaviour: .evict,
      reasons: ["unmanaged"], message: "no controller creates it again"),
    Case(
      name: "unmanaged with an emptyDir: both are said", pod: Sample.pod("shell", owner: nil, emptyDir: true),
      behaviour: .refuse, reasons: ["local-data", "unmanaged"],
      message: "its emptyDir volume would be lost and no controller creates it again"),
    Case(
      name: "unmanaged with an emptyDir, only the data allowed",
      pod: Sample.pod("shell", owner: nil, emptyDir: true),
      policy: DrainPolicy(localData: .delete), behaviour: .refuse, reasons: ["unmanaged"],
      message: "no controller creates it again"),
    Case(
      name: "skipped by a rule", pod: Sample.pod("shell", owner: nil, emptyDir: true), policy: ruled(.skip),
      behaviour: .ignore, reasons: ["rule"], message: "a rule leaves it on the node"),
    Case(
      name: "skipped by a rule, terminating", pod: Sample.pod("web", terminating: true), policy: ruled(.skip),
      behaviour: .ignore, reasons: ["rule"], message: "a rule leaves it on the node"),
    Case(
      name: "waited for by a rule", pod: Sample.pod("job", owner: .init(kind: "Job", name: "night")),
      policy: ruled(.wait), behaviour: .wait, reasons: ["rule"], message: "a rule waits until it has ended"),
    Case(
      name: "waited for by a rule, finished", pod: Sample.pod("job", phase: "Succeeded"),
      policy: ruled(.wait),
      behaviour: .delete, reasons: ["finished"], message: "it has ended (Succeeded)"),
    Case(
      name: "evicted by a rule, whatever is lost", pod: Sample.pod("shell", owner: nil, emptyDir: true),
      policy: ruled(.evict), behaviour: .evict, reasons: ["local-data", "unmanaged"],
      message: "its emptyDir volume would be lost and no controller creates it again"),
    Case(
      name: "evicted by a rule, terminating", pod: Sample.pod("web", terminating: true),
      policy: ruled(.evict), behaviour: .wait, reasons: ["terminating"],
      message: "it is being deleted already"),
    Case(
      name: "evicted by a rule, finished", pod: Sample.pod("job", phase: "Failed", owner: nil),
      policy: ruled(.evict), behaviour: .delete, reasons: ["finished"], message: "it has ended (Failed)"),
    Case(
      name: "of a DaemonSet, whatever a rule says", pod: Sample.pod("logs", owner: daemonSet),
      daemonSetExists: true, policy: ruled(.evict), behaviour: .ignore, reasons: ["daemon-set"],
      message: "DaemonSet logs keeps it on the node"),
    Case(
      name: "static, whatever a rule says", pod: Sample.pod("etcd", annotations: mirror, owner: nil),
      policy: ruled(.evict), behaviour: .ignore, reasons: ["static-pod"],
      message: "it is a static pod of the host"),
    Case(
      name: "of another namespace than the rule's", pod: Sample.pod("shell", namespace: "other", owner: nil),
      policy: ruled(.evict), behaviour: .refuse, reasons: ["unmanaged"],
      message: "no controller creates it again"),
  ]

  private static func ruled(_ action: PodRule.Action) -> DrainPolicy {
    DrainPolicy(rules: [PodRule(namespace: "shop", order: 7), PodRule(namespace: "shop", action: action)])
  }

  @Test func theFirstRuleThatSaysSomethingOfItCounts() {
    let policy = DrainPolicy(
      rules: [
        PodRule(labels: ["app": "web"], action: .skip), PodRule(namespace: "shop", order: 7),
        PodRule(namespace: "shop", action: .wait, order: 9),
      ])
    let web = Sample.pod("web", labels: ["app": "web"])
    let db = Sample.pod("db", labels: ["app": "db"])
    let orders = [web, db].map { DrainFilter.verdict(on: $0, policy: policy, daemonSetExists: false) }
    #expect(orders.map(\.behaviour) == [.ignore, .wait])
    #expect(orders.map(\.order) == [7, 7])
  }

  @Test(arguments: [
    (Sample.pod("web"), 0),
    (Sample.pod("dns", namespace: "kube-system", labels: ["k8s-app": "kube-dns"]), 10),
    (Sample.pod("csi", labels: ["app.kubernetes.io/component": "csi-driver"]), 20),
    (Sample.pod("replica", namespace: "longhorn-system"), 20),
    (Sample.pod("operator", namespace: "kube-system", labels: ["io.cilium/app": "operator"]), 30),
  ])
  func whatOthersNeedGoesLater(_ pod: ClusterPod, _ order: Int) {
    let policy = DrainPolicy(rules: NeededPods.rules)
    #expect(DrainFilter.verdict(on: pod, policy: policy, daemonSetExists: false).order == order)
    let own = DrainPolicy(rules: [PodRule(namespace: pod.namespace, order: -1)] + NeededPods.rules)
    #expect(DrainFilter.verdict(on: pod, policy: own, daemonSetExists: false).order == -1)
  }

  @Test(arguments: cases) func judges(_ item: Case) {
    let verdict = DrainFilter.verdict(
      on: item.pod, policy: item.policy, daemonSetExists: item.daemonSetExists)
    #expect(verdict.behaviour == item.behaviour)
    #expect(verdict.reasons == item.reasons)
    #expect(verdict.message == item.message)
  }
}

@Suite struct DrainTextTests {
  static func budget(
    _ name: String = "web", namespace: String = "shop", allowed: Int = 0, healthy: Int, desired: Int,
    expected: Int
  ) -> ClusterBudget {
    ClusterBudget(
      namespace: namespace, name: name, disruptionsAllowed: allowed, currentHealthy: healthy,
      desiredHealthy: desired,
      expectedPods: expected, selects: { $0["app"] == name })
  }

  @Test(arguments: [
    (
      budget(healthy: 2, desired: 2, expected: 3),
      "budget shop/web allows 0 of 3, needs 1 healthy more (2 healthy now)"
    ),
    (
      budget(healthy: 0, desired: 2, expected: 4),
      "budget shop/web allows 0 of 4, needs 3 healthy more (0 healthy now)"
    ),
    (
      budget(healthy: 5, desired: 3, expected: 5),
      "budget shop/web allows 0 of 5, but its status is not up to date (5 healthy, 3 needed)"
    ),
    (
      budget(healthy: 3, desired: 3, expected: 3),
      "budget shop/web allows 0 of 3: it wants all of them healthy, so it never allows an eviction"
    ),
    (budget(allowed: 1, healthy: 3, desired: 2, expected: 3), "budget shop/web allows 1 of 3"),
  ])
  func doesTheArithmetic(_ budget: ClusterBudget, _ text: String) {
    #expect(DrainText.arithmetic(budget) == text)
  }

  @Test func saysWhatHoldsAPodThatIsNotReady() {
    let pod = Sample.pod("web-0", labels: ["app": "web"], ready: false)
    var budget = Self.budget(healthy: 1, desired: 2, expected: 3)
    let text = DrainText.blocked(pod, by: [budget], serverSays: "")
    #expect(text.hasPrefix("budget shop/web allows 0 of 3, needs 2 healthy more (1 healthy now); "))
    #expect(text.hasSuffix("the budget lets such a pod go only while 2 others are healthy"))
    budget.allowsUnhealthy = true
    #expect(!DrainText.blocked(pod, by: [budget], serverSays: "").contains("not ready"))
  }

  @Test func aBudgetThatNeedsNoneNeverLetsAPodGoThatIsNotReady() {
    let pod = Sample.pod("web-0", labels: ["app": "web"], ready: false)
    let budget = Self.budget(healthy: 0, desired: 0, expected: 1)
    #expect(
      DrainText.blocked(pod, by: [budget], serverSays: "")
        == "budget shop/web allows 0 of 1: the pod is not ready, and a budget that needs 0 healthy never lets such a "
        + "pod go; it has to become ready, or the budget to change")
  }

  @Test func aBudgetWithOldNumbersIsToldWithTheServersWords() {
    let pod = Sample.pod("web-0", labels: ["app": "web"])
    var budget = Self.budget(healthy: 5, desired: 3, expected: 5)
    let text = "budget shop/web allows 0 of 5, but its status is not up to date (5 healthy, 3 needed)"
    #expect(
      DrainText.blocked(pod, by: [budget], serverSays: "Being processed.") == "\(text): Being processed.")
    budget.syncFailure = "found no controllers for pod web-0"
    #expect(DrainText.arithmetic(budget) == "\(text): found no controllers for pod web-0")
  }

  @Test func asksNoMorePodsThanTheirBudgetsMayAllow() {
    let web = (0..<4).map {
      LeavingPod(
        pod: Sample.pod("web-\($0)", labels: ["app": "web"]), manner: .evict,
        state: .pending(atSecond: 0, blockedBy: nil))
    }
    func asked(_ pods: [LeavingPod], allowed: Int, and others: [ClusterBudget] = []) -> [String] {
      let budget = Self.budget(allowed: allowed, healthy: 4, desired: 2, expected: 4)
      return Evictions.worthAsking(pods, [budget] + others).map(\.pod.name)
    }
    #expect(asked(web, allowed: 2) == ["web-0", "web-1"])
    #expect(asked(web, allowed: 0) == ["web-0"], "the server has the last word")
    #expect(Evictions.worthAsking(web, []).count == 4)
    let second = ClusterBudget(
      namespace: "shop", name: "all", disruptionsAllowed: 0, currentHealthy: 1, desiredHealthy: 1,
      expectedPods: 1, selects: { _ in true })
    #expect(asked(web, allowed: 0, and: [second]).count == 4, "a misconfiguration is found out")
    var others = web
    others[1].pod.ready = false
    others[2].manner = .delete
    #expect(asked(others, allowed: 0) == ["web-0", "web-1", "web-2"])
  }

  @Test func showsTheVerdictsInColumns() {
    let survey = DrainSurvey(
      [
        Sample.pod("web-0"), Sample.pod("etcd", annotations: ["kubernetes.io/config.mirror": "1"]),
        Sample.pod("dns", namespace: "kube-system", labels: ["k8s-app": "kube-dns"]),
      ].map {
        DrainFilter.verdict(on: $0, policy: DrainPolicy(rules: NeededPods.rules), daemonSetExists: false)
      })
    #expect(
      survey.lines == [
        "evict   kube-system/dns  order 10", "ignore  shop/etcd        it is a static pod of the host",
        "evict   shop/web-0",
      ])
  }

  @Test func findsTheBudgetsOfAPod() {
    let pod = Sample.pod("web-0", labels: ["app": "web"])
    let others = [
      Self.budget("db", healthy: 1, desired: 1, expected: 2),
      Self.budget(namespace: "other", healthy: 1, desired: 1, expected: 2),
    ]
    let own = Self.budget(healthy: 1, desired: 1, expected: 2)
    #expect(DrainText.blocked(pod, by: others, serverSays: "Too many requests.") == "Too many requests.")
    #expect(
      DrainText.blocked(pod, by: others + [own], serverSays: "")
        == "budget shop/web allows 0 of 2, needs 1 healthy more (1 healthy now)")
  }

  @Test(arguments: [
    (
      Sample.pod("a", terminating: true, finalizers: ["x.example/hold"]),
      "it is deleted but finalizers hold it: x.example/hold"
    ),
    (Sample.pod("a", terminating: true), "it is terminating but its containers have not ended"),
    (
      Sample.pod("a", terminating: true, grace: 3600),
      "it is terminating but its containers have not ended (its grace is 3600 s)"
    ),
    (
      {
        var pod = Sample.pod("a", terminating: true, grace: 30)
        pod.containersHaveEnded = true
        return pod
      }(), "its containers have ended, but the kubelet of its node has not let it go yet"
    ),
    (Sample.pod("a"), "it has not begun to terminate"),
  ])
  func saysWhyAPodStays(_ pod: ClusterPod, _ text: String) { #expect(DrainText.staying(pod) == text) }

  @Test func showsABlockedPodFirst() {
    let left = [
      LeavingPod(pod: Sample.pod("a", terminating: true), manner: .evict, state: .going),
      LeavingPod(
        pod: Sample.pod("b"), manner: .evict,
        state: .pending(atSecond: 9, blockedBy: "budget x allows 0 of 1")),
    ]
    #expect(
      DrainText.progress(node: "worker-1", left: left, elapsed: 45, limit: 600, begun: nil)
        == "worker-1: 2 pods left; shop/b (of ReplicaSet web) stays because budget x allows 0 of 1; 45 of 600 s"
    )
    var waited = left[1]
    waited.since = 5
    #expect(
      DrainText.progress(node: "worker-1", left: [waited], elapsed: 45, limit: 600, begun: 1320)
        == "worker-1: 1 pod left; shop/b (of ReplicaSet web) stays because budget x allows 0 of 1, for at least 40 s; "
        + "45 of 600 s; begun 22 min ago")
    #expect(
      DrainText.progress(node: "worker-1", left: [], elapsed: 1, limit: 600, begun: nil)
        == "worker-1: 0 pods left; 1 of 600 s")
  }
}
