/// A host that commands can be run on. It stays good when its link is lost: the next use connects again.
package final class SSHSession: Sendable {
  /// The host.
  package let target: SSHEndpoint
  /// The bastions on the way, the nearest first.
  package let bastions: [SSHEndpoint]
  let pool: SSHPool

  init(pool: SSHPool, target: SSHEndpoint, bastions: [SSHEndpoint]) {
    self.pool = pool
    self.target = target
    self.bastions = bastions
  }

  /// Runs a command and waits for it; it ends with the link. For what only reads; use `runDetached` to change things.
  ///
  /// `onOutput` gets the output as it comes, up to the limit. Throws `timedOut` when the command takes too long; the
  /// host then ends it too.
  package func run(
    _ command: RemoteCommand, onOutput: (@Sendable (OutputChunk) -> Void)? = nil
  ) async throws(SSHError) -> CommandResult {
    try check(command)
    return try await pool.run(command, on: bastions + [target], onOutput: onOutput)
  }

  func check(_ command: RemoteCommand) throws(SSHError) {
    if let problem = command.problem {
      throw SSHError(
        .invalidCommand, hop: target.name,
        "A command for \(target.name) can't be run: \(problem); correct the step.")
    }
  }
}

/// Output up to a limit for each stream.
struct OutputCollector {
  let limit: Int
  private(set) var stdout: [UInt8] = []
  private(set) var stderr: [UInt8] = []
  private(set) var isTruncated = false

  init(limit: Int) { self.limit = limit }

  /// Keeps what fits and returns it.
  mutating func add(_ stream: OutputChunk.Stream, _ bytes: [UInt8]) -> OutputChunk? {
    let room = limit - (stream == .stdout ? stdout.count : stderr.count)
    let kept = Array(bytes.prefix(max(0, room)))
    if kept.count < bytes.count { isTruncated = true }
    guard !kept.isEmpty else { return nil }
    if stream == .stdout { stdout += kept } else { stderr += kept }
    return OutputChunk(stream: stream, bytes: kept)
  }

  mutating func markTruncated() { isTruncated = true }

  func result(_ status: ExitStatus) -> CommandResult {
    CommandResult(exitStatus: status, standardOutput: stdout, standardError: stderr, truncated: isTruncated)
  }
}

extension SSHPool {
  /// An attached command.
  func run(
    _ command: RemoteCommand, on path: [SSHEndpoint], onOutput: (@Sendable (OutputChunk) -> Void)?
  ) async throws(SSHError) -> CommandResult {
    let script = CommandScript.wrapped(CommandScript.body(command))
    var output = OutputCollector(limit: command.outputLimit)
    let line = CommandScript.line(
      length: script.count, seconds: command.timeout.components.seconds + 10, sudo: command.sudo)
    let execution = Execution(line: line, input: script + (command.standardInput ?? [])) { stream, bytes in
      if let chunk = output.add(stream, bytes) { onOutput?(chunk) }
    }
    let status = try await execute(execution, on: path, timeout: command.timeout)
    return output.result(status)
  }
}
