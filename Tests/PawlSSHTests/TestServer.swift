import Foundation
import Glibc
import PawlSSH
import Testing

/// A real sshd on loopback with keys, known_hosts and jobs in a directory of its own.
///
/// The tests of this target run as root, since sshd wants that to start on its own configuration and jobs keep their
/// files in a directory for root.
final class TestLab {
  static let sshd = "/usr/sbin/sshd"
  static let isPossible = FileManager.default.isExecutableFile(atPath: sshd) && getuid() == 0
  static let reason: Comment = "needs root and /usr/sbin/sshd (package openssh-server)"

  let directory: String
  private(set) var servers: [TestServer] = []

  init() async throws {
    directory = NSTemporaryDirectory() + "pawl-ssh-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    mkdir("/run/sshd", 0o755)
    try await makeKey("user")
    try FileManager.default.copyItem(atPath: "\(directory)/user.pub", toPath: "\(directory)/authorized")
    try Data().write(to: URL(fileURLWithPath: knownHosts))
  }

  /// Ends the servers and what they started, and removes the files.
  func shutDown() async {
    for server in servers { await server.stop() }
    removeFiles(directory)
  }

  var knownHosts: String { "\(directory)/known_hosts" }
  var userKey: String { "\(directory)/user" }
  var stateDirectory: String { "\(directory)/state" }

  /// Runs ssh-keygen.
  func makeKey(_ name: String, type: String = "ed25519", passphrase: String = "") async throws {
    try await runTool(
      "/usr/bin/ssh-keygen", ["-q", "-t", type, "-N", passphrase, "-C", name, "-f", "\(directory)/\(name)"])
  }

  /// Starts a server with a host key for each type; known_hosts gets all of them unless `isKnown` is false.
  func startServer(
    _ name: String, keyTypes: [String] = ["ed25519"], isKnown: Bool = true, options: [String] = []
  ) async throws -> TestServer {
    for type in keyTypes { try await makeKey("\(name)-\(type)", type: type) }
    let port = try freePort()
    let hostKeys = keyTypes.map { "HostKey \(directory)/\(name)-\($0)" }
    // For most keywords sshd takes the first value it finds.
    let configuration =
      options + [
        "ListenAddress 127.0.0.1:\(port)", "PidFile none", "LogLevel INFO", "StrictModes no", "UsePAM no",
        "PermitRootLogin yes", "PasswordAuthentication no", "KbdInteractiveAuthentication no",
        "AuthorizedKeysFile \(directory)/authorized",
      ] + hostKeys
    let path = "\(directory)/\(name).conf"
    try Data(configuration.joined(separator: "\n").utf8 + [10]).write(to: URL(fileURLWithPath: path))
    let server = try await TestServer(name: name, port: port, configuration: path)
    servers.append(server)
    if isKnown { for type in keyTypes { try trust(keyOf: "\(name)-\(type)", for: server) } }
    return server
  }

  /// Adds a line to known_hosts.
  func trust(keyOf keyName: String, for server: TestServer) throws {
    let key = try String(contentsOfFile: "\(directory)/\(keyName).pub", encoding: .utf8)
    let text = try String(contentsOfFile: knownHosts, encoding: .utf8)
    try Data((text + "[127.0.0.1]:\(server.port) \(key)").utf8).write(to: URL(fileURLWithPath: knownHosts))
  }

  func endpoint(_ server: TestServer, name: String? = nil, timeout: Duration = .seconds(20)) -> SSHEndpoint {
    endpoint(port: server.port, name: name ?? server.name, timeout: timeout)
  }

  func endpoint(port: Int, name: String, timeout: Duration = .seconds(20)) -> SSHEndpoint {
    SSHEndpoint(
      name: name, address: "127.0.0.1", port: port, user: "root",
      authentication: [.keyFile(path: userKey, passphrase: nil)], knownHostsFiles: [knownHosts],
      connectTimeout: timeout)
  }

  func pool() -> SSHPool {
    var settings = SSHPool.Settings()
    settings.stateDirectory = stateDirectory
    settings.shortestPause = .milliseconds(20)
    settings.longestPause = .milliseconds(200)
    settings.terminationGrace = .seconds(2)
    return SSHPool(settings: settings)
  }
}

/// Runs a test with a lab and takes it down afterwards, also after a failure.
func withLab(_ body: (TestLab) async throws -> Void) async throws {
  let lab = try await TestLab()
  do {
    try await body(lab)
  } catch {
    await lab.shutDown()
    throw error
  }
  await lab.shutDown()
}

/// One sshd process.
final class TestServer {
  /// The level at which sshd logs each request. It also writes to the stderr of commands then.
  static let verbose = ["LogLevel DEBUG1"]

