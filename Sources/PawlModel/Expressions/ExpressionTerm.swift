/// A part of an expression that has a value.
struct ExpressionTerm: Sendable, Hashable {
  /// What the part is made of.
  indirect enum Kind: Sendable, Hashable {
    case literal(Value)
    case list([ExpressionTerm])
    case variable(String)
    case member(ExpressionTerm, String)
    case index(ExpressionTerm, ExpressionTerm)
    case not(ExpressionTerm)
    case and(ExpressionTerm, ExpressionTerm)
    case or(ExpressionTerm, ExpressionTerm)
    case comparison(ExpressionComparison, ExpressionTerm, ExpressionTerm)
    case conditional(ExpressionTerm, then: ExpressionTerm, otherwise: ExpressionTerm)
    case call(ExpressionFunction, [ExpressionTerm])
  }

  /// A path that an expression reads.
  struct Reference {
    let path: [String]
    let location: SourceLocation
  }

  let kind: Kind
  /// The part as written, for messages.
  let source: String
  let location: SourceLocation

  /// Every path that is read.
  var references: [Reference] {
    switch kind {
    case .literal: return []
    case .list(let items): return items.flatMap(\.references)
    case .variable, .member: return path.map { [Reference(path: $0, location: location)] } ?? inner.references
    case .index(let base, let key):
      if let path { return [Reference(path: path, location: location)] }
      return base.references + key.references
    case .not(let term): return term.references
    case .and(let left, let right), .or(let left, let right), .comparison(_, let left, let right):
      return left.references + right.references
    case .conditional(let condition, let then, let otherwise):
      return condition.references + then.references + otherwise.references
    case .call(_, let arguments): return arguments.flatMap(\.references)
    }
  }

  /// The names from the variable on; nil when one of them is not fixed.
  private var path: [String]? {
    switch kind {
    case .variable(let name): [name]
    case .member(let base, let name): base.path.map { $0 + [name] }
    case .index(let base, let key):
      if case .literal(.string(let name)) = key.kind { base.path.map { $0 + [name] } } else { nil }
    default: nil
    }
  }

  /// What a member is taken from.
  private var inner: ExpressionTerm {
    if case .member(let base, _) = kind { base } else { self }
  }
}

/// What a comparison asks.
enum ExpressionComparison: String, Sendable, Hashable, CaseIterable {
  case equal = "=="
  case notEqual = "!="
  case less = "<"
  case lessOrEqual = "<="
  case greater = ">"
  case greaterOrEqual = ">="
  case isIn = "in"
}

/// The functions of the language.
enum ExpressionFunction: String, Sendable, Hashable, CaseIterable {
  case contains, `default`, endsWith, first, join, last, len, major, max, min, minor, startsWith, version

  /// How many arguments it takes.
  var arity: ClosedRange<Int> {
    switch self {
    case .first, .last, .len, .major, .minor, .version: 1...1
    case .contains, .default, .endsWith, .join, .startsWith: 2...2
    case .max, .min: 1...16
    }
  }

  /// The arguments as a message shows them.
  var signature: String {
    switch self {
    case .first, .last: "\(rawValue)(list)"
    case .len: "len(text, list or map)"
    case .major, .minor: "\(rawValue)(version)"
    case .version: "version(text)"
    case .contains: "contains(list, text or map, item)"
    case .default: "default(value, fallback)"
    case .endsWith, .startsWith: "\(rawValue)(text, part)"
    case .join: "join(list, separator)"
    case .max, .min: "\(rawValue)(list) or \(rawValue)(value, value)"
    }
  }
}
