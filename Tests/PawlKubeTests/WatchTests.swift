import Foundation
import Testing

@testable import PawlKube

@Suite(
  "Watches and waits",
  .enabled(if: StubServer.isPossible, StubServer.obstacle ?? "python3 and openssl are needed"))
struct WatchTests {
  static func node(_ version: String, ready: Bool, _ rv: String = "2") -> String {
    #"{"metadata":{"name":"n","resourceVersion":"\#(rv)"},"status":{"nodeInfo":{"kubeletVersion":"\#(version)"},"conditions":[{"type":"Ready","status":"\#(ready ? "True" : "False")"}]}}"#
  }
  static func pod(_ name: String) -> String { #"{"metadata":{"name":"\#(name)","namespace":"x"}}"# }
  static func list(_ items: String..., rv: String = "1") -> Stub.Reply {
    .json(#"{"metadata":{"resourceVersion":"\#(rv)"},"items":[\#(items.joined(separator: ","))]}"#)
  }
  static func event(_ type: String, _ object: String) -> String {
    #"{"type":"\#(type)","object":\#(object)}"#
  }
  static let gone = event("ERROR", #"{"kind":"Status","code":410,"reason":"Expired","message":"too old"}"#)

  private func nodes(lists: [Stub.Reply], watches: [Stub.Reply]) async throws -> Stub {
    var watch = Stub.Route("/api/v1/nodes", query: ["watch": "true"])
    watch.replies = watches
    var list = Stub.Route("/api/v1/nodes")
    list.replies = lists
    return try await Stub(routes: [watch, list])
  }

  private var soon: ContinuousClock.Instant { .now + .seconds(30) }

  // MARK: Watch

  @Test func `events, bookmarks and unknown kinds arrive in order until the server ends the watch`()
    async throws
  {
    let stub = try await nodes(
      lists: [],
      watches: [
        .lines([
          Self.event("ADDED", Self.node("v1", ready: false)), Self.event("FUTURE", "{}"),
          Self.event("BOOKMARK", #"{"metadata":{"resourceVersion":"9"}}"#),
          Self.event("DELETED", Self.node("v2", ready: true)),
        ])
      ])
    var seen: [String] = []
    for try await event in try stub.client().watchNodes(resourceVersion: "7") {
      switch event {
      case .added(let node): seen.append("added \(node.status.nodeInfo?.kubeletVersion ?? "")")
      case .modified(let node): seen.append("modified \(node.name)")
      case .deleted(let node): seen.append("deleted \(node.status.nodeInfo?.kubeletVersion ?? "")")
      case .bookmark(let version): seen.append("bookmark \(version)")
      }
    }
    #expect(seen == ["added v1", "bookmark 9", "deleted v2"])
    let query = try await stub.log().first?.query
    #expect(query?["resourceVersion"] == "7")
    #expect(query?["allowWatchBookmarks"] == "true")
    #expect(query?["timeoutSeconds"] == "240")
  }

  @Test func `an event cut into pieces is put together`() async throws {
    let text = Self.event("MODIFIED", Self.node("v9", ready: true)) + "\n"
    let pieces = text.map { String($0) }
    let stub = try await nodes(lists: [], watches: [.init(chunks: pieces)])
    var versions: [String?] = []
    for try await event in try stub.client().watchNodes(resourceVersion: "1") {
      if case .modified(let node) = event { versions.append(node.status.nodeInfo?.kubeletVersion) }
    }
    #expect(versions == ["v9"])
  }

  private func end(of stub: Stub, limits: KubeLimits = .forTests) async throws -> KubeError {
    let client = try stub.client(limits: limits)
    return try await #require(throws: KubeError.self) {
      for try await _ in client.watchNodes(resourceVersion: "1") {}
    }
  }

  @Test func `a version that is too old ends the watch as expired`() async throws {
    #expect(try await end(of: nodes(lists: [], watches: [.lines([Self.gone])])).code == .expired)
    #expect(
      try await end(of: nodes(lists: [], watches: [.failure(410, "Expired", "too old")])).code == .expired)
  }

  @Test func `a watch that is refused, cut or senseless says so`() async throws {
    #expect(
      try await end(of: nodes(lists: [], watches: [.failure(403, "Forbidden", "no")])).code == .forbidden)
    let cut = Stub.Reply.lines([Self.event("ADDED", Self.node("v1", ready: true))], then: "abort")
    #expect(try await end(of: nodes(lists: [], watches: [cut])).code == .unreachable)
    #expect(try await end(of: nodes(lists: [], watches: [.lines(["what"])])).code == .invalidResponse)
  }

  @Test func `an event above the limit ends the watch`() async throws {
    var limits = KubeLimits.forTests
    limits.eventBytes = 100
    let long = Self.event("ADDED", #"{"metadata":{"name":"\#(String(repeating: "n", count: 500))"}}"#)
    let stub = try await nodes(lists: [], watches: [.init(chunks: [long], then: "hang")])
    #expect(try await end(of: stub, limits: limits).code == .invalidResponse)
  }

  @Test func `a reader that falls behind loses the watch and not the order`() async throws {
    var limits = KubeLimits.forTests
    limits.bufferedEvents = 2
    let lines = (0..<50).map { _ in Self.event("ADDED", Self.node("v1", ready: true)) }
    let stub = try await nodes(lists: [], watches: [.lines(lines, then: "hang")])
    let client = try stub.client(limits: limits)
    let events = client.watchNodes(resourceVersion: "1")
    // The server sees the watch closed before the first event is read.
    _ = try await stub.log(event: "closed", atLeast: 1)
    let error = try await #require(throws: KubeError.self) { for try await _ in events {} }
    #expect(error.code == .expired)
  }

  @Test func `a watch that nobody reads any more is taken off the wire`() async throws {
    let stub = try await nodes(
      lists: [], watches: [.lines([Self.event("ADDED", Self.node("v1", ready: true))], then: "hang")])
    let client = try stub.client()
    for try await _ in client.watchNodes(resourceVersion: "1") { break }
    #expect(try await stub.log(event: "closed", atLeast: 1).count == 1)
  }

  // MARK: Wait

  @Test func `a node that is as wanted needs no watch`() async throws {
    let stub = try await nodes(lists: [Self.list(Self.node("v1", ready: true))], watches: [])
    let node = try await stub.client().waitForNode("n", deadline: soon) { $0?.isReady ?? false }
    #expect(node?.name == "n")
    #expect(try await stub.log().map { $0.query["fieldSelector"] } == ["metadata.name=n"])
  }

  @Test func `a node that becomes as wanted is seen by the watch, which then is over`() async throws {
    let change = Stub.Reply.lines([Self.event("MODIFIED", Self.node("v2", ready: true))], then: "hang")
    let stub = try await nodes(lists: [Self.list(Self.node("v1", ready: true), rv: "77")], watches: [change])
    let node = try await stub.client().waitForNode("n", deadline: soon) {
      $0?.status.nodeInfo?.kubeletVersion == "v2"
    }
    #expect(node?.isReady == true)
    #expect(try await stub.log().last?.query["resourceVersion"] == "77")
    #expect(try await stub.log(event: "closed", atLeast: 1).count == 1)
  }

  @Test func `an API server that goes away and comes back does not end the wait`() async throws {
    let stub = try await nodes(
      lists: [
        Self.list(Self.node("v1", ready: false)), .hangUp, .hangUp, .hangUp, .failure(503, nil, "starting"),
        .failure(403, "Forbidden", "roles not read yet"), Self.list(Self.node("v1", ready: false)),
        Self.list(Self.node("v2", ready: true)),
      ],
      watches: [.lines([], then: "abort"), .lines([Self.gone])])
    let pauses = PauseLog()
    let node = try await stub.client(pauses: pauses).waitForNode("n", deadline: soon) { $0?.isReady ?? false }
    #expect(node?.status.nodeInfo?.kubeletVersion == "v2")
    #expect(pauses.all.count == 7)
  }

  @Test func `a refusal that lasts ends the wait`() async throws {
    let stub = try await nodes(lists: [.failure(403, "Forbidden", "no")], watches: [])
    let client = try stub.client()
    let error = try await #require(throws: KubeError.self) {
      try await client.waitForNode("n", deadline: soon) { $0 != nil }
    }
    #expect(error.code == .forbidden)
    #expect(client.statistics.requests == Setbacks.toleratedRefusals + 1)
  }

  @Test func `a wait ends at its deadline and tells what was last in the way`() async throws {
    let stub = try await nodes(lists: [Self.list()], watches: [.silence])
    let client = try stub.client()
    let error = try await #require(throws: KubeError.self) {
      try await client.waitForNode("n", deadline: .now + .milliseconds(300)) { $0 != nil }
    }
    #expect(error.code == .timeout)
    #expect(error.message.contains("node n"))
    #expect(error.cause != nil)
  }

