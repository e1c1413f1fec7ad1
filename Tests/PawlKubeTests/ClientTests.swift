import Foundation
import Testing

@testable import PawlKube

@Suite("Client", .enabled(if: StubServer.isPossible, StubServer.obstacle ?? "python3 and openssl are needed"))
struct ClientTests {
  // MARK: Refusals

  struct Refusal: Sendable, CustomTestStringConvertible {
    let status: Int
    let code: KubeError.Code
    let transient: Bool
    var testDescription: String { "HTTP \(status)" }
  }

  @Test(arguments: [
    Refusal(status: 400, code: .rejected, transient: false),
    Refusal(status: 401, code: .unauthorized, transient: false),
    Refusal(status: 403, code: .forbidden, transient: false),
    Refusal(status: 404, code: .notFound, transient: false),
    Refusal(status: 409, code: .conflict, transient: false),
    Refusal(status: 410, code: .expired, transient: true),
    Refusal(status: 422, code: .rejected, transient: false),
    Refusal(status: 429, code: .tooManyRequests(retryAfterSeconds: nil), transient: true),
    Refusal(status: 500, code: .serverError, transient: true),
    Refusal(status: 503, code: .serverError, transient: true),
    Refusal(status: 302, code: .invalidResponse, transient: false),
  ])
  func `a Status object becomes a typed error`(refusal: Refusal) async throws {
    let stub = try await Stub(
      .init("/api/v1/nodes/n", method: "PATCH", .failure(refusal.status, "Because", "the server's words")))
    let client = try stub.client()
    let error = try await #require(throws: KubeError.self) {
      try await client.patchNode("n", unschedulable: true)
    }
    #expect(error.code == refusal.code)
    #expect(error.isTransient == refusal.transient)
    #expect(error.status?.reason == "Because")
    #expect(error.httpStatus == refusal.status)
    #expect(error.message.contains(client.server))
    #expect(!error.description.contains("the server's words"))
    #expect(error.cause == "the server's words")
  }

  @Test func `a load balancer's page is quoted as a cause in one printable line`() async throws {
    let stub = try await Stub(.init("/version", .json("<html>\n\u{1b}[31mno\tserver</html>", status: 503)))
    let client = try stub.client()
    let error = try await #require(throws: KubeError.self) { try await client.serverVersion() }
    #expect(error.code == .serverError)
    #expect(error.status == nil)
    #expect(error.cause == "<html> [31mno server</html>")
  }

  @Test func `a 404 that is no Status object does not pass for an absent node`() async throws {
    let stub = try await Stub(.init("/api/v1/nodes/n", .json("404 page not found", status: 404)))
    let client = try stub.client()
    let error = try await #require(throws: KubeError.self) { try await client.node("n") }
    #expect(error.code == .notFound)
  }

  // MARK: 429

  @Test func `a read waits as long as Retry-After asks and then asks again`() async throws {
    let stub = try await Stub(
      .init(
        "/api/v1/nodes/n", .failure(429, "TooManyRequests", "slow down", headers: ["Retry-After": "3"]),
        .json(#"{"metadata":{"name":"n"}}"#)))
    let pauses = PauseLog()
    let client = try stub.client(pauses: pauses)
    #expect(try await client.node("n")?.name == "n")
    #expect(pauses.all == [.seconds(3)])
    #expect(client.statistics.connections == 1)
  }

  @Test func `a read pauses longer each time where the server does not say how long`() async throws {
    let stub = try await Stub(.init("/api/v1/nodes/n", .failure(429, nil, "slow")))
    let pauses = PauseLog()
    let client = try stub.client(pauses: pauses)
    await #expect(throws: KubeError.self) { try await client.node("n") }
    #expect(pauses.all == [.milliseconds(250), .milliseconds(500)])
  }

  @Test func `a read gives up after two repetitions and never waits longer than the limit`() async throws {
    let stub = try await Stub(
      .init("/api/v1/nodes/n", .failure(429, nil, "slow", details: #"{"retryAfterSeconds":9999}"#)))
    let pauses = PauseLog()
    let client = try stub.client(pauses: pauses)
    let error = try await #require(throws: KubeError.self) { try await client.node("n") }
    #expect(error.code == .tooManyRequests(retryAfterSeconds: 9999))
    #expect(pauses.all == [.seconds(10), .seconds(10)])
  }

  @Test func `health is asked once and is false while the server says so`() async throws {
    let stub = try await Stub(
      .init("/readyz", .json("[-]etcd failed", status: 500), .json("ok"), .hangUp))
    let client = try stub.client()
    #expect(try await client.healthz() == false)
    #expect(try await client.healthz() == true)
    await #expect(throws: KubeError.self) { try await client.healthz() }
    #expect(client.statistics.requests == 3)
  }

  // MARK: Nodes and pods

  @Test func `a cordon with an annotation is one merge patch, bound to a version where asked`() async throws {
    let stub = try await Stub(
      .init(
        "/api/v1/nodes/n", method: "PATCH",
        .json(#"{"metadata":{"name":"n","resourceVersion":"8"},"spec":{"unschedulable":true}}"#)))
    let client = try stub.client()
    let node = try await client.patchNode(
      "n", unschedulable: true, annotations: ["a/b": "c", "gone": nil], resourceVersion: "7")
    #expect(node.isUnschedulable)
    try await client.patchNode("n", unschedulable: false)
    let log = try await stub.log()
    #expect(log[0].headers["content-type"] == "application/merge-patch+json")
    #expect(
      log[0].body
        == #"{"metadata":{"annotations":{"a/b":"c","gone":null},"resourceVersion":"7"},"spec":{"unschedulable":true}}"#
    )
    #expect(log[1].body == #"{"spec":{"unschedulable":null}}"#)
  }

  @Test func `names are escaped, so that none can reach another path`() async throws {
    let stub = try await Stub()
    #expect(try await stub.client().node("../../x?y") == nil)
    #expect(try await stub.log().map(\.path) == ["/api/v1/nodes/..%2F..%2Fx%3Fy"])
  }

  @Test func `an absent pod, DaemonSet, ConfigMap and lease are nothing`() async throws {
    let stub = try await Stub()
    let client = try stub.client()
    #expect(try await client.pod(namespace: "a", name: "b") == nil)
    #expect(try await client.daemonSet(namespace: "a", name: "b") == nil)
    #expect(try await client.configMap(namespace: "a", name: "b") == nil)
    #expect(try await client.lease(namespace: "a", name: "b") == nil)
    let paths = [
      "/api/v1/namespaces/a/pods/b", "/apis/apps/v1/namespaces/a/daemonsets/b",
      "/api/v1/namespaces/a/configmaps/b", "/apis/coordination.k8s.io/v1/namespaces/a/leases/b",
    ]
    #expect(try await stub.log().map(\.path) == paths)
  }

  @Test func `selectors go on the wire escaped`() async throws {
    let stub = try await Stub(.init("/api/v1/pods", .json(#"{"items":[]}"#)))
    _ = try await stub.client().pods(fieldSelector: "spec.nodeName=n&m", labelSelector: "a in (b, c)")
    let query = try await stub.log().first?.query
    #expect(query == ["fieldSelector": "spec.nodeName=n&m", "labelSelector": "a in (b, c)", "limit": "500"])
  }

  @Test func `a ConfigMap without data has no texts`() async throws {
    let stub = try await Stub(
      .init("/api/v1/namespaces/a/configmaps/b", .json(#"{"metadata":{"name":"b"}}"#)),
      .init("/api/v1/namespaces/a/configmaps/c", .json(#"{"metadata":{"name":"c"},"data":{"k":"v"}}"#)))
    let client = try stub.client()
    #expect(try await client.configMap(namespace: "a", name: "b") == [:])
    #expect(try await client.configMap(namespace: "a", name: "c") == ["k": "v"])
  }

  // MARK: Permissions and leases

  @Test func `permissions are asked for the subresource too`() async throws {
    let stub = try await Stub(
      .init(
        "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", method: "POST",
        .json(#"{"status":{"allowed":false}}"#, status: 201),
        .json(#"{"status":{"allowed":true}}"#, status: 201)))
    let client = try stub.client()
    #expect(try await client.accessReview(verb: "create", resource: "pods/eviction", namespace: "x") == false)
    #expect(try await client.accessReview(verb: "patch", resource: "nodes") == true)
    let sent = try await stub.log().map(\.body)
    #expect(
      sent[0].contains(
        #""resourceAttributes":{"group":"","namespace":"x","resource":"pods","subresource":"eviction","verb":"create"}"#
      ))
  }

  @Test func `a lease goes out with times of six digits and comes back`() async throws {
    let answer =
      #"{"metadata":{"name":"l","namespace":"n","resourceVersion":"1"},"spec":{"holderIdentity":"me","renewTime":"2026-01-02T03:04:05.250000Z"}}"#
    let stub = try await Stub(
      .init("/apis/coordination.k8s.io/v1/namespaces/n/leases", method: "POST", .json(answer, status: 201)))
    let moment = try #require(KubeJSON.date(from: "2026-01-02T03:04:05.25Z"))
    let lease = KubeLease(
      metadata: KubeMetadata(name: "l", namespace: "n"),
      spec: .init(
        holderIdentity: "me", leaseDurationSeconds: 30, acquireTime: nil, renewTime: moment,
        leaseTransitions: 0))
    let created = try await stub.client().createLease(lease)
    #expect(created.spec.renewTime == moment)
    let sent = try #require(try await stub.log().first?.body)
    #expect(sent.contains(#""renewTime":"2026-01-02T03:04:05.250000Z""#))
    #expect(sent.contains(#""apiVersion":"coordination.k8s.io/v1""#))
  }

  @Test func `a lease that was changed meanwhile is a conflict`() async throws {
    let stub = try await Stub(
      .init(
        "/apis/coordination.k8s.io/v1/namespaces/n/leases/l", method: "PUT",
        .failure(409, "Conflict", "the object has been modified")))
    let lease = KubeLease(
      metadata: KubeMetadata(name: "l", namespace: "n"),
      spec: .init(
        holderIdentity: "me", leaseDurationSeconds: 30, acquireTime: nil, renewTime: nil,
        leaseTransitions: nil))
    var changed = lease
    changed.metadata.resourceVersion = "3"
    let old = changed
    let client = try stub.client()
    let unread = try await #require(throws: KubeError.self) { try await client.updateLease(lease) }
    #expect(unread.code == .rejected)
    let stale = try await #require(throws: KubeError.self) { try await client.updateLease(old) }
    #expect(stale.code == .conflict)
    #expect(try await stub.log().map(\.method) == ["PUT"])
  }
}
