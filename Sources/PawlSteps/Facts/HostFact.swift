/// One thing that can be asked of a host: a command that changes nothing, and how its answer is read.
///
/// To add a fact: one file with an extension such as `HostFact<String>.bootID`, one line in `HostReader`, one test
/// with the command's real output.
package struct HostFact<Value: Sendable>: Sendable {
  /// Short and stable, used in problem codes: `boot-id`.
  package let name: String
  package let command: HostCommand
  /// Reads the answer; pure. A status other than 0 is for it to judge.
  package let parse: @Sendable (HostCommandResult) throws(FactError) -> Value

  /// Makes a fact.
  package init(
    _ name: String, _ command: HostCommand,
    parse: @escaping @Sendable (HostCommandResult) throws(FactError) -> Value
  ) {
    self.name = name
    self.command = command
    self.parse = parse
  }
}

/// Why an answer could not be read.
package struct FactError: Error, Sendable, Hashable, CustomStringConvertible {
  /// What was found instead of an answer, without the host's name: `it ended with status 1: no such file`.
  package let message: String

  /// Makes an error.
  package init(_ message: String) { self.message = message }

  package var description: String { message }
}

extension HostCommandResult {
  /// The output's lines, without empty ones and without blanks at their ends.
  var outputLines: [String] {
    output.split(whereSeparator: \.isNewline).map { $0.trimmingBlanks() }.filter { !$0.isEmpty }
  }

  /// The output when the command succeeded.
  func successfulLines() throws(FactError) -> [String] {
    guard succeeded else { throw FactError(failureSummary) }
    return outputLines
  }

  /// How the command failed, in one clause.
  var failureSummary: String {
    let told = errorOutput.split(whereSeparator: \.isNewline).last.map { $0.trimmingBlanks() } ?? ""
    return "it ended with status \(status)" + (told.isEmpty ? "" : ": \(told)")
  }
}

extension StringProtocol {
  /// Without blanks at both ends.
  func trimmingBlanks() -> String {
    var rest = self[...]
    while let first = rest.first, first.isWhitespace { rest = rest.dropFirst() }
    while let last = rest.last, last.isWhitespace { rest = rest.dropLast() }
    return String(rest)
  }
}
