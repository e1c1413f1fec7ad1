import Foundation
import Subprocess
import Synchronization
import SystemPackage

/// The real `pawl` binary of this build, run as a process.
package struct PawlProgram: Sendable {
  /// What a finished process left.
  package struct Result: Sendable {
    /// The exit code; negative for the signal that ended it.
    package let status: Int32
    package let output: String
    package let errors: String
  }

  private let environment: [String: String]
  private let directory: String

  /// Runs in a directory, with variables on top of the caller's.
  package init(directory: String, environment: [String: String] = [:]) {
    self.directory = directory
    self.environment = environment
  }

  /// Beside the test bundle, where the build puts it.
  package static var path: String {
    let bundle = URL(fileURLWithPath: CommandLine.arguments.first ?? "").deletingLastPathComponent()
    let candidates = [bundle.path, bundle.deletingLastPathComponent().path, root + "/.build/debug"]
    return candidates.map { $0 + "/pawl" }.first { FileManager.default.isExecutableFile(atPath: $0) }
      ?? "pawl"
  }

  /// The checkout's directory.
  package static var root: String {
    URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().path
  }

  /// Runs to the end.
  package func run(_ arguments: [String]) async throws -> Result {
    try await Self.run(Self.path, arguments, directory: directory, environment: environment)
  }

  /// Runs any program to the end.
  package static func run(
    _ program: String, _ arguments: [String], directory: String, environment: [String: String] = [:]
  ) async throws -> Result {
    let result = try await Subprocess.run(
      .path(.init(program)), arguments: Arguments(arguments),
      environment: .inherit.updating(keys(environment)),
      workingDirectory: .init(directory), output: .string(limit: 64 << 20), error: .string(limit: 64 << 20))
    return Result(
      status: code(result.terminationStatus), output: result.standardOutput, errors: result.standardError)
  }

  /// Runs until a line of standard output satisfies `condition`, then kills the process with SIGKILL.
  ///
  /// - Returns: the lines that were read, the last one being that line, or all when the process ended by itself.
  package func runAndKill(
    _ arguments: [String], when condition: @Sendable (String) -> Bool
  ) async throws -> (lines: [String], status: Int32) {
    try await watch(arguments) { line, signal in
      guard condition(line) else { return true }
      try signal(.kill)
      return false
    }
  }

  /// Runs to the end; from the first line of standard output that satisfies `condition`, the process stands still
  /// while `body` works.
  package func runAndFreeze(
    _ arguments: [String], when condition: @Sendable (String) -> Bool,
    while body: @Sendable () async throws -> Void
  ) async throws -> (lines: [String], status: Int32) {
    let wasFrozen = Mutex(false)
    return try await watch(arguments) { line, signal in
      guard condition(line),
        !wasFrozen.withLock({ frozen in
          defer { frozen = true }
          return frozen
        })
      else { return true }
      try signal(.suspend)
      do {
        try await body()
      } catch {
        try signal(.kill)
        throw error
      }
      try signal(.resume)
      return true
    }
  }

  /// Runs to the end and shows each line of standard output as it comes.
  ///
  /// - Returns: all lines and the exit code.
  package func run(
    _ arguments: [String], eachLine: @Sendable (String) async throws -> Void
  ) async throws -> (lines: [String], status: Int32) {
    try await watch(arguments) { line, _ in
      try await eachLine(line)
      return true
    }
  }

  /// Runs and reads standard output line by line, until the end or until `goOn` is false.
  private func watch(
    _ arguments: [String],
    goOn: @Sendable (_ line: String, _ signal: (Signal) throws -> Void) async throws -> Bool
  ) async throws -> (lines: [String], status: Int32) {
    let seen = Mutex<[String]>([])
    do {
      let result = try await Subprocess.run(
        .path(.init(Self.path)), arguments: Arguments(arguments),
        environment: .inherit.updating(Self.keys(environment)), workingDirectory: .init(directory),
        input: .none, output: .sequence, error: .discarded
      ) { execution in
        for try await line in execution.standardOutput.strings() {
          seen.withLock { $0.append(line) }
          guard try await goOn(line, { try execution.send(signal: $0) }) else { break }
        }
      }
      return (seen.withLock(\.self), Self.code(result.terminationStatus))
    } catch {
      // Whatever ended it, a limit of time for one: how far it was.
      let last = seen.withLock { $0.suffix(10).joined(separator: "\n") }
      print("pawl \(arguments.joined(separator: " ")) was given up after:\n\(last)")
      throw error
    }
  }

  /// Runs to the end with both outputs as one stream, and interrupts the process (SIGINT) at each line that
  /// `isCue` is true for.
  package func runInterrupting(
    _ arguments: [String], at isCue: @Sendable (String) -> Bool
  ) async throws -> (lines: [String], status: Int32) {
    // The shell joins the outputs in the order they are written, and is replaced by the program.
    let result = try await Subprocess.run(
      .path("/bin/sh"), arguments: Arguments(["-c", "exec \"$0\" \"$@\" 2>&1", Self.path] + arguments),
      environment: .inherit.updating(Self.keys(environment)), workingDirectory: .init(directory),
      input: .none, output: .sequence, error: .discarded
    ) { execution in
      var lines: [String] = []
      for try await line in execution.standardOutput.strings() {
        lines.append(line)
        if isCue(line) { try execution.send(signal: .interrupt) }
      }
      return lines
    }
    return (result.closureResult, Self.code(result.terminationStatus))
  }

  private static func keys(_ environment: [String: String]) -> [Environment.Key: String?] {
    environment.reduce(into: [:]) { result, pair in
      if let key = Environment.Key(rawValue: pair.key) { result[key] = pair.value }
    }
  }

  private static func code(_ status: TerminationStatus) -> Int32 {
    switch status {
    case .exited(let code): Int32(code)
    case .signaled(let signal): -Int32(signal)
    }
  }
}
