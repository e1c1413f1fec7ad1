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
  ///
  /// - Parameter shell: the program that is /bin/sh for the server and whatever it starts; nil for this machine's own.
  func startServer(
    _ name: String, keyTypes: [String] = ["ed25519"], isKnown: Bool = true, options: [String] = [],
    shell: String? = nil
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
    let server = try await TestServer(name: name, port: port, configuration: path, shell: shell)
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
