import Foundation
import Testing

@testable import PawlKube

@Suite("Real API server", .enabled(if: RealServer.isThere, "PAWL_LAB_KUBECONFIG names no kubeconfig"))
struct KubeRealServerTests {
  private var soon: ContinuousClock.Instant { .now + .seconds(60) }

  // MARK: The contract

  @Test func `the version is read`() async throws {
    try await KubeContract.versionIsRead(RealServer().client)
  }

  @Test func `absent objects are nothing`() async throws {
    try await RealServer().withScratch { server in
      try await KubeContract.absentObjectsAreNothing(server.client, namespace: server.name)
    }
  }

  @Test func `a lease is written by one only`() async throws {
    try await RealServer().withScratch { server in
      try await KubeContract.leaseIsWrittenByOneOnly(server.client, namespace: server.name)
    }
  }

  // MARK: Connections and permissions

  @Test func `many requests share one connection over HTTP/2`() async throws {
    let client = try await RealServer().client
    _ = try await client.serverVersion()
    try await withThrowingTaskGroup(of: Void.self) { group in
      for _ in 0..<50 { group.addTask { _ = try await client.nodes() } }
      try await group.waitForAll()
    }
    #expect(client.statistics.connections == 1)
    #expect(client.statistics.http2Responses == client.statistics.requests)
  }

  @Test func `another cluster's authority is refused`() async throws {
    let server = try await RealServer()
    let announcement = try StubServer.shared.get().announcement
    let pem = try #require(Data(base64Encoded: announcement.files["other.crt"] ?? ""))
    let configuration = KubeConfiguration(
      context: "c", namespace: "default", endpoint: server.configuration.endpoint,
      certificateAuthority: .inline(KubeSecret(pem)), verifiesServer: true, proxy: nil,
      credentials: .anonymous,
      pluginEnvironment: [:], warnings: [])
    let client = try KubeClient(configuration: configuration)
    let error = try await #require(throws: KubeError.self) { try await client.serverVersion() }
    #expect(error.code == .tls)
  }

  @Test func `a wrong token is unauthorized and nobody is forbidden`() async throws {
    let server = try await RealServer()
    let stranger = try KubeClient(
      configuration: server.configuration(as: .token(.inline(KubeSecret("nonsense")))))
    let unauthorized = try await #require(throws: KubeError.self) { try await stranger.nodes() }
    #expect(unauthorized.code == .unauthorized)
    let nobody = try KubeClient(configuration: server.configuration(as: .anonymous))
    let forbidden = try await #require(throws: KubeError.self) { try await nobody.nodes() }
    #expect(forbidden.code == .forbidden)
    #expect(forbidden.status?.reason == "Forbidden")
  }

  @Test func `permissions are answered`() async throws {
    let client = try await RealServer().client
    #expect(try await client.accessReview(verb: "patch", resource: "nodes"))
    #expect(try await client.accessReview(verb: "create", resource: "pods/eviction", namespace: "default"))
  }

  // MARK: Nodes

  @Test func `a node is cordoned, marked, watched and uncordoned`() async throws {
    try await RealServer().withScratch { server in
      let client = server.client
      try await server.post("/api/v1/nodes", #"{"metadata":{"name":"\#(server.name)"}}"#)
      let before = try #require(try await client.node(server.name))
      #expect(!before.isUnschedulable && !before.isReady)
      let deadline = soon
      async let seen = client.waitForNode(server.name, deadline: deadline) { $0?.isUnschedulable ?? false }
      let cordoned = try await client.patchNode(
        server.name, unschedulable: true, annotations: ["pawl.test/mark": "me"])
      #expect(cordoned.isUnschedulable)
      #expect(cordoned.metadata.annotations["pawl.test/mark"] == "me")
      #expect(try await seen?.isUnschedulable == true)

      let stale = try await #require(throws: KubeError.self) {
        try await client.patchNode(
          server.name, unschedulable: false, resourceVersion: before.metadata.resourceVersion)
      }
      #expect(stale.code == .conflict)
      let after = try await client.patchNode(
        server.name, unschedulable: false, annotations: ["pawl.test/mark": nil])
      #expect(!after.isUnschedulable)
      #expect(after.metadata.annotations["pawl.test/mark"] == nil)
      #expect(try await client.nodes().contains { $0.name == server.name })
    }
  }

