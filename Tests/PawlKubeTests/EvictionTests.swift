import Foundation
import Testing

@testable import PawlKube

@Suite(
  "Evictions", .enabled(if: StubServer.isPossible, StubServer.obstacle ?? "python3 and openssl are needed"))
struct EvictionTests {
  static let path = "/api/v1/namespaces/n/pods/p"

  static func resources(_ version: String?) -> Stub.Reply {
    let eviction = version.map {
      #",{"name":"pods/eviction","kind":"Eviction","group":"policy","version":"\#($0)"}"#
    }
    return .json(#"{"resources":[{"name":"pods","kind":"Pod"}\#(eviction ?? "")]}"#)
  }

  private func stub(_ replies: Stub.Reply..., more: Stub.Route...) async throws -> Stub {
    var route = Stub.Route(Self.path + "/eviction", method: "POST")
    route.replies = replies
    return try await Stub(routes: [Stub.Route("/api/v1", Self.resources("v1beta1")), route] + more)
  }

  @Test(arguments: [KubePolicyVersion.v1, .v1beta1])
  func `the Eviction has the version that the server names`(version: KubePolicyVersion) async throws {
    let stub = try await Stub(
      .init("/api/v1", Self.resources(version.rawValue)),
      .init(
        Self.path + "/eviction", method: "POST", .json(#"{"kind":"Status","status":"Success"}"#, status: 201))
    )
    let client = try stub.client()
    #expect(try await client.evict(namespace: "n", name: "p", uid: "u1", gracePeriodSeconds: 7) == .evicted)
    #expect(try await client.evict(namespace: "n", name: "p") == .evicted)
    let log = try await stub.log()
    #expect(log.map(\.method) == ["GET", "POST", "POST"])
    let sent = log[1].body
    #expect(sent.contains(#""apiVersion":"policy/\#(version.rawValue)""#))
    #expect(sent.contains(#""preconditions":{"uid":"u1"}"#))
    #expect(sent.contains(#""gracePeriodSeconds":7"#))
    #expect(!log[2].body.contains("preconditions"))
  }

  @Test func `a pod that is gone is no trouble`() async throws {
    let stub = try await stub(.failure(404, "NotFound", #"pods \"p\" not found"#))
    #expect(try await stub.client().evict(namespace: "n", name: "p") == .notFound)
  }

  @Test func `a budget that allows nothing now blocks, with its causes`() async throws {
    let details =
      #"{"retryAfterSeconds":10,"causes":[{"reason":"DisruptionBudget","message":"The disruption budget web needs 2 healthy pods"}]}"#
    let stub = try await stub(.failure(429, "TooManyRequests", "Cannot evict pod", details: details))
    let client = try stub.client()
    guard
      case .blocked(let message, let seconds, let causes) = try await client.evict(namespace: "n", name: "p")
    else {
      Issue.record("not blocked")
      return
    }
    #expect(message == "Cannot evict pod")
    #expect(seconds == 10)
    #expect(causes.map(\.reason) == ["DisruptionBudget"])
    #expect(client.statistics.repetitions == 0)
  }

  @Test func `a namespace that is being deleted takes its pods along`() async throws {
    let stub = try await stub(
      .failure(403, "Forbidden", "no", details: #"{"causes":[{"reason":"NamespaceTerminating"}]}"#))
    #expect(try await stub.client().evict(namespace: "n", name: "p") == .namespaceTerminating)
  }

  @Test func `a namespace that is being deleted is known without its cause too`() async throws {
    let words =
      #"pods \"p\" is forbidden: unable to create new content in namespace n because it is being terminated"#
    let stub = try await stub(.failure(403, "Forbidden", words))
    #expect(try await stub.client().evict(namespace: "n", name: "p") == .namespaceTerminating)
  }

  @Test func `any other refusal of permission is an error`() async throws {
    let client = try await stub(.failure(403, "Forbidden", "no")).client()
    let error = try await #require(throws: KubeError.self) {
      try await client.evict(namespace: "n", name: "p")
    }
    #expect(error.code == .forbidden)
  }

  @Test func `several budgets for one pod are a misconfiguration`() async throws {
    let words =
      "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support."
    let stub = try await stub(.failure(500, nil, words))
    #expect(try await stub.client().evict(namespace: "n", name: "p") == .misconfigured(message: words))
  }

  @Test func `trouble with etcd is no misconfiguration`() async throws {
    let client = try await stub(.failure(500, "InternalError", "etcdserver: request timed out")).client()
    let error = try await #require(throws: KubeError.self) {
      try await client.evict(namespace: "n", name: "p")
    }
    #expect(error.code == .serverError)
    #expect(error.isTransient)
  }

  @Test(arguments: [
    ("u2", EvictionResult.notFound), ("u1", .blocked(message: "moved", retryAfterSeconds: nil, causes: [])),
  ])
  func `a conflict means gone only if the name belongs to another pod`(
    uid: String, expected: EvictionResult
  ) async throws {
    let stub = try await stub(
      .failure(409, "Conflict", "moved"),
      more: .init(Self.path, .json(#"{"metadata":{"name":"p","namespace":"n","uid":"\#(uid)"}}"#)))
    #expect(try await stub.client().evict(namespace: "n", name: "p", uid: "u1") == expected)
  }

  @Test func `a server without evictions deletes the pod`() async throws {
    let stub = try await Stub(
      .init("/api/v1", Self.resources(nil)), .init(Self.path, method: "DELETE", .json("{}")))
    #expect(try await stub.client().evict(namespace: "n", name: "p", uid: "u1") == .evicted)
    let sent = try #require(try await stub.log().last)
    #expect(sent.method == "DELETE")
    #expect(sent.body.contains(#""preconditions":{"uid":"u1"}"#))
  }

  @Test func `a server that rejects the version is asked for its versions again, once`() async throws {
    let stub = try await Stub(
      .init("/api/v1", Self.resources("v1"), Self.resources("v1beta1")),
      .init(
        Self.path + "/eviction", method: "POST", .failure(400, "BadRequest", "no kind"),
        .json("{}", status: 201)))
    #expect(try await stub.client().evict(namespace: "n", name: "p") == .evicted)
    #expect(try await stub.log().map(\.method) == ["GET", "POST", "GET", "POST"])

    let stubborn = try await self.stub(.failure(400, "BadRequest", "no kind"))
    let client = try stubborn.client()
    let error = try await #require(throws: KubeError.self) {
      try await client.evict(namespace: "n", name: "p")
    }
    #expect(error.code == .rejected)
    #expect(try await stubborn.log().count == 4)
  }

  @Test func `a version that is not known is an error that names it`() async throws {
    let client = try await Stub(.init("/api/v1", Self.resources("v7"))).client()
    let error = try await #require(throws: KubeError.self) {
      try await client.evict(namespace: "n", name: "p")
    }
    #expect(error.code == .invalidResponse)
    #expect(error.message.contains("policy/v7"))
  }

  @Test func `a deletion tells whether the pod was there`() async throws {
    let stub = try await Stub(
      .init(
        Self.path, method: "DELETE", .json("{}"), .failure(404, "NotFound", "gone"),
        .failure(409, "Conflict", "another UID")))
    let client = try stub.client()
    #expect(try await client.deletePod(namespace: "n", name: "p", gracePeriodSeconds: 0) == true)
    #expect(try await client.deletePod(namespace: "n", name: "p") == false)
    #expect(try await client.deletePod(namespace: "n", name: "p", uid: "u1") == false)
    #expect(try await stub.log()[0].body.contains(#""gracePeriodSeconds":0"#))
  }
}
