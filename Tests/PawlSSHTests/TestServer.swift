import Foundation
import Glibc
import Testing

/// One sshd process.
final class TestServer {
  /// The level at which sshd logs each request. It also writes to the stderr of commands then.
  static let verbose = ["LogLevel DEBUG1"]

  let name: String
  let port: Int
  private let configuration: String
  private let shell: String?
  private var process: ChildProcess?
  private var log = Transcript()

  /// Returns once the server listens.
  init(name: String, port: Int, configuration: String, shell: String? = nil) async throws {
    self.name = name
    self.port = port
    self.configuration = configuration
    self.shell = shell
    try await start()
  }

  func start() async throws {
    let log = makePipe()
    let command = [TestLab.sshd, "-D", "-e", "-f", configuration]
    let process =
      try shell.map { try ChildProcess("/usr/bin/unshare", Self.with(shell: $0) + command, error: log.write) }
      ?? ChildProcess(command[0], Array(command.dropFirst()), error: log.write)
    close(log.write)
    self.process = process
    let text = Transcript()
    self.log = text
    Thread.detachNewThread {
      _ = readBytes(log.read) { piece in
        text.replace(piece)
        return false
      }
      text.end()
      close(log.read)
    }
    let isListening = await text.waitFor(["Server listening"])
    try #require(isListening, "sshd did not start with \(configuration)")
  }

  /// A mount namespace where another program is /bin/sh; the server keeps the process id.
  private static func with(shell: String) -> [String] {
    [
      "--mount", "--propagation", "private", "/bin/sh", "-c",
      #"mount --bind "$0" "$(readlink -f /bin/sh)" && exec "$@""#, shell,
    ]
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
    let isOver = await log.waitFor(
      ["Connection closed by", "Connection reset by", "Received disconnect", "Disconnected from"])
    return isOver ? log.count(of: "userauth-request") : -1
  }

  /// Connections being served.
  var connectionCount: Int {
    process.map { descendants(of: $0.pid, named: "sshd").count } ?? 0
  }
}
