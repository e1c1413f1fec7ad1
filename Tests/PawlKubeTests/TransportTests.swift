import Foundation
import Testing

@testable import PawlKube

@Suite(
  "Transport", .enabled(if: StubServer.isPossible, StubServer.obstacle ?? "python3 and openssl are needed"))
struct TransportTests {
  static let version = Stub.Route(
    "/version", .json(#"{"major":"1","minor":"19","gitVersion":"v1.19.16","platform":"linux/amd64","new":1}"#)
  )

  @Test func `reads the version over TLS with the cluster's own authority`() async throws {
    let stub = try await Stub(Self.version)
    let version = try await stub.client().serverVersion()
    #expect(version.gitVersion == "v1.19.16")
  }

  @Test func `one connection serves requests that follow each other`() async throws {
    let stub = try await Stub(Self.version)
    let client = try stub.client()
    for _ in 0..<5 { _ = try await client.serverVersion() }
    #expect(client.statistics.requests == 5)
    #expect(client.statistics.connections == 1)
  }

  @Test func `many requests at once all get their own answer`() async throws {
    let routes = (0..<40).map {
      Stub.Route("/api/v1/nodes/n\($0)", .json(#"{"metadata":{"name":"n\#($0)"}}"#))
    }
    let stub = try await Stub(routes: routes)
    let client = try stub.client()
    let names = try await withThrowingTaskGroup(of: (Int, String?).self) { group in
      for index in 0..<40 { group.addTask { (index, try await client.node("n\(index)")?.name) } }
      return try await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
    }
    #expect(names == Dictionary(uniqueKeysWithValues: (0..<40).map { ($0, "n\($0)") }))
  }

  @Test(arguments: [
    ("standard", "127.0.0.1", "other.crt", "not signed by the authority"),
    ("named", "127.0.0.1", "ca.crt", "is for another name"),
    ("expired", "127.0.0.1", "ca.crt", "has expired"),
  ])
  func `a server certificate that does not fit is refused`(
    port: String, host: String, authority: String, words: String
  ) async throws {
    let stub = try await Stub(Self.version)
    let client = try KubeClient(configuration: stub.configuration(port: port, host: host, ca: authority))
    let error = try await #require(throws: KubeError.self) { try await client.serverVersion() }
    #expect(error.code == .tls)
    #expect(error.message.contains(words))
    #expect(error.message.contains(client.server))
    #expect(client.statistics.requests == 1)
    #expect(try await stub.log().isEmpty)
  }

  @Test func `tls-server-name is checked in place of the host, which the server still hears`() async throws {
    let stub = try await Stub(Self.version)
    let configuration = try stub.configuration(port: "named", cluster: #","tls-server-name":"kube.example""#)
    _ = try await KubeClient(configuration: configuration).serverVersion()
    let host = try await stub.log().first?.headers["host"]
    #expect(host == "127.0.0.1:\(configuration.endpoint.port)")
  }

  @Test func `insecure-skip-tls-verify is honoured and reported`() async throws {
    let stub = try await Stub(Self.version)
    let configuration = try stub.configuration(
      port: "expired", ca: "", cluster: #","insecure-skip-tls-verify":true"#)
    _ = try await KubeClient(configuration: configuration).serverVersion()
    #expect(configuration.warnings.contains { $0.contains("is not checked") })
  }

  @Test func `a client certificate from data proves who one is`() async throws {
    let stub = try await Stub(Self.version)
    let user = try
      #"{"client-certificate-data":"\#(stub.file("client.crt"))","client-key-data":"\#(stub.file("client.key"))"}"#
    _ = try await KubeClient(configuration: stub.configuration(port: "strict", user: user)).serverVersion()
    #expect(try await stub.log().map(\.peer) == ["client"])
  }

  @Test func `a client certificate from files is found beside the kubeconfig`() async throws {
    let stub = try await Stub(Self.version)
    let user = #"{"client-certificate":"client.crt","client-key":"client.key"}"#
    _ = try await KubeClient(configuration: stub.configuration(port: "strict", user: user)).serverVersion()
    #expect(try await stub.log().map(\.peer) == ["client"])
  }

  @Test(arguments: ["{}", #"{"client-certificate":"stranger.crt","client-key":"stranger.key"}"#])
  func `a server that wants another client certificate says so`(user: String) async throws {
    let stub = try await Stub(Self.version)
    let client = try KubeClient(configuration: stub.configuration(port: "strict", user: user))
    let error = try await #require(throws: KubeError.self) { try await client.serverVersion() }
    #expect(error.code == .tls)
    #expect(error.message.contains("client certificate"))
  }

  @Test func `a key that belongs to another certificate is refused before anything is sent`() async throws {
    let stub = try await Stub(Self.version)
    let user = #"{"client-certificate":"client.crt","client-key":"stranger.key"}"#
    let client = try KubeClient(configuration: stub.configuration(user: user))
    let error = try await #require(throws: KubeError.self) { try await client.serverVersion() }
    #expect(error.code == .tls)
    #expect(try await stub.log().isEmpty)
  }

  @Test func `no credentials go over a connection that is not encrypted`() async throws {
    let stub = try await Stub(Self.version)
    let configuration = try stub.configuration(
      port: "clear", scheme: "http", user: #"{"token":"sesame"}"#)
    _ = try await KubeClient(configuration: configuration).serverVersion()
    #expect(try await stub.log().first?.headers["authorization"] == nil)
    #expect(configuration.warnings.contains { $0.contains("not encrypted") })
  }

  @Test func `a port that nobody listens on is unreachable after two repetitions`() async throws {
    let stub = try await Stub()
    let free = try closedPort()
    let pauses = PauseLog()
    let configuration = try Stub.configuration(
      .init(ports: ["standard": free], files: stub.announcement.files, folder: ""), path: "", user: "{}")
    let client = try KubeClient(configuration: configuration) { duration throws(CancellationError) in
      try pauses.add(duration)
    }
    let error = try await #require(throws: KubeError.self) { try await client.serverVersion() }
    #expect(error.code == .unreachable)
    #expect(error.message.contains("https://127.0.0.1:\(free)"))
    #expect(client.statistics.requests == 3)
    #expect(pauses.all == [.milliseconds(250), .milliseconds(500)])
  }

  @Test func `a read whose connection breaks is repeated on a fresh one`() async throws {
    let stub = try await Stub(
      .init("/version", .hangUp, .json(#"{"major":"1","minor":"19","gitVersion":"v1.19.1"}"#)))
    let client = try stub.client()
    #expect(try await client.serverVersion().gitVersion == "v1.19.1")
    #expect(client.statistics.repetitions == 1)
  }

  @Test func `a change whose connection breaks is not repeated`() async throws {
    let stub = try await Stub(.init("/api/v1/nodes/n", method: "PATCH", .hangUp))
    let client = try stub.client()
    let error = try await #require(throws: KubeError.self) {
      try await client.patchNode("n", unschedulable: true)
    }
    #expect(error.code == .unreachable)
    #expect(try await stub.log().count == 1)
  }

  @Test func `silence ends with the time allowed and is not repeated`() async throws {
    let stub = try await Stub(.init("/version", .silence))
    var limits = KubeLimits.forTests
    limits.request = .milliseconds(200)
    let client = try stub.client(limits: limits)
    let error = try await #require(throws: KubeError.self) { try await client.serverVersion() }
    #expect(error.code == .timeout)
    #expect(client.statistics.requests == 1)
  }

  @Test func `an answer above the limit is cut off`() async throws {
    let padding = String(repeating: "x", count: 100_000)
    let stub = try await Stub(
      .init("/version", .json(#"{"major":"\#(padding)","minor":"","gitVersion":""}"#)))
    var limits = KubeLimits.forTests
    limits.responseBytes = 50_000
    let client = try stub.client(limits: limits)
    let error = try await #require(throws: KubeError.self) { try await client.serverVersion() }
    #expect(error.code == .invalidResponse)
    #expect(error.message.contains("more than Pawl accepts"))
  }

  @Test func `a cancelled task takes its request off the wire`() async throws {
    let stub = try await Stub(.init("/version", .silence))
    let client = try stub.client()
    let task = Task { try await #require(throws: KubeError.self) { try await client.serverVersion() } }
    #expect(try await stub.log(atLeast: 1).count == 1)
    task.cancel()
    #expect(try await task.value.code == .cancelled)
    #expect(try await stub.log(event: "closed", atLeast: 1).count == 1)
  }

  @Test func `a task that is cancelled already sends nothing that lasts`() async throws {
    let stub = try await Stub(.init("/version", .silence))
    let client = try stub.client()
    let task = Task {
      withUnsafeCurrentTask { $0?.cancel() }
      return try await #require(throws: KubeError.self) { try await client.serverVersion() }
    }
    #expect(try await task.value.code == .cancelled)
  }

  @Test(arguments: [#"<html>hello</html>"#, #"{"major":1}"#, "", "{"])
  func `an answer that is no version is invalid and not a crash`(body: String) async throws {
    let stub = try await Stub(.init("/version", .json(body)))
    let client = try stub.client()
    let error = try await #require(throws: KubeError.self) { try await client.serverVersion() }
    #expect(error.code == .invalidResponse)
  }

  /// A port of the loopback interface that was free a moment ago.
  private func closedPort() throws -> Int {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(descriptor) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = in_addr_t(0x7f00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let bound = withUnsafeMutablePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
        bind(descriptor, pointer, length) == 0 && getsockname(descriptor, pointer, &length) == 0
      }
    }
    try #require(bound)
    return Int(UInt16(bigEndian: address.sin_port))
  }
}
