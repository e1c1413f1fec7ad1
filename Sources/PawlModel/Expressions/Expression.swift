/// An expression of the runbook language; see docs/runbooks.md.
///
/// Expressions are total: no loops, no functions of the user's own, bounded in size and depth. Evaluation ends,
/// with a value or with an `ExpressionError`.
package struct Expression: Sendable, Hashable {
  /// The text as written.
  package let source: String
  /// Where it stands.
  package let location: SourceLocation
  /// What it means.
  let term: ExpressionTerm

  /// Reads an expression, bare (`host.ready`) or in braces (`${{ host.ready }}`); throws at the place of the first
  /// mistake. `location` is the place of the first character.
  package init(parsing source: String, at location: SourceLocation) throws(DiagnosticsError) {
    try self.init(parsing: source, places: ScalarPlaces(of: source, at: location))
  }

  /// Reads an expression whose characters stand at `places`.
  init(parsing source: String, places: ScalarPlaces) throws(DiagnosticsError) {
    let scalars = Array(source.unicodeScalars)
    let start = scalars.firstIndex { !$0.properties.isWhitespace } ?? 0
    let inBraces = scalars[start...].starts(with: Template.opening)
    var lexer = ExpressionLexer(scalars: scalars, places: places)
    let tokens = try lexer.tokens(from: inBraces ? start + Template.opening.count : start, closed: inBraces)
    if inBraces, let rest = scalars[lexer.position...].firstIndex(where: { !$0.properties.isWhitespace }) {
      throw DiagnosticsError([
        Diagnostic("an expression ends with its closing braces", at: places.location(at: rest))
      ])
    }
    var parser = ExpressionParser(tokens: tokens, scalars: scalars, places: places)
    self.init(source: source, location: places.location(at: start), term: try parser.parse())
  }

  init(source: String, location: SourceLocation, term: ExpressionTerm) {
    self.source = source
    self.location = location
    self.term = term
  }

  /// The value in a scope of variables by name.
  package func evaluate(in scope: [String: Value]) throws(ExpressionError) -> Value {
    try ExpressionEvaluator(scope: scope).evaluate(term)
  }

  /// The value where true or false is needed, as for `when`.
  package func condition(in scope: [String: Value]) throws(ExpressionError) -> Bool {
    guard case .bool(let flag) = try evaluate(in: scope) else {
      throw ExpressionError("`\(source)` is not true or false", at: location)
    }
    return flag
  }

  /// The paths that the expression reads, each as far as its names are fixed: `host.labels['zone']` is
  /// `["host", "labels", "zone"]`.
  package var references: Set<[String]> { Set(locatedReferences.map(\.path)) }

  /// The same with places, for checks before anything runs.
  var locatedReferences: [ExpressionTerm.Reference] { term.references }
}

/// Why an expression has no value.
package struct ExpressionError: Error, Sendable, Hashable, CustomStringConvertible {
  /// One sentence that names the part of the expression and the types, without a full stop.
  package let message: String
  /// Where that part stands.
  package let location: SourceLocation
  /// Whether something was not there, which `default` answers.
  let isMissing: Bool

  package init(_ message: String, at location: SourceLocation, isMissing: Bool = false) {
    self.message = message
    self.location = location
    self.isMissing = isMissing
  }

  package var description: String { "\(location): \(message)" }

  /// The error among the other problems of a file.
  package var diagnostic: Diagnostic { Diagnostic(message, at: location) }
}

extension ScalarPlaces {
  /// Places of a text that begins at `start`; its further lines begin in the first column.
  init(of text: String, at start: SourceLocation) {
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false).enumerated().map {
      index, line in
      let column = index == 0 ? start.column : 1
      return (SourceLocation(file: start.file, line: start.line + index, column: column), String(line))
    }
    self.init(start: start, lines: lines)
  }
}
