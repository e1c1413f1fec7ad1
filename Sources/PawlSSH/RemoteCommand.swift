/// A command, or a short sequence of commands, to run on a host.
package struct RemoteCommand: Sendable, Hashable, Codable, CustomStringConvertible {
  /// Commands run in order; the first one that fails ends the sequence.
  package var steps: [[String]]
  /// Commands run afterwards in order, whatever happened before, also after a termination.
  package var always: [[String]]
  /// Added to the environment of every command. Never visible in a process list.
  package var environment: [String: String]
  /// Bytes for standard input; nil means `/dev/null`. All steps share it.
  package var standardInput: [UInt8]?
  /// Run as root, through `sudo -n` unless the user is root already.
  package var sudo: Bool
  /// How long the whole sequence may run.
  package var timeout: Duration
  /// Bytes kept and streamed for each of stdout and stderr; what is over it is dropped.
  package var outputLimit: Int

  /// 4 MiB.
  package static let defaultOutputLimit = 4 << 20

  package init(
    steps: [[String]], always: [[String]] = [], environment: [String: String] = [:],
    standardInput: [UInt8]? = nil, sudo: Bool = false, timeout: Duration = .seconds(60),
    outputLimit: Int = RemoteCommand.defaultOutputLimit
  ) {
    self.steps = steps
    self.always = always
    self.environment = environment
    self.standardInput = standardInput
    self.sudo = sudo
    self.timeout = timeout
    self.outputLimit = outputLimit
  }

  package init(
    argv: [String], environment: [String: String] = [:], standardInput: [UInt8]? = nil, sudo: Bool = false,
    timeout: Duration = .seconds(60), outputLimit: Int = RemoteCommand.defaultOutputLimit
  ) {
    self.init(
      steps: [argv], environment: environment, standardInput: standardInput, sudo: sudo, timeout: timeout,
      outputLimit: outputLimit)
  }

  /// The commands, quoted for a shell; without environment and input, which may be secret.
  package var description: String {
    let lines = (steps + always).map { $0.map(shellQuoted).joined(separator: " ") }
    return (sudo ? "sudo -n " : "") + lines.joined(separator: "; ")
  }

  /// The first thing that makes this command impossible to run, or nil.
  var problem: String? {
    if steps.isEmpty { return "it has no steps" }
    if (steps + always).contains(where: { $0.first?.isEmpty ?? true }) { return "it has an empty step" }
    if (steps + always).contains(where: { $0[0].contains("=") }) {
      return "the name of a program has an equals sign"
    }
    if (steps + always).joined().contains(where: { $0.utf8.contains(0) }) {
      return "an argument has a NUL byte"
    }
    if environment.values.contains(where: { $0.utf8.contains(0) }) { return "a variable has a NUL byte" }
    if let key = environment.keys.first(where: { !isVariableName($0) }) {
      return "\"\(key)\" is not a name for an environment variable"
    }
    if outputLimit < 0 { return "its output limit is negative" }
    return nil
  }
}

/// True for `[A-Za-z_][A-Za-z0-9_]*`.
private func isVariableName(_ name: String) -> Bool {
  guard let first = name.utf8.first, !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains(first) else {
    return false
  }
  return name.utf8.allSatisfy { byte in
    switch byte {
    case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
      true
    default: false
    }
  }
}

/// How a remote command ended.
package enum ExitStatus: Sendable, Hashable, Codable {
  /// It exited with this status; 126 and 127 mean that it could not be started.
  case exited(Int32)
  /// A signal ended it; the name has no `SIG` in front, such as `TERM`.
  case signalled(String)

  /// True for exit status 0.
  package var isSuccess: Bool { self == .exited(0) }
}

/// The outcome of a remote command that ran to its end.
package struct CommandResult: Sendable, Hashable, Codable {
  /// How it ended.
  package var exitStatus: ExitStatus
  /// Standard output, at most `outputLimit` bytes.
  package var standardOutput: [UInt8]
  /// Standard error, at most `outputLimit` bytes.
  package var standardError: [UInt8]
  /// True when output was dropped because of the limit.
  package var truncated: Bool

  package init(exitStatus: ExitStatus, standardOutput: [UInt8], standardError: [UInt8], truncated: Bool) {
    self.exitStatus = exitStatus
    self.standardOutput = standardOutput
    self.standardError = standardError
    self.truncated = truncated
  }

  /// Standard output as text; bytes that are not UTF-8 are replaced.
  package var outputText: String { String(decoding: standardOutput, as: UTF8.self) }
  /// Standard error as text; bytes that are not UTF-8 are replaced.
  package var errorText: String { String(decoding: standardError, as: UTF8.self) }
}

/// A piece of output as it arrived.
package struct OutputChunk: Sendable, Hashable {
  /// Which of the two streams.
  package enum Stream: Sendable, Hashable, Codable { case stdout, stderr }
  /// Which of the two streams.
  package var stream: Stream
  /// The bytes, never empty.
  package var bytes: [UInt8]

  package init(stream: Stream, bytes: [UInt8]) {
    self.stream = stream
    self.bytes = bytes
  }
}