  @Test func `a deadline that has passed sends nothing`() async throws {
    let stub = try await nodes(lists: [Self.list()], watches: [])
    let client = try stub.client()
    let error = try await #require(throws: KubeError.self) {
      try await client.waitForNode("n", deadline: .now) { $0 == nil }
    }
    #expect(error.code == .timeout)
    #expect(client.statistics.requests == 0)
  }

  @Test func `a wait can be cancelled while it watches`() async throws {
    let stub = try await nodes(lists: [Self.list()], watches: [.lines([], then: "hang")])
    let client = try stub.client()
    let deadline = soon
    let task = Task {
      try await #require(throws: KubeError.self) {
        try await client.waitForNode("n", deadline: deadline) { $0 != nil }
      }
    }
    _ = try await stub.log(atLeast: 2)
    task.cancel()
    #expect(try await task.value.code == .cancelled)
    #expect(try await stub.log(event: "closed", atLeast: 1).count == 1)
  }

  @Test func `pods of a node are waited for until the last is gone`() async throws {
    let stub = try await Stub(
      .init(
        "/api/v1/pods", query: ["watch": "true"],
        .lines(
          [
            Self.event("DELETED", Self.pod("a")), Self.event("ADDED", Self.pod("c")),
            Self.event("DELETED", Self.pod("b")), Self.event("DELETED", Self.pod("c")),
          ], then: "hang")),
      .init("/api/v1/pods", Self.list(Self.pod("b"), Self.pod("a"))))
    let seen = PodNames()
    let left = try await stub.client().waitForPods(onNode: "n", deadline: soon) { pods in
      seen.add(pods.map(\.metadata.name))
      return pods.isEmpty
    }
    #expect(left.isEmpty)
    #expect(seen.all == [["a", "b"], ["b"], ["b", "c"], ["c"], []])
    #expect(try await stub.log().map { $0.query["fieldSelector"] }.allSatisfy { $0 == "spec.nodeName=n" })
  }

  @Test func `a pod that comes back under its name is another pod`() async throws {
    let old = #"{"metadata":{"name":"p","namespace":"x","uid":"1"}}"#
    let new = #"{"metadata":{"name":"p","namespace":"x","uid":"2"}}"#
    let stub = try await Stub(
      .init(
        "/api/v1/namespaces/x/pods", query: ["watch": "true"],
        .lines([Self.event("ADDED", new)], then: "hang")),
      .init("/api/v1/namespaces/x/pods", Self.list(old)))
    let pod = try await stub.client().waitForPod(namespace: "x", name: "p", deadline: soon) {
      $0?.metadata.uid != "1"
    }
    #expect(pod?.metadata.uid == "2")
  }
}
