import Foundation
import Testing

@testable import PawlKube

@Suite(
  "Credentials", .enabled(if: StubServer.isPossible, StubServer.obstacle ?? "python3 and openssl are needed"))
struct CredentialTests {
  private static let version = Stub.Reply.json(#"{"major":"1","minor":"19","gitVersion":"v1.19.16"}"#)
  private static let refusal = Stub.Reply.failure(401, "Unauthorized", "who are you")

  /// A folder of its own for one test.
  private final class Folder: Sendable {
    let path: String
    init() throws {
      path = FileManager.default.temporaryDirectory.path + "/pawl-kube-\(UUID().uuidString)"
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }
    deinit {
      do { try FileManager.default.removeItem(atPath: path) } catch { Issue.record(error) }
    }
    func write(_ text: String, to name: String) throws -> String {
      let file = path + "/" + name
      try Data(text.utf8).write(to: URL(fileURLWithPath: file))
      return file
    }
    /// A plugin: a script for the shell. The script itself is not executed, because a child that another test
    /// starts at the same time may still hold it open for writing, and the kernel then says "text file busy".
    func plugin(_ script: String) throws -> String { try write(script, to: "plugin") }
    func read(_ name: String) throws -> String {
      String(decoding: try Data(contentsOf: URL(fileURLWithPath: path + "/" + name)), as: UTF8.self)
    }
  }

  private func exec(_ script: String, arguments: [String] = [], more: String = "") -> String {
    let list = ([script] + arguments).map { "\"\($0)\"" }.joined(separator: ",")
    return command("/bin/sh", more: #","args":[\#(list)]"# + more)
  }

  private func command(_ command: String, more: String = "") -> String {
    #"{"exec":{"apiVersion":"client.authentication.k8s.io/v1beta1","command":"\#(command)"\#(more)}}"#
  }

  private func credential(_ status: String) -> String {
    #"printf '%s' '{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1beta1","status":\#(status)}'"#
  }

  private func authorizations(_ stub: Stub) async throws -> [String?] {
    try await stub.log().map { $0.headers["authorization"] }
  }

  @Test func `a token goes out as a bearer`() async throws {
    let stub = try await Stub(.init("/version", Self.version))
    _ = try await stub.client(user: #"{"token":"sesame\n"}"#).serverVersion()
    #expect(try await authorizations(stub) == ["Bearer sesame"])
  }

  @Test func `a token file is read again for each request`() async throws {
    let folder = try Folder()
    let file = try folder.write("first\n", to: "token")
    let stub = try await Stub(.init("/version", Self.version))
    let client = try stub.client(user: #"{"tokenFile":"\#(file)"}"#)
    _ = try await client.serverVersion()
    _ = try folder.write("second", to: "token")
    _ = try await client.serverVersion()
    #expect(try await authorizations(stub) == ["Bearer first", "Bearer second"])
  }

  @Test(arguments: ["", "two words", "line\r\nX-Other: header"])
  func `a token that is none is refused and not shown`(text: String) async throws {
    let folder = try Folder()
    let file = try folder.write(text, to: "token")
    let stub = try await Stub(.init("/version", Self.version))
    let client = try stub.client(user: #"{"tokenFile":"\#(file)"}"#)
    let error = try await #require(throws: KubeError.self) { try await client.serverVersion() }
    #expect(error.code == .configuration)
    #expect(!"\(error)\(error.cause ?? "")".contains("header"))
    #expect(try await stub.log().isEmpty)
  }

  @Test func `a file that is missing is named`() async throws {
    let client = try await Stub().client(user: #"{"tokenFile":"/nowhere/token"}"#)
    let error = try await #require(throws: KubeError.self) { try await client.serverVersion() }
    #expect(error.code == .configuration)
    #expect(error.message.contains("/nowhere/token"))
  }

  @Test func `a refused token is not sent twice`() async throws {
    let stub = try await Stub(.init("/version", Self.refusal))
    let client = try stub.client(user: #"{"token":"sesame"}"#)
    let error = try await #require(throws: KubeError.self) { try await client.serverVersion() }
    #expect(error.code == .unauthorized)
    #expect(!"\(error)".contains("sesame"))
    #expect(client.statistics.requests == 1)
  }

  // MARK: Plugins

  @Test func `a plugin runs once for many requests, with its arguments and variables`() async throws {
    let folder = try Folder()
    let command = try folder.plugin(
      #"echo "$1 $WORD $KUBERNETES_EXEC_INFO" >> "\#(folder.path)/runs"; "#
        + credential(#"{"token":"fresh"}"#))
    let stub = try await Stub(.init("/version", Self.version))
    let client = try stub.client(
      user: exec(
        command, arguments: ["get"],
        more: #","env":[{"name":"WORD","value":"key"}],"provideClusterInfo":true"#))
    try await withThrowingTaskGroup(of: Void.self) { group in
      for _ in 0..<8 { group.addTask { _ = try await client.serverVersion() } }
      try await group.waitForAll()
    }
    #expect(try await authorizations(stub) == Array(repeating: "Bearer fresh", count: 8))
    let runs = try folder.read("runs").split(separator: "\n")
    #expect(runs.count == 1)
    #expect(runs[0].hasPrefix("get key {"))
    #expect(runs[0].contains(#""server":"\#(client.server)""#))
    #expect(runs[0].contains(#""interactive":false"#))
  }

  @Test func `a plugin runs again when its credential ends or is refused`() async throws {
    let folder = try Folder()
    let command = try folder.plugin(
      #"echo x >> "\#(folder.path)/runs"; "#
        + credential(#"{"token":"short","expirationTimestamp":"2020-01-01T00:00:00Z"}"#))
    let stub = try await Stub(.init("/version", Self.version))
    let client = try stub.client(user: exec(command))
    _ = try await client.serverVersion()
    _ = try await client.serverVersion()
    #expect(try folder.read("runs") == "x\nx\n")

    let other = try Folder()
    let lasting = try other.plugin(#"echo x >> "\#(other.path)/runs"; "# + credential(#"{"token":"t"}"#))
    let strict = try await Stub(.init("/version", Self.refusal, Self.version))
    _ = try await strict.client(user: exec(lasting)).serverVersion()
    #expect(try other.read("runs") == "x\nx\n")
    #expect(try await strict.log().count == 2)
  }

  @Test func `a plugin whose credential is refused again is asked no third time`() async throws {
    let folder = try Folder()
    let command = try folder.plugin(credential(#"{"token":"t"}"#))
    let stub = try await Stub(.init("/version", Self.refusal))
    let client = try stub.client(user: exec(command))
    let error = try await #require(throws: KubeError.self) { try await client.serverVersion() }
    #expect(error.code == .unauthorized)
    #expect(client.statistics.requests == 2)
  }

  @Test func `a plugin may give a client certificate`() async throws {
    let folder = try Folder()
    let stub = try await Stub(.init("/version", Self.version))
    func pem(_ name: String) throws -> String {
      let bytes = try #require(Data(base64Encoded: stub.file(name)))
      return String(decoding: bytes, as: UTF8.self).replacing("\n", with: #"\\n"#)
    }
    let status = try
      #"{"clientCertificateData":"\#(pem("client.crt"))","clientKeyData":"\#(pem("client.key"))"}"#
    let command = try folder.plugin(
      credential(status).replacing("printf '%s'", with: "printf '%b'"))
    _ = try await KubeClient(configuration: stub.configuration(port: "strict", user: exec(command)))
      .serverVersion()
    #expect(try await stub.log().map(\.peer) == ["client"])
  }

  @Test(arguments: [
    ("echo no login >&2; exit 3", "ended with status 3"),
    ("echo nonsense", "did not print an ExecCredential"),
    (
      #"echo '{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1","status":{"token":"t"}}'"#,
      "no usable credential"
    ),
    (
      #"echo '{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1beta1","status":{}}'"#,
      "no usable credential"
    ),
    ("yes", "more than a credential"),
  ])
  func `a plugin that fails is named with the reason`(script: String, words: String) async throws {
    let folder = try Folder()
    let client = try await Stub().client(user: exec(folder.plugin(script)))
    let error = try await #require(throws: KubeError.self) { try await client.serverVersion() }
    #expect(error.code == .configuration)
    #expect(error.message.contains(words))
    if script.contains("no login") { #expect(error.cause == "no login") }
  }

  @Test func `a plugin that is not there is named with its author's hint`() async throws {
    let client = try await Stub().client(
      user: command("pawl-no-such-plugin", more: #","installHint":"See the\nhandbook.""#))
    let error = try await #require(throws: KubeError.self) { try await client.serverVersion() }
    #expect(error.message.contains("pawl-no-such-plugin"))
    #expect(error.message.hasSuffix("See the handbook."))
  }

  @Test func `a plugin that hangs is stopped after its time`() async throws {
    let folder = try Folder()
    var limits = KubeLimits.forTests
    limits.plugin = .milliseconds(200)
    let client = try await Stub().client(limits: limits, user: exec(folder.plugin("exec tail -f /dev/null")))
    let error = try await #require(throws: KubeError.self) { try await client.serverVersion() }
    #expect(error.code == .timeout)
  }

  @Test func `a cancelled task stops its plugin`() async throws {
    let folder = try Folder()
    // The plugin tells the stub that it runs by the pipe that the test reads.
    let fifo = folder.path + "/started"
    try #require(mkfifo(fifo, 0o600) == 0)
    let client = try await Stub().client(
      user: exec(folder.plugin(#"echo $$ > "\#(fifo)"; exec tail -f /dev/null"#)))
    let task = Task { try await #require(throws: KubeError.self) { try await client.serverVersion() } }
    let text = await withCheckedContinuation { continuation in
      Thread.detachNewThread {
        let descriptor = open(fifo, O_RDONLY)
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: 32)
        let count = max(0, read(descriptor, &bytes, bytes.count))
        continuation.resume(returning: String(decoding: bytes[..<count], as: UTF8.self))
      }
    }
    let pid = try #require(Int32(text.trimmingCharacters(in: .whitespacesAndNewlines)))
    task.cancel()
    #expect(try await task.value.code == .cancelled)
    #expect(kill(pid, 0) == -1)
  }
}