  let name: String
  let port: Int
  private let configuration: String
  private var process: ChildProcess?
  private var log = ServerLog()

  /// Returns once the server listens.
  init(name: String, port: Int, configuration: String) async throws {
    self.name = name
    self.port = port
    self.configuration = configuration
    try await start()
  }

  func start() async throws {
    let log = makePipe()
    let process = try ChildProcess(TestLab.sshd, ["-D", "-e", "-f", configuration], error: log.write)
    close(log.write)
    self.process = process
    let text = ServerLog()
    self.log = text
    Thread.detachNewThread {
      _ = readBytes(log.read) { piece in
        text.replace(piece)
        return false
      }
      text.end()
      close(log.read)
    }
    let isListening = await onThread { text.waitFor(["Server listening"]) }
    try #require(isListening, "sshd did not start with \(configuration)")
  }

  /// Ends the listening process and its connections.
  func stop() async {
    guard let process else { return }
    let connections = descendants(of: process.pid, named: "sshd")
    kill(process.pid, SIGTERM)
    for pid in connections { kill(pid, SIGKILL) }
    _ = await onThread { process.wait() }
    self.process = nil
  }

  /// Cuts every connection by killing the processes that serve them; what they run stays.
  @discardableResult
  func cutConnections() -> Int {
    guard let process else { return 0 }
    let connections = descendants(of: process.pid, named: "sshd")
    for pid in connections { kill(pid, SIGKILL) }
    return connections.count
  }

  /// Requests to log in that have reached the server, once it has noticed the end of a connection.
  ///
  /// The server has to be started with `TestServer.verbose`.
  func loginAttempts() async -> Int {
    let log = log
    let isOver = await onThread {
      log.waitFor(["Connection closed by", "Connection reset by", "Received disconnect", "Disconnected from"])
    }
    return isOver ? log.count(of: "userauth-request") : -1
  }

  /// Connections being served.
  var connectionCount: Int {
    process.map { descendants(of: $0.pid, named: "sshd").count } ?? 0
  }
}

/// What a server has logged so far.
final class ServerLog: Sendable {
  private let condition = NSCondition()
  // SAFETY: used with `condition` held only.
  nonisolated(unsafe) private var text = ""
  // SAFETY: used with `condition` held only.
  nonisolated(unsafe) private var hasEnded = false

  func replace(_ bytes: [UInt8]) {
    condition.withLock {
      text = String(decoding: bytes, as: UTF8.self)
      condition.broadcast()
    }
  }

  func end() {
    condition.withLock {
      hasEnded = true
      condition.broadcast()
    }
  }

  /// Blocks until one of these is there; false when the log ends, or half a minute passes, without it.
  func waitFor(_ needles: [String]) -> Bool {
    let limit = Date(timeIntervalSinceNow: 30)
    return condition.withLock {
      while !needles.contains(where: text.contains) {
        if hasEnded || !condition.wait(until: limit) { return false }
      }
      return true
    }
  }

  func count(of needle: String) -> Int {
    condition.withLock { text.components(separatedBy: needle).count - 1 }
  }
}

/// What happened, in order, written from any thread.
final class Recorder: Sendable {
  private let lock = NSLock()
  // SAFETY: used with `lock` held only.
  nonisolated(unsafe) private var chunks: [OutputChunk] = []
  // SAFETY: used with `lock` held only.
  nonisolated(unsafe) private var waiters:
    [(needle: [UInt8], continuation: CheckedContinuation<Void, Never>)] = []

  func add(_ chunk: OutputChunk) {
    lock.withLock {
      chunks.append(chunk)
      let text = bytes(.stdout)
      waiters.removeAll { waiter in
        guard contains(text, waiter.needle) else { return false }
        waiter.continuation.resume()
        return true
      }
    }
  }

  var stdout: [UInt8] { lock.withLock { bytes(.stdout) } }
  var stderr: [UInt8] { lock.withLock { bytes(.stderr) } }

  /// Returns when stdout has had this text.
  func waitFor(_ text: String) async {
    await withCheckedContinuation { continuation in
      lock.withLock {
        if contains(bytes(.stdout), Array(text.utf8)) {
          continuation.resume()
        } else {
          waiters.append((Array(text.utf8), continuation))
        }
      }
    }
  }

  private func bytes(_ stream: OutputChunk.Stream) -> [UInt8] {
    chunks.filter { $0.stream == stream }.flatMap(\.bytes)
  }

  private func contains(_ text: [UInt8], _ needle: [UInt8]) -> Bool {
    String(decoding: text, as: UTF8.self).contains(String(decoding: needle, as: UTF8.self))
  }
}

