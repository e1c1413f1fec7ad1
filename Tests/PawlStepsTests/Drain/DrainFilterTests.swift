import PawlModel
import PawlSteps
import Testing

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
  ]

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
    (budget(healthy: 2, desired: 2, expected: 3), "budget shop/web allows 0 of 3 (2 healthy, 1 more needed)"),
    (budget(healthy: 0, desired: 2, expected: 4), "budget shop/web allows 0 of 4 (0 healthy, 3 more needed)"),
    (budget(healthy: 5, desired: 3, expected: 5), "budget shop/web allows 0 of 5 (5 healthy, 1 more needed)"),
    (
      budget(healthy: 3, desired: 3, expected: 3),
      "budget shop/web wants all 3 healthy, so it never allows an eviction"
    ),
    (budget(allowed: 1, healthy: 3, desired: 2, expected: 3), "budget shop/web allows 1 of 3"),
  ])
  func doesTheArithmetic(_ budget: ClusterBudget, _ text: String) {
    #expect(DrainText.arithmetic(budget) == text)
  }

  @Test func findsTheBudgetsOfAPod() {
    let pod = Sample.pod("web-0", labels: ["app": "web"])
    let others = [
      Self.budget("db", healthy: 1, desired: 1, expected: 2),
      Self.budget(namespace: "other", healthy: 1, desired: 1, expected: 2),
    ]
    let own = Self.budget(healthy: 1, desired: 1, expected: 2)
    #expect(DrainText.budgets(others + [own], for: pod).map(\.namespace) == ["shop"])
    #expect(DrainText.blocked(pod, by: others, serverSays: "Too many requests.") == "Too many requests.")
    #expect(
      DrainText.blocked(pod, by: others + [own], serverSays: "")
        == "budget shop/web allows 0 of 2 (1 healthy, 1 more needed)")
  }

  @Test(arguments: [
    (
      Sample.pod("a", terminating: true, finalizers: ["x.example/hold"]),
      "it is deleted but finalizers hold it: x.example/hold"
    ),
    (Sample.pod("a", terminating: true), "it is terminating but its containers have not ended"),
    (Sample.pod("a"), "it has not begun to terminate"),
  ])
  func saysWhyAPodStays(_ pod: ClusterPod, _ text: String) { #expect(DrainText.staying(pod) == text) }

  @Test func showsABlockedPodFirst() {
    let left = [
      LeavingPod(pod: Sample.pod("a", terminating: true), delete: false, state: .going),
      LeavingPod(
        pod: Sample.pod("b"), delete: false, state: .pending(atSecond: 9, blockedBy: "budget x allows 0 of 1")
      ),
    ]
    #expect(
      DrainText.progress(node: "worker-1", left: left, elapsed: 45, limit: 600)
        == "worker-1: 2 pods left; shop/b stays because budget x allows 0 of 1; 45 of 600 s")
    #expect(
      DrainText.progress(node: "worker-1", left: [], elapsed: 1, limit: 600)
        == "worker-1: 0 pods left; 1 of 600 s")
  }
}
