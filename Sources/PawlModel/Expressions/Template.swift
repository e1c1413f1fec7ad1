/// Text with `${{ expression }}` parts.
package struct Template: Sendable, Hashable {
  /// A stretch of the text.
  enum Part: Sendable, Hashable {
    case text(String)
    case expression(Expression)
  }

  static let opening = "${{".unicodeScalars
  static let closing = "}}".unicodeScalars
  /// The longest text that rendering makes, in UTF-8 bytes.
  static let sizeLimit = 1 << 16

  /// The text as written.
  package let source: String
  /// Where it stands.
  package let location: SourceLocation
  /// The text in stretches.
  let parts: [Part]

  /// Reads a template; every faulty expression in it is reported. `location` is the place of the first character.
  package init(parsing source: String, at location: SourceLocation) throws(DiagnosticsError) {
    try self.init(parsing: source, places: ScalarPlaces(of: source, at: location))
  }

  /// Reads a template whose characters stand at `places`.
  init(parsing source: String, places: ScalarPlaces) throws(DiagnosticsError) {
    let scalars = Array(source.unicodeScalars)
    var parts: [Part] = []
    var text = String.UnicodeScalarView()
    var lexer = ExpressionLexer(scalars: scalars, places: places)
    var diagnostics: [Diagnostic] = []
    var position = 0
    while position < scalars.count {
      guard scalars[position...].starts(with: Self.opening) else {
        text.append(scalars[position])
        position += 1
        continue
      }
      if !text.isEmpty { parts.append(.text(String(text))) }
      text = String.UnicodeScalarView()
      do {
        let tokens = try lexer.tokens(from: position + Self.opening.count, closed: true)
        position = lexer.position
        var parser = ExpressionParser(tokens: tokens, scalars: scalars, places: places)
        parts.append(
          .expression(try Self.expression(of: &parser, tokens: tokens, in: scalars, places: places)))
      } catch {
        diagnostics += error.diagnostics
        position = max(position + Self.opening.count, lexer.position)
      }
    }
    if !text.isEmpty { parts.append(.text(String(text))) }
    guard diagnostics.isEmpty else { throw DiagnosticsError(diagnostics) }
    self.source = source
    self.location = places.location(at: 0)
    self.parts = parts
  }

  private static func expression(
    of parser: inout ExpressionParser, tokens: [ExpressionToken], in scalars: [Unicode.Scalar],
    places: ScalarPlaces
  ) throws(DiagnosticsError) -> Expression {
    let term = try parser.parse()
    return Expression(source: term.source, location: term.location, term: term)
  }

  /// Whether a text has to be read as a template.
  package static func isTemplate(_ text: String) -> Bool { text.contains("${{") }

  /// The value: a template that is one expression and nothing else keeps the type of its value, any other makes
  /// text.
  package func render(in scope: [String: Value]) throws(ExpressionError) -> Value {
    if parts.count == 1, case .expression(let expression) = parts[0] {
      return try expression.evaluate(in: scope)
    }
    return .string(try text(in: scope))
  }

  /// The value as text, as for a title.
  package func text(in scope: [String: Value]) throws(ExpressionError) -> String {
    var result = ""
    for part in parts {
      switch part {
      case .text(let text): result += text
      case .expression(let expression): result += try expression.evaluate(in: scope).description
      }
      guard result.utf8.count <= Self.sizeLimit else {
        throw ExpressionError("the text grows beyond \(Self.sizeLimit) bytes", at: location)
      }
    }
    return result
  }

  /// The expressions in it.
  package var expressions: [Expression] {
    parts.compactMap { if case .expression(let expression) = $0 { expression } else { nil } }
  }

  /// The paths that its expressions read.
  package var references: Set<[String]> {
    expressions.reduce(into: []) { $0.formUnion($1.references) }
  }
}

/// A value of `with:`: literals, and templates where the text holds `${{ }}`.
package indirect enum ValueTemplate: Sendable, Hashable {
  case literal(Value)
  case template(Template)
  case list([ValueTemplate])
  case map([String: ValueTemplate])

  /// The value in a scope of variables by name.
  package func evaluate(in scope: [String: Value]) throws(ExpressionError) -> Value {
    switch self {
    case .literal(let value): return value
    case .template(let template): return try template.render(in: scope)
    case .list(let items):
      var values: [Value] = []
      for item in items { values.append(try item.evaluate(in: scope)) }
      return .list(values)
    case .map(let entries):
      var values: [String: Value] = [:]
      // In order of the keys, so that of several errors always the same one is thrown.
      for (key, entry) in entries.sorted(by: { $0.key < $1.key }) {
        values[key] = try entry.evaluate(in: scope)
      }
      return .map(values)
    }
  }

  /// The expressions in it, in order of the keys.
  package var expressions: [Expression] {
    switch self {
    case .literal: []
    case .template(let template): template.expressions
    case .list(let items): items.flatMap(\.expressions)
    case .map(let entries): entries.sorted { $0.key < $1.key }.flatMap(\.value.expressions)
    }
  }

  /// The paths that its expressions read.
  package var references: Set<[String]> {
    expressions.reduce(into: []) { $0.formUnion($1.references) }
  }
}