/// Runs a blocking piece of work away from the cooperative pool.
func onThread<Value: Sendable>(_ work: @escaping @Sendable () -> Value) async -> Value {
  await withCheckedContinuation { continuation in
    Thread.detachNewThread { continuation.resume(returning: work()) }
  }
}

/// Runs a program and returns its standard output; throws when it fails.
@discardableResult
func runTool(_ path: String, _ arguments: [String], input: [UInt8] = []) async throws -> [UInt8] {
  let (standardInput, output) = (makePipe(), makePipe())
  let process = try ChildProcess(path, arguments, input: standardInput.read, output: output.write)
  close(standardInput.read)
  close(output.write)
  Thread.detachNewThread {
    _ = input.withUnsafeBytes { write(standardInput.write, $0.baseAddress, $0.count) }
    close(standardInput.write)
  }
  let (bytes, status) = await onThread {
    let bytes = readBytes(output.read)
    close(output.read)
    return (bytes, process.wait())
  }
  guard status == 0 else { throw ToolFailure(path: path, status: status) }
  return bytes
}

struct ToolFailure: Error {
  var path: String
  var status: Int32
}

func removeFiles(_ path: String) {
  do { try FileManager.default.removeItem(atPath: path) } catch {
    Issue.record("\(path) is left over: \(error)")
  }
}

/// A port that nobody listens on at the moment.
func freePort() throws -> Int { try withListener { $0.port } }

/// A listening socket that never accepts, for as long as `body` runs.
func withListener<Value>(_ body: ((descriptor: Int32, port: Int)) throws -> Value) throws -> Value {
  let listener = try openListener()
  defer { close(listener.descriptor) }
  return try body(listener)
}

func openListener(backlog: Int32 = 16) throws -> (descriptor: Int32, port: Int) {
  let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
  var address = sockaddr_in()
  address.sin_family = sa_family_t(AF_INET)
  address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
  var length = socklen_t(MemoryLayout<sockaddr_in>.size)
  let code = withUnsafeMutablePointer(to: &address) { pointer in
    pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
      bind(descriptor, generic, length) | listen(descriptor, backlog)
        | getsockname(descriptor, generic, &length)
    }
  }
  try #require(code == 0)
  return (descriptor, Int(UInt16(bigEndian: address.sin_port)))
}

/// A listening socket whose queue is full, so that another connection to it hangs until it is closed.
struct FullListener {
  let port: Int
  private let descriptors: [Int32]

  init() throws {
    let listener = try openListener(backlog: 0)
    port = listener.port
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    address.sin_port = UInt16(port).bigEndian
    var all = [listener.descriptor]
    for _ in 0..<3 {
      let client = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0)
      withUnsafePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
          _ = connect(client, generic, socklen_t(MemoryLayout<sockaddr_in>.size))
        }
      }
      all.append(client)
    }
    descriptors = all
  }

  func close() { for descriptor in descriptors { Glibc.close(descriptor) } }
}

/// The processes below `parent` whose name is `name`.
func descendants(of parent: Int32, named name: String) -> [Int32] {
  var parents: [Int32: [Int32]] = [:]
  var names: [Int32: String] = [:]
  for entry in (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? [] {
    guard let pid = Int32(entry), let stat = FileManager.default.contents(atPath: "/proc/\(pid)/stat") else {
      continue
    }
    let text = String(decoding: stat, as: UTF8.self)
    guard let open = text.firstIndex(of: "("), let end = text.lastIndex(of: ")") else { continue }
    let fields = text[text.index(after: end)...].split(separator: " ")
    guard fields.count > 1, let parent = Int32(fields[1]) else { continue }
    parents[parent, default: []].append(pid)
    names[pid] = String(text[text.index(after: open)..<end])
  }
  var found: [Int32] = []
  var queue = parents[parent] ?? []
  while let pid = queue.popLast() {
    if names[pid] == name { found.append(pid) }
    queue += parents[pid] ?? []
  }
  return found
}

/// True while a process exists and is not a zombie.
func isAlive(_ pid: Int32) -> Bool {
  guard let stat = FileManager.default.contents(atPath: "/proc/\(pid)/stat") else { return false }
  let text = String(decoding: stat, as: UTF8.self)
  guard let end = text.lastIndex(of: ")") else { return false }
  return text[end...].dropFirst(2).first != "Z"
}

/// Runs `body`, which has to throw an `SSHError`, and returns it.
func sshError(
  _ location: SourceLocation = #_sourceLocation, _ body: () async throws -> Void
) async throws -> SSHError {
  do {
    try await body()
  } catch let error as SSHError {
    return error
  }
  Issue.record("no error was thrown", sourceLocation: location)
  throw ToolFailure(path: "expected an SSHError", status: 0)
}
