/// Gathers the problems of one file while it is read. One log per reading, never shared between tasks.
final class DiagnosticLog {
  private(set) var diagnostics: [Diagnostic] = []

  func error(_ message: String, hint: String? = nil, at location: SourceLocation?) {
    append(Diagnostic(.error, message, hint: hint, at: location))
  }

  func warning(_ message: String, hint: String? = nil, at location: SourceLocation?) {
    append(Diagnostic(.warning, message, hint: hint, at: location))
  }

  /// Once: what several places include is read, and reported, at each of them.
  private func append(_ diagnostic: Diagnostic) {
    if !diagnostics.contains(diagnostic) { diagnostics.append(diagnostic) }
  }

  func add(_ error: DiagnosticsError) { diagnostics.append(contentsOf: error.diagnostics) }

  var hasErrors: Bool { diagnostics.contains { $0.severity == .error } }

  /// Throws every problem when one of them is an error.
  func throwErrors() throws(DiagnosticsError) {
    if hasErrors { throw DiagnosticsError(diagnostics) }
  }
}
