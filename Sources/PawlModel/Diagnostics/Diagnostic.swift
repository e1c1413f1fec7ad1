/// A place in a file that somebody wrote by hand.
package struct SourceLocation: Sendable, Hashable, Comparable, CustomStringConvertible {
  /// The file as the user named it.
  package let file: String
  /// Counted from 1.
  package let line: Int
  /// Counted from 1, in characters.
  package let column: Int

  /// Makes a location.
  package init(file: String, line: Int, column: Int) {
    self.file = file
    self.line = line
    self.column = column
  }

  package var description: String { "\(file):\(line):\(column)" }

  package static func < (left: SourceLocation, right: SourceLocation) -> Bool {
    (left.file, left.line, left.column) < (right.file, right.line, right.column)
  }
}

/// One problem found in an inventory, runbook, plan or facts file.
package struct Diagnostic: Sendable, Hashable, CustomStringConvertible {
  /// How bad it is: an error refuses the file, a warning does not.
  package enum Severity: String, Sendable, Hashable { case error, warning }

  /// Error or warning.
  package let severity: Severity
  /// What is wrong: one sentence without a capital or a full stop.
  package let message: String
  /// What to do about it, a full sentence, where that is not plain from the message.
  package let hint: String?
  /// Where; nil for a problem of the file as a whole.
  package let location: SourceLocation?

  /// Makes a diagnostic.
  package init(
    _ severity: Severity, _ message: String, hint: String? = nil, at location: SourceLocation?
  ) {
    self.severity = severity
    self.message = message
    self.hint = hint
    self.location = location
  }

  /// Makes an error.
  package init(_ message: String, hint: String? = nil, at location: SourceLocation?) {
    self.init(.error, message, hint: hint, at: location)
  }

  /// `file:line:column: error: message Hint.`
  package var description: String {
    let place = location.map { "\($0): " } ?? ""
    let advice = hint.map { ". \($0)" } ?? ""
    return "\(place)\(severity.rawValue): \(message)\(advice)"
  }
}

/// Every problem of a file at once, in the order of the file.
package struct DiagnosticsError: Error, Sendable, Hashable, CustomStringConvertible {
  /// The problems, at least one of them an error.
  package let diagnostics: [Diagnostic]

  /// Makes the error; the problems are put in file order.
  package init(_ diagnostics: [Diagnostic]) {
    self.diagnostics = diagnostics.sorted { left, right in
      switch (left.location, right.location) {
      case (let left?, let right?): left < right
      case (nil, _?): true
      default: false
      }
    }
  }

  package var description: String { diagnostics.map(\.description).joined(separator: "\n") }
}
