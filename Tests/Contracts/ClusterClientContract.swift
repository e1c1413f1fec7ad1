import PawlModel
package import PawlSteps
import Testing

/// What every `ClusterClient` does, whatever is behind it. Run it with a subject for each implementation.
package enum ClusterClientContract {
  /// A cluster to try it on, fresh for each case.
  package struct Subject: Sendable {
    package var client: any ClusterClient
    /// A worker that may be cordoned.
    package var worker: String
    /// A running pod on a node that may be evicted and is replaced: namespace and labels.
    package var evictable: (namespace: String, labels: String)
    /// A running pod whose budget allows no eviction: namespace and labels.
    package var guarded: (namespace: String, labels: String)
    /// A DaemonSet that exists.
    package var daemonSet: (namespace: String, name: String)
    /// A persistent volume that is attached to a node, and the claim that it is bound to.
    package var volume: (node: String, name: String, namespace: String, claim: String)
    /// What an in-tree plugin has attached to the same node.
    package var disk: String

    /// Makes a subject.
    package init(
      client: any ClusterClient, worker: String, evictable: (namespace: String, labels: String),
      guarded: (namespace: String, labels: String), daemonSet: (namespace: String, name: String),
      volume: (node: String, name: String, namespace: String, claim: String), disk: String
    ) {
      self.client = client
      self.worker = worker
      self.evictable = evictable
      self.guarded = guarded
      self.daemonSet = daemonSet
      self.volume = volume
      self.disk = disk
    }
  }

  /// The names of the cases, for a parameterized test.
  package static var names: [String] { cases.map(\.name) }

  /// Runs one case.
  package static func run(_ name: String, on subject: Subject) async throws {
    try await #require(cases.first { $0.name == name }).check(subject)
  }

  private static let cases: [(name: String, check: @Sendable (Subject) async throws -> Void)] = [
    ("the server tells its version and that it is ready", tellsVersion),
    ("a node is found by its name", findsNodes),
    ("cordon and annotation are one change, and taken back", patchesNodes),
    ("a node that has changed since is not changed", comparesVersions),
    ("a node that does not exist can't be changed", refusesUnknownNodes),
    ("pods are filtered by node, namespace and labels", filtersPods),
    ("a pod is found by name and UID", findsPods),
    ("a budget's arithmetic is right", countsBudgets),
    ("DaemonSets are told apart from what does not exist", findsDaemonSets),
    ("controllers tell how many pods they want and have ready", countsControllers),
    ("a budget that allows none blocks an eviction", respectsBudgets),
    ("a pod of another UID is not evicted", comparesUIDs),
    ("an evicted pod goes away", evicts),
    ("a pod deleted with no grace is gone at once", deletesAtOnce),
    ("an attached volume is told by its node, and found by its claim", findsVolumes),
    (
      "a wait for volumes ends when all but those that may stay are detached, of whatever plugin",
      waitsForVolumes
    ),
    ("waiting for what is so already ends at once", returnsAtOnce),
    ("waiting for what never comes times out", timesOut),
  ]

  private static func tellsVersion(_ subject: Subject) async throws {
    #expect(try await subject.client.serverVersion() > KubernetesVersion(1, 0, 0))
    #expect(try await subject.client.isReady())
  }

  private static func findsNodes(_ subject: Subject) async throws {
    let nodes = try await subject.client.nodes()
    #expect(nodes.contains { $0.isControlPlane })
    let worker = try #require(try await subject.client.node(named: subject.worker))
    #expect(worker.name == subject.worker && !worker.isControlPlane && worker.kubeletVersion != nil)
    #expect(nodes.contains { $0.name == subject.worker })
    #expect(try await subject.client.node(named: "no-such-node") == nil)
  }

  private static func patchesNodes(_ subject: Subject) async throws {
    let client = subject.client
    let name = "pawl.dev/contract"
    try await client.patchNode(
      named: subject.worker, unschedulable: true, annotations: [name: "a \"quoted\" text"])
    let cordoned = try #require(try await client.node(named: subject.worker))
    #expect(cordoned.unschedulable && cordoned.annotations[name] == "a \"quoted\" text")
    try await client.patchNode(named: subject.worker, unschedulable: nil, annotations: [name: nil])
    let bare = try #require(try await client.node(named: subject.worker))
    #expect(bare.unschedulable && bare.annotations[name] == nil)
    try await client.patchNode(named: subject.worker, unschedulable: false, annotations: [:])
    #expect(try await client.node(named: subject.worker)?.unschedulable == false)
  }

  private static func comparesVersions(_ subject: Subject) async throws {
    let (client, worker, name) = (subject.client, subject.worker, "pawl.dev/contract")
    let old = try #require(try await client.node(named: worker)?.resourceVersion)
    try await client.patchNode(named: worker, unschedulable: nil, annotations: [name: "first"])
    let error = await #expect(throws: ClusterError.self) {
      try await client.patchNode(
        named: worker, unschedulable: nil, annotations: [name: "second"], resourceVersion: old)
    }
    #expect(error?.code == .conflict)
    let now = try #require(try await client.node(named: worker))
    #expect(now.annotations[name] == "first")
    try await client.patchNode(
      named: worker, unschedulable: nil, annotations: [name: nil], resourceVersion: now.resourceVersion)
    #expect(try await client.node(named: worker)?.annotations[name] == nil)
  }

  private static func refusesUnknownNodes(_ subject: Subject) async throws {
    let error = await #expect(throws: ClusterError.self) {
      try await subject.client.patchNode(named: "no-such-node", unschedulable: true, annotations: [:])
    }
    #expect(error?.code == .notFound)
  }

  private static func filtersPods(_ subject: Subject) async throws {
    let client = subject.client
    let onWorker = try await client.pods(node: subject.worker, namespace: nil, labels: nil)
    #expect(!onWorker.isEmpty && onWorker.allSatisfy { $0.node == subject.worker })
    let servers = try await client.pods(
      node: nil, namespace: "kube-system", labels: "component=kube-apiserver,tier=control-plane")
    #expect(!servers.isEmpty)
    #expect(
      servers.allSatisfy { $0.labels["component"] == "kube-apiserver" && $0.controller?.kind == "Node" })
    #expect(try await client.pods(node: nil, namespace: "no-such-namespace", labels: nil) == [])
    #expect(
      try await client.pods(node: subject.worker, namespace: "kube-system", labels: "component=etcd") == [])
  }

  private static func findsPods(_ subject: Subject) async throws {
    let pod = try await pod(subject, subject.evictable)
    let client = subject.client
    let found = try await client.pod(namespace: pod.namespace, name: pod.name, uid: pod.uid)
    #expect(found?.uid == pod.uid)
    #expect(try await client.pod(namespace: pod.namespace, name: pod.name, uid: nil)?.uid == pod.uid)
    #expect(try await client.pod(namespace: pod.namespace, name: pod.name, uid: "another") == nil)
    #expect(try await client.pod(namespace: pod.namespace, name: "no-such-pod", uid: nil) == nil)
  }

  private static func countsBudgets(_ subject: Subject) async throws {
    for budget in try await subject.client.budgets() where budget.expectedPods > 0 {
      #expect(budget.disruptionsAllowed == max(0, budget.currentHealthy - budget.desiredHealthy))
    }
  }

  private static func findsDaemonSets(_ subject: Subject) async throws {
    let (namespace, name) = subject.daemonSet
    #expect(try await subject.client.daemonSetExists(namespace: namespace, name: name))
    #expect(try await !subject.client.daemonSetExists(namespace: namespace, name: "no-such-set"))
  }

  /// CoreDNS and kube-proxy, which every kubeadm cluster has.
  private static func countsControllers(_ subject: Subject) async throws {
    let client = subject.client
    let namespace = "kube-system"
    let deployment = try #require(
      try await client.controller(.deployment, namespace: namespace, name: "coredns"))
    #expect(deployment.kind == .deployment && deployment.namespace == namespace)
    #expect(deployment.desired >= 1 && (0...deployment.desired).contains(deployment.ready))
    #expect(deployment.owner == nil)
    let pods = try await client.pods(node: nil, namespace: namespace, labels: nil)
    let name = try #require(
      pods.compactMap(\.controller).first { $0.kind == "ReplicaSet" && $0.name.hasPrefix("coredns-") }?.name)
    let set = try #require(try await client.controller(.replicaSet, namespace: namespace, name: name))
    #expect(set.owner == ClusterPod.Owner(kind: "Deployment", name: "coredns"))
    #expect(set.desired == deployment.desired && set.ready == deployment.ready)
    let (home, proxy) = subject.daemonSet
    let daemonSet = try #require(try await client.controller(.daemonSet, namespace: home, name: proxy))
    #expect(daemonSet.desired >= 1 && (1...daemonSet.desired).contains(daemonSet.ready))
    for kind in ClusterController.Kind.allCases {
      #expect(try await client.controller(kind, namespace: namespace, name: "no-such-controller") == nil)
    }
  }

  private static func respectsBudgets(_ subject: Subject) async throws {
    let pod = try await pod(subject, subject.guarded)
    let answer = try await subject.client.evict(pod, gracePeriodSeconds: nil)
    guard case .blocked(let message, _, _) = answer else {
      Issue.record("the answer is \(answer)")
      return
    }
    #expect(!message.isEmpty)
    let still = try await subject.client.pod(namespace: pod.namespace, name: pod.name, uid: pod.uid)
    #expect(still?.terminating == false)
  }

  private static func comparesUIDs(_ subject: Subject) async throws {
    let pod = try await pod(subject, subject.evictable)
    var stranger = pod
    stranger.uid = "00000000-0000-4000-8000-000000000000"
    #expect(try await subject.client.evict(stranger, gracePeriodSeconds: nil) == .gone)
    let still = try await subject.client.pod(namespace: pod.namespace, name: pod.name, uid: pod.uid)
    #expect(still?.terminating == false)
  }

  private static func evicts(_ subject: Subject) async throws {
    let pod = try await pod(subject, subject.evictable)
    let node = try #require(pod.node)
    #expect(try await subject.client.evict(pod, gracePeriodSeconds: nil) == .evicted)
    let left = try await subject.client.waitForPods(onNode: node, timeoutSeconds: 120) { pods in
      !pods.contains { $0.uid == pod.uid }
    }
    #expect(!left.contains { $0.uid == pod.uid })
    #expect(try await subject.client.evict(pod, gracePeriodSeconds: nil) == .gone)
  }

  private static func deletesAtOnce(_ subject: Subject) async throws {
    let pod = try await pod(subject, subject.evictable)
    try await subject.client.delete(pod, gracePeriodSeconds: 0)
    #expect(try await subject.client.pod(namespace: pod.namespace, name: pod.name, uid: pod.uid) == nil)
    // The pod is gone already, which is all that was wanted.
    try await subject.client.delete(pod, gracePeriodSeconds: 0)
  }

  private static func findsVolumes(_ subject: Subject) async throws {
    let (client, volume) = (subject.client, subject.volume)
    let attached = try await client.attachedVolumes(node: volume.node)
    #expect(attached.contains(volume.name) && attached.contains(subject.disk))
    #expect(try await client.attachedVolumes(node: "no-such-node").isEmpty)
    #expect(try await client.detachErrors(node: "no-such-node").isEmpty)
    #expect(
      try await client.volumes(namespace: volume.namespace, claim: volume.claim) == [.named(volume.name)])
    #expect(try await client.volumes(namespace: volume.namespace, claim: "no-such-claim").isEmpty)
  }

  private static func waitsForVolumes(_ subject: Subject) async throws {
    let (client, node) = (subject.client, subject.volume.node)
    let attached = try await client.attachedVolumes(node: node)
    try await client.waitForDetachedVolumes(node: node, timeoutSeconds: 10) { attached.contains($0) }
    try await client.waitForDetachedVolumes(node: "no-such-node", timeoutSeconds: 10) { _ in false }
    for name in [subject.volume.name, subject.disk] {
      let error = await #expect(throws: ClusterError.self) {
        try await client.waitForDetachedVolumes(node: node, timeoutSeconds: 1) { $0 != name }
      }
      #expect(error?.code == .timedOut)
    }
  }

  private static func returnsAtOnce(_ subject: Subject) async throws {
    let node = try await subject.client.waitForNode(named: subject.worker, timeoutSeconds: 10) { $0 != nil }
    #expect(node?.name == subject.worker)
    #expect(
      try await subject.client.waitForNode(named: "no-such-node", timeoutSeconds: 10) { $0 == nil } == nil)
  }

  private static func timesOut(_ subject: Subject) async throws {
    let node = await #expect(throws: ClusterError.self) {
      _ = try await subject.client.waitForNode(named: subject.worker, timeoutSeconds: 1) { _ in false }
    }
    let pods = await #expect(throws: ClusterError.self) {
      _ = try await subject.client.waitForPods(onNode: subject.worker, timeoutSeconds: 1) { _ in false }
    }
    #expect(node?.code == .timedOut && pods?.code == .timedOut)
  }

  private static func pod(
    _ subject: Subject, _ place: (namespace: String, labels: String)
  ) async throws -> ClusterPod {
    let (namespace, labels) = place
    let pods = try await subject.client.pods(node: nil, namespace: namespace, labels: labels)
    return try #require(pods.first { $0.node != nil && $0.ready && !$0.terminating })
  }
}
