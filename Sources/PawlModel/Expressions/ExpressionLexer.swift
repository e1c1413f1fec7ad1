/// A word or sign of an expression.
struct ExpressionToken: Sendable, Hashable {
  /// What it is.
  enum Kind: Sendable, Hashable {
    case int(Int)
    case text(String)
    case name(String)
    case sign(String)
    case end
  }

  let kind: Kind
  /// First character, in Unicode scalars of the source.
  let start: Int
  /// Behind the last character.
  let end: Int

  /// The token as a message shows it.
  var description: String {
    switch kind {
    case .int(let number): "'\(number)'"
    case .text: "text in quotes"
    case .name(let name): "'\(name)'"
    case .sign(let sign): "'\(sign)'"
    case .end: "the end"
    }
  }
}

/// Cuts the text of an expression into tokens.
struct ExpressionLexer {
  /// Bounds of one expression.
  enum Limit {
    static let characters = 4096
    static let tokens = 512
  }

  let scalars: [Unicode.Scalar]
  let places: ScalarPlaces
  /// Behind what has been read.
  private(set) var position = 0

  init(scalars: [Unicode.Scalar], places: ScalarPlaces) {
    self.scalars = scalars
    self.places = places
  }

  /// The tokens from an offset to the end or, when `closed`, to the closing braces, which are read too.
  mutating func tokens(from start: Int, closed: Bool) throws(DiagnosticsError) -> [ExpressionToken] {
    position = start
    var tokens: [ExpressionToken] = []
    while true {
      while let scalar = peek(), scalar.properties.isWhitespace { position += 1 }
      guard tokens.count < Limit.tokens, position - start <= Limit.characters else {
        throw problem("the expression is too long", at: start)
      }
      if closed, scalars[position...].starts(with: Template.closing) {
        tokens.append(ExpressionToken(kind: .end, start: position, end: position))
        position += Template.closing.count
        return tokens
      }
      guard let scalar = peek() else {
        if closed { throw problem("'${{' is not closed by '}}'", at: start - Template.opening.count) }
        tokens.append(ExpressionToken(kind: .end, start: position, end: position))
        return tokens
      }
      let first = position
      let kind = try token(startingWith: scalar)
      tokens.append(ExpressionToken(kind: kind, start: first, end: position))
    }
  }

  private func peek(_ offset: Int = 0) -> Unicode.Scalar? {
    scalars.indices.contains(position + offset) ? scalars[position + offset] : nil
  }

  private func problem(_ message: String, hint: String? = nil, at offset: Int) -> DiagnosticsError {
    DiagnosticsError([Diagnostic(message, hint: hint, at: places.location(at: offset))])
  }

  private mutating func token(
    startingWith scalar: Unicode.Scalar
  ) throws(DiagnosticsError) -> ExpressionToken.Kind {
    if scalar == "'" || scalar == "\"" { return .text(try quoted(by: scalar)) }
    if scalar.isDigit || scalar == "-" && peek(1)?.isDigit == true { return .int(try number()) }
    if scalar.isNameStart {
      let start = position
      while let next = peek(), next.isNameStart || next.isDigit { position += 1 }
      return .name(text(from: start))
    }
    return .sign(try sign())
  }

  private func text(from start: Int) -> String {
    var view = String.UnicodeScalarView()
    view.append(contentsOf: scalars[start..<position])
    return String(view)
  }

  private mutating func number() throws(DiagnosticsError) -> Int {
    let start = position
    position += 1
    while peek()?.isDigit == true { position += 1 }
    if peek() == ".", peek(1)?.isDigit == true {
      throw problem("numbers are whole", hint: "Write a version in quotes: '1.20'.", at: start)
    }
    guard let number = Int(text(from: start)) else { throw problem("the number is too large", at: start) }
    return number
  }

  private mutating func quoted(by quote: Unicode.Scalar) throws(DiagnosticsError) -> String {
    let start = position
    var view = String.UnicodeScalarView()
    position += 1
    while let scalar = peek() {
      position += 1
      if scalar == quote { return String(view) }
      guard scalar == "\\" else {
        view.append(scalar)
        continue
      }
      switch peek() {
      case "\\": view.append("\\")
      case "'": view.append("'")
      case "\"": view.append("\"")
      case "n": view.append("\n")
      case "t": view.append("\t")
      default:
        throw problem("the text has an unknown escape; known are \\\\ \\' \\\" \\n \\t", at: position - 1)
      }
      position += 1
    }
    throw problem("the text has no closing quote", at: start)
  }

  private static let signs = ["==", "!=", "<=", ">=", "&&", "||"]
  private static let singleSigns = "()[],.<>!?:".unicodeScalars

  private mutating func sign() throws(DiagnosticsError) -> String {
    for sign in Self.signs where scalars[position...].starts(with: sign.unicodeScalars) {
      position += 2
      return sign
    }
    let start = position
    let scalar = scalars[start]
    guard Self.singleSigns.contains(scalar) else {
      let hint: String? =
        switch scalar {
        case "=": "Compare with '=='."
        case "&": "Write 'and' or '&&'."
        case "|": "Write 'or' or '||'."
        case "+", "-", "*", "/", "%": "There is no arithmetic."
        case "}": "An expression in braces ends with '}}'."
        case "$": "Inside an expression names stand bare, without '${{'."
        default: nil
        }
      throw problem("'\(scalar)' has no meaning in an expression", hint: hint, at: start)
    }
    position += 1
    return String(Character(scalar))
  }
}

extension Unicode.Scalar {
  fileprivate var isDigit: Bool { ("0"..."9").contains(self) }
  fileprivate var isNameStart: Bool {
    ("a"..."z").contains(self) || ("A"..."Z").contains(self) || self == "_"
  }
}