  // MARK: Pods, budgets, evictions

  @Test func `a list in pages of one is the list`() async throws {
    try await RealServer().withScratch { server in
      for index in 0..<5 { _ = try await server.makePod("p\(index)") }
      var configuration = server.configuration
      configuration.limits.pageSize = 1
      let client = try KubeClient(configuration: configuration)
      let names = try await client.pods(namespace: server.name).map(\.metadata.name)
      #expect(names == ["p0", "p1", "p2", "p3", "p4"])
      #expect(client.statistics.requests == 5)
      let selected = try await client.pods(
        fieldSelector: "spec.nodeName=\(server.name)", labelSelector: "app=web")
      #expect(selected.count == 5)
    }
  }

  @Test func `a budget blocks an eviction, two are a misconfiguration, none lets the pod go`() async throws {
    try await RealServer().withScratch { server in
      let client = server.client
      let name = server.name
      let pod = try await server.makePod("web")
      try await server.makeBudget("one")
      guard case .blocked(_, _, let causes) = try await client.evict(namespace: name, name: "web") else {
        Issue.record("the budget did not block")
        return
      }
      #expect(causes.map(\.reason) == ["DisruptionBudget"])
      let budget = try #require(
        try await client.podDisruptionBudgets().first { $0.metadata.namespace == name })
      #expect(budget.protects(namespace: name, labels: pod.metadata.labels))

      try await server.makeBudget("two")
      guard case .misconfigured(let message) = try await client.evict(namespace: name, name: "web") else {
        Issue.record("two budgets were no misconfiguration")
        return
      }
      #expect(message.contains("more than one PodDisruptionBudget"))

      _ = try await server.makePod("other")
      for budget in ["one", "two"] {
        let version = try #require(try await client.budgetVersion())
        _ = try await client.perform(
          KubeCall(
            action: "scratch", method: "DELETE",
            path: "/apis/policy/\(version.rawValue)/namespaces/\(name)/poddisruptionbudgets/\(budget)"))
      }
      #expect(try await client.evict(namespace: name, name: "web", uid: "another") == .notFound)
      #expect(try await client.pod(namespace: name, name: "web")?.metadata.uid == pod.metadata.uid)
      #expect(
        try await client.evict(namespace: name, name: "web", uid: pod.metadata.uid, gracePeriodSeconds: 0)
          == .evicted)
      try await client.waitForPod(namespace: name, name: "web", deadline: soon) { $0 == nil }
    }
  }

  @Test func `the pods of a node are watched until the last is gone`() async throws {
    try await RealServer().withScratch { server in
      let client = server.client
      for pod in ["a", "b"] { _ = try await server.makePod(pod) }
      let deadline = soon
      let first = PodNames()
      async let left = client.waitForPods(onNode: server.name, deadline: deadline) { pods in
        first.add(pods.map(\.metadata.name))
        return pods.isEmpty
      }
      for pod in ["a", "b"] {
        #expect(try await client.deletePod(namespace: server.name, name: pod, gracePeriodSeconds: 0))
      }
      #expect(try await left.isEmpty)
      #expect(first.all.last == [])
    }
  }

  @Test func `a deletion with another UID touches nothing`() async throws {
    try await RealServer().withScratch { server in
      let pod = try await server.makePod("p")
      #expect(try await server.client.deletePod(namespace: server.name, name: "p", uid: "another") == false)
      #expect(
        try await server.client.pod(namespace: server.name, name: "p")?.metadata.uid == pod.metadata.uid)
    }
  }

  @Test func `a namespace that is being deleted says so`() async throws {
    try await RealServer().withScratch { server in
      let client = server.client
      _ = try await server.makePod("p")
      try await server.makeBudget("b")
      _ = try await client.perform(
        KubeCall(action: "scratch", method: "DELETE", path: "/api/v1/namespaces/\(server.name)"))
      // What an eviction meets there depends on how far the deletion has come; none of it is an error.
      let result = try await client.evict(namespace: server.name, name: "p")
      switch result {
      case .evicted, .notFound, .blocked, .namespaceTerminating: break
      case .misconfigured(let message): Issue.record("\(message)")
      }
    }
  }
}
