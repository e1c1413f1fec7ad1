/// Builds the terms of an expression, by precedence from loose to tight: `? :`, `or`, `and`, `not`, comparison,
/// access.
struct ExpressionParser {
  /// Parentheses, lists, calls and the like inside each other.
  static let depthLimit = 32

  private let tokens: [ExpressionToken]
  private let scalars: [Unicode.Scalar]
  private let places: ScalarPlaces
  private var index = 0
  private var depth = 0

  /// `tokens` ends with the token `end`.
  init(tokens: [ExpressionToken], scalars: [Unicode.Scalar], places: ScalarPlaces) {
    self.tokens = tokens
    self.scalars = scalars
    self.places = places
  }

  /// The whole expression.
  mutating func parse() throws(DiagnosticsError) -> ExpressionTerm {
    if current.kind == .end { throw problem("the expression is empty") }
    let term = try conditional()
    guard current.kind == .end else { throw unexpected(wanted: "the end of the expression") }
    return term
  }

  // MARK: Tokens

  private var current: ExpressionToken { tokens[index] }

  private mutating func advance() {
    if index < tokens.count - 1 { index += 1 }
  }

  /// Takes the sign or word when it is next.
  private mutating func take(_ words: String...) -> String? {
    switch current.kind {
    case .sign(let word) where words.contains(word), .name(let word) where words.contains(word):
      advance()
      return word
    default: return nil
    }
  }

  private mutating func expect(_ sign: String) throws(DiagnosticsError) {
    guard take(sign) != nil else { throw unexpected(wanted: "'\(sign)'") }
  }

  private func problem(_ message: String, hint: String? = nil) -> DiagnosticsError {
    DiagnosticsError([Diagnostic(message, hint: hint, at: places.location(at: current.start))])
  }

  private func unexpected(wanted: String) -> DiagnosticsError {
    problem("\(current.description) stands where \(wanted) should be")
  }

  /// A term that reaches from `start` to what has been read.
  private func term(_ kind: ExpressionTerm.Kind, from start: Int) -> ExpressionTerm {
    let end = index > 0 ? tokens[index - 1].end : start
    var view = String.UnicodeScalarView()
    view.append(contentsOf: scalars[start..<max(start, end)])
    return ExpressionTerm(kind: kind, source: String(view), location: places.location(at: start))
  }

  private mutating func nested<T>(
    _ body: (inout ExpressionParser) throws(DiagnosticsError) -> T
  ) throws(DiagnosticsError) -> T {
    guard depth < Self.depthLimit else { throw problem("the expression is nested too deeply") }
    depth += 1
    defer { depth -= 1 }
    return try body(&self)
  }

  // MARK: Grammar

  private mutating func conditional() throws(DiagnosticsError) -> ExpressionTerm {
    try nested { (parser: inout ExpressionParser) throws(DiagnosticsError) -> ExpressionTerm in
      let start = parser.current.start
      let condition = try parser.disjunction()
      guard parser.take("?") != nil else { return condition }
      let then = try parser.conditional()
      try parser.expect(":")
      let otherwise = try parser.conditional()
      return parser.term(.conditional(condition, then: then, otherwise: otherwise), from: start)
    }
  }

  private mutating func disjunction() throws(DiagnosticsError) -> ExpressionTerm {
    let start = current.start
    var left = try conjunction()
    while take("or", "||") != nil { left = term(.or(left, try conjunction()), from: start) }
    return left
  }

  private mutating func conjunction() throws(DiagnosticsError) -> ExpressionTerm {
    let start = current.start
    var left = try negation()
    while take("and", "&&") != nil { left = term(.and(left, try negation()), from: start) }
    return left
  }

  private mutating func negation() throws(DiagnosticsError) -> ExpressionTerm {
    let start = current.start
    guard take("not", "!") != nil else { return try comparison() }
    return try nested { (parser: inout ExpressionParser) throws(DiagnosticsError) -> ExpressionTerm in
      let operand = try parser.negation()
      return parser.term(.not(operand), from: start)
    }
  }

  private mutating func comparison() throws(DiagnosticsError) -> ExpressionTerm {
    let start = current.start
    let left = try access()
    guard let comparison = takeComparison() else { return left }
    let right = try access()
    let result = term(.comparison(comparison, left, right), from: start)
    if takeComparison() != nil {
      index -= 1
      throw problem("comparisons do not chain", hint: "Join them with 'and'.")
    }
    return result
  }

  private mutating func takeComparison() -> ExpressionComparison? {
    take("==", "!=", "<", "<=", ">", ">=", "in").flatMap(ExpressionComparison.init(rawValue:))
  }

  private mutating func access() throws(DiagnosticsError) -> ExpressionTerm {
    let start = current.start
    var base = try primary()
    while let sign = take(".", "[") {
      if sign == "." {
        guard case .name(let name) = current.kind else { throw unexpected(wanted: "a name") }
        advance()
        base = term(.member(base, name), from: start)
      } else {
        let key = try conditional()
        try expect("]")
        base = term(.index(base, key), from: start)
      }
    }
    return base
  }

  private mutating func primary() throws(DiagnosticsError) -> ExpressionTerm {
    let start = current.start
    switch current.kind {
    case .int(let number):
      advance()
      return term(.literal(.int(number)), from: start)
    case .text(let text):
      advance()
      return term(.literal(.string(text)), from: start)
    case .name(let name): return try word(name, from: start)
    case .sign("("):
      advance()
      let inner = try conditional()
      try expect(")")
      return ExpressionTerm(
        kind: inner.kind, source: term(inner.kind, from: start).source, location: inner.location)
    case .sign("["):
      advance()
      let items = try list(closedBy: "]")
      return term(.list(items), from: start)
    case .sign, .end: throw unexpected(wanted: "a value")
    }
  }

  private mutating func word(_ name: String, from start: Int) throws(DiagnosticsError) -> ExpressionTerm {
    let literals: [String: Value] = ["true": .bool(true), "false": .bool(false), "null": .null]
    if let literal = literals[name] {
      advance()
      return term(.literal(literal), from: start)
    }
    if ["and", "or", "not", "in"].contains(name) { throw unexpected(wanted: "a value") }
    let isCall = tokens[min(index + 1, tokens.count - 1)].kind == .sign("(")
    guard isCall else {
      advance()
      return term(.variable(name), from: start)
    }
    guard let function = ExpressionFunction(rawValue: name) else {
      let names = ExpressionFunction.allCases.map(\.rawValue)
      throw problem(
        "there is no function '\(name)'",
        hint: DidYouMean.hint(for: name, among: names) ?? "There are: \(names.joined(separator: ", ")).")
    }
    let place = current
    advance()
    advance()
    let arguments = try list(closedBy: ")")
    guard function.arity.contains(arguments.count) else {
      throw DiagnosticsError([
        Diagnostic(
          "'\(name)' is written \(function.signature), not with \(arguments.count) arguments",
          at: places.location(at: place.start))
      ])
    }
    return term(.call(function, arguments), from: start)
  }

  private mutating func list(closedBy sign: String) throws(DiagnosticsError) -> [ExpressionTerm] {
    var items: [ExpressionTerm] = []
    if take(sign) != nil { return items }
    repeat { items.append(try conditional()) } while take(",") != nil
    try expect(sign)
    return items
  }
}
