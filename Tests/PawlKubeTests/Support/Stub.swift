import Foundation
import Testing

@testable import PawlKube

/// The stub server's process and what it said about itself.
struct StubServer: Sendable {
  struct Announcement: Decodable, Sendable {
    let ports: [String: Int]
    let files: [String: String]
    let folder: String
  }

  struct NotStarted: Error {}

  let announcement: Announcement
  /// Held so that the stub's standard input stays open as long as the tests run.
  private let lifeline: FileHandle

  /// Why the stub can't run here, or nothing.
  static let obstacle: Comment? = {
    let missing = ["python3", "openssl"].filter { path(of: $0) == nil }
    return missing.isEmpty ? nil : "missing here: \(missing.joined(separator: ", "))"
  }()

  static var isPossible: Bool { obstacle == nil }

  /// Started on first use; ends with the test process, whose end closes its standard input.
  static let shared = Result { try start() }

  static func path(of command: String) -> String? {
    (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").map { "\($0)/\(command)" }
      .first { FileManager.default.isExecutableFile(atPath: $0) }
  }

  private static func start() throws -> StubServer {
    guard let python = path(of: "python3") else { throw NotStarted() }
    let process = Process()
    let input = Pipe()
    let output = Pipe()
    process.executableURL = URL(fileURLWithPath: python)
    process.arguments = ["-c", stubScript]
    process.standardInput = input
    process.standardOutput = output
    try process.run()
    var line = Data()
    while !line.contains(UInt8(ascii: "\n")) {
      let piece = output.fileHandleForReading.availableData
      guard !piece.isEmpty else { throw NotStarted() }
      line += piece
    }
    return StubServer(
      announcement: try JSONDecoder().decode(Announcement.self, from: line),
      lifeline: input.fileHandleForWriting)
  }
}

/// One test's part of the stub server.
struct Stub: Sendable {
  /// What a route answers, in order; the last reply is repeated.
  struct Reply: Encodable {
    var status: Int?
    var headers: [String: String]?
    var body: String?
    var chunks: [String]?
    var then: String?

    /// A JSON text with a status.
    static func json(_ body: String, status: Int = 200, headers: [String: String] = [:]) -> Reply {
      Reply(status: status, headers: headers, body: body)
    }
    /// A stream of lines, one chunk each, and how it ends: "end", "hang" or "abort".
    static func lines(_ lines: [String], then: String = "end") -> Reply {
      Reply(chunks: lines.map { $0 + "\n" }, then: then)
    }
    /// No answer; the connection stays open.
    static let silence = Reply(then: "hang")
    /// No answer; the connection is closed.
    static let hangUp = Reply(then: "abort")
    /// A Status object.
    static func failure(
      _ code: Int, _ reason: String?, _ message: String, details: String? = nil,
      headers: [String: String] = [:]
    ) -> Reply {
      let fields = [
        #""kind":"Status","apiVersion":"v1","status":"Failure","code":\#(code)"#,
        #""message":"\#(message)""#, reason.map { #""reason":"\#($0)""# },
        details.map { #""details":\#($0)"# },
      ]
      return json("{" + fields.compactMap { $0 }.joined(separator: ",") + "}", status: code, headers: headers)
    }
  }

  struct Route: Encodable {
    var method = "GET"
    var path: String
    var query: [String: String] = [:]
    var replies: [Reply]

    init(_ path: String, method: String = "GET", query: [String: String] = [:], _ replies: Reply...) {
      self.method = method
      self.path = path
      self.query = query
      self.replies = replies
    }
  }

  /// A request as the server saw it.
  struct Entry: Decodable, Sendable {
    let method: String
    let path: String
    let query: [String: String]
    let body: String
    let peer: String
    let headers: [String: String]
  }

  let world = UUID().uuidString
  let announcement: StubServer.Announcement
  private let admin: KubeClient

  init(_ routes: Route...) async throws { try await self.init(routes: routes) }

  init(routes: [Route]) async throws {
    announcement = try StubServer.shared.get().announcement
    admin = try KubeClient(
      configuration: try Stub.configuration(announcement, path: "/" + world, user: "{}"))
    _ = try await admin.perform(
      KubeCall(action: "routes", method: "POST", path: "/__routes", body: try JSONEncoder().encode(routes)))
  }

  /// What was asked so far; waits (30 s at most) until there is as much as expected.
  func log(event: String = "request", atLeast count: Int = 0) async throws -> [Entry] {
    try await admin.fetch(
      [Entry].self,
      KubeCall(action: "log", path: "/__log", query: [("event", event), ("count", String(count))]))
  }

  /// A configuration for this world; the parts of the kubeconfig are JSON.
  func configuration(
    port: String = "standard", scheme: String = "https", host: String = "127.0.0.1", ca: String = "ca.crt",
    cluster: String = "", user: String = "{}"
  ) throws -> KubeConfiguration {
    try Stub.configuration(
      announcement, port: port, scheme: scheme, host: host, path: "/" + world, ca: ca, cluster: cluster,
      user: user)
  }

  /// A client for this world whose pauses take no time and are written down.
  func client(
    limits: KubeLimits = .forTests, user: String = "{}", pauses: PauseLog = PauseLog()
  ) throws -> KubeClient {
    var configuration = try configuration(user: user)
    configuration.limits = limits
    return try KubeClient(configuration: configuration) { duration throws(CancellationError) in
      try pauses.add(duration)
    }
  }

  /// A file of the stub in base64: "client.crt", "ca.crt" and so on.
  func file(_ name: String) throws -> String { try #require(announcement.files[name]) }

  static func configuration(
    _ announcement: StubServer.Announcement, port: String = "standard", scheme: String = "https",
    host: String = "127.0.0.1", path: String, ca: String = "ca.crt", cluster: String = "", user: String
  ) throws -> KubeConfiguration {
    let number = try #require(announcement.ports[port])
    let authority = announcement.files[ca] ?? ""
    let text = """
      {"current-context":"c",
       "clusters":[{"name":"k","cluster":{"server":"\(scheme)://\(host):\(number)\(path)",
         "certificate-authority-data":"\(authority)"\(cluster)}}],
       "users":[{"name":"u","user":\(user)}],
       "contexts":[{"name":"c","context":{"cluster":"k","user":"u"}}]}
      """
    return try JSONDecoder().decode(Kubeconfig.self, from: Data(text.utf8))
      .resolve(baseDirectory: announcement.folder, pluginEnvironment: ["PATH": "/usr/bin:/bin"])
  }
}

extension KubeLimits {
  /// As in earnest, but a test that goes wrong ends sooner.
  static var forTests: KubeLimits {
    var limits = KubeLimits()
    limits.request = .seconds(30)
    return limits
  }
}
