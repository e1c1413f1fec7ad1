/// Works out the value of a term. Every term is visited at most once, so the work is bounded by the expression and
/// the values it reads.
struct ExpressionEvaluator {
  let scope: [String: Value]

  func evaluate(_ term: ExpressionTerm) throws(ExpressionError) -> Value {
    switch term.kind {
    case .literal(let value): return value
    case .list(let items): return .list(try values(of: items))
    case .variable(let name): return try variable(name, at: term)
    case .member(let base, let name): return try member(name, of: base, at: term)
    case .index(let base, let key): return try element(key, of: base, at: term)
    case .not(let operand): return .bool(!(try bool(operand)))
    case .and(let left, let right):
      guard try bool(left) else { return .bool(false) }
      return .bool(try bool(right))
    case .or(let left, let right):
      if try bool(left) { return .bool(true) }
      return .bool(try bool(right))
    case .comparison(let comparison, let left, let right):
      return .bool(try compare(comparison, left, right, at: term))
    case .conditional(let condition, let then, let otherwise):
      return try bool(condition) ? evaluate(then) : evaluate(otherwise)
    case .call(let function, let arguments): return try call(function, arguments, at: term)
    }
  }

  func values(of terms: [ExpressionTerm]) throws(ExpressionError) -> [Value] {
    var values: [Value] = []
    for term in terms { values.append(try evaluate(term)) }
    return values
  }

  func mismatch(_ term: ExpressionTerm, _ value: Value, wanted: String) -> ExpressionError {
    ExpressionError("`\(term.source)` is \(value.typeName), not \(wanted)", at: term.location)
  }

  private func bool(_ term: ExpressionTerm) throws(ExpressionError) -> Bool {
    let value = try evaluate(term)
    guard case .bool(let flag) = value else { throw mismatch(term, value, wanted: "true or false") }
    return flag
  }

  // MARK: Paths

  private func variable(_ name: String, at term: ExpressionTerm) throws(ExpressionError) -> Value {
    guard let value = scope[name] else {
      throw ExpressionError(
        "'\(name)' is not known here" + advice(for: name, among: scope.keys), at: term.location,
        isMissing: true)
    }
    return value
  }

  private func member(
    _ name: String, of base: ExpressionTerm, at term: ExpressionTerm
  ) throws(ExpressionError) -> Value {
    let value = try evaluate(base)
    guard case .map(let entries) = value else {
      throw ExpressionError(
        "`\(base.source)` is \(value.typeName) and has no '\(name)'", at: term.location,
        isMissing: value == .null)
    }
    guard let entry = entries[name] else {
      throw ExpressionError(
        "`\(base.source)` has no '\(name)'" + advice(for: name, among: entries.keys), at: term.location,
        isMissing: true)
    }
    return entry
  }

  private func element(
    _ key: ExpressionTerm, of base: ExpressionTerm, at term: ExpressionTerm
  ) throws(ExpressionError) -> Value {
    switch (try evaluate(base), try evaluate(key)) {
    case (.map, .string(let name)): return try member(name, of: base, at: term)
    case (.list(let items), .int(let index)):
      guard items.indices.contains(index) else {
        throw ExpressionError(
          "`\(base.source)` has \(items.count) items and none at \(index)", at: term.location, isMissing: true
        )
      }
      return items[index]
    case (.list, let key): throw mismatch(term, key, wanted: "a place in a list: a whole number")
    case (.map, let key): throw mismatch(term, key, wanted: "a key of a map: text")
    case (let value, _):
      throw ExpressionError(
        "`\(base.source)` is \(value.typeName), not a list or a map", at: term.location,
        isMissing: value == .null)
    }
  }

  private func advice(for name: String, among names: some Collection<String>) -> String {
    if let near = DidYouMean.suggestion(for: name, among: names) { return "; did you mean '\(near)'" }
    if names.isEmpty { return "" }
    return "; there is \(names.sorted().prefix(12).joined(separator: ", "))"
  }

  // MARK: Comparison

  private func compare(
    _ comparison: ExpressionComparison, _ left: ExpressionTerm, _ right: ExpressionTerm,
    at term: ExpressionTerm
  ) throws(ExpressionError) -> Bool {
    let one = try evaluate(left)
    let other = try evaluate(right)
    switch comparison {
    case .equal: return try areEqual(one, other, at: term)
    case .notEqual: return !(try areEqual(one, other, at: term))
    case .less: return try order(one, other, at: term) < 0
    case .lessOrEqual: return try order(one, other, at: term) <= 0
    case .greater: return try order(one, other, at: term) > 0
    case .greaterOrEqual: return try order(one, other, at: term) >= 0
    case .isIn: return try contains(other, one, at: right)
    }
  }

  private func areEqual(_ one: Value, _ other: Value, at term: ExpressionTerm) throws(ExpressionError) -> Bool
  {
    switch (one, other) {
    case (.null, _), (_, .null), (.bool, .bool), (.int, .int), (.string, .string), (.list, .list),
      (.map, .map):
      return one == other
    case (.version, .version), (.version, .string), (.string, .version):
      return try order(one, other, at: term) == 0
    default: throw unlike(one, other, at: term)
    }
  }

  /// Below, equal to or above zero.
  func order(_ one: Value, _ other: Value, at term: ExpressionTerm) throws(ExpressionError) -> Int {
    switch (one, other) {
    case (.int(let one), .int(let other)): return one < other ? -1 : (one == other ? 0 : 1)
    case (.version(let one), .version(let other)): return sign(one, other)
    case (.version(let version), .string(let text)): return try order(version, text, at: term)
    case (.string(let text), .version(let version)): return -(try order(version, text, at: term))
    case (.string, .string):
      throw ExpressionError(
        "`\(term.source)` orders text; to compare versions write version(…) around one side",
        at: term.location)
    default: throw unlike(one, other, at: term)
    }
  }

  /// Against `1.20` a version counts by its minor only, so that `1.20.3 == '1.20'`.
  private func order(
    _ version: KubernetesVersion, _ text: String, at term: ExpressionTerm
  ) throws(ExpressionError) -> Int {
    switch VersionTarget(parsing: text) {
    case .exact(let other): return sign(version, other)
    case .minor(let minor): return sign(version.minorVersion, minor)
    case nil:
      throw ExpressionError(
        "`\(term.source)` compares a version with '\(text)', which is none", at: term.location)
    }
  }

  private func sign<T: Comparable>(_ one: T, _ other: T) -> Int { one < other ? -1 : (one == other ? 0 : 1) }

  private func unlike(_ one: Value, _ other: Value, at term: ExpressionTerm) -> ExpressionError {
    ExpressionError("`\(term.source)` compares \(one.typeName) with \(other.typeName)", at: term.location)
  }

  /// Whether a list, text or map holds an item, a part or a key.
  func contains(_ container: Value, _ item: Value, at term: ExpressionTerm) throws(ExpressionError) -> Bool {
    switch (container, item) {
    case (.list(let items), _): return items.contains { matches($0, item) }
    case (.string(let text), .string(let part)): return text.contains(part)
    case (.map(let entries), .string(let key)): return entries[key] != nil
    case (.string, _), (.map, _):
      throw ExpressionError(
        "`\(term.source)` is \(container.typeName) and cannot hold \(item.typeName)", at: term.location)
    default: throw mismatch(term, container, wanted: "a list, text or a map")
    }
  }

  /// Equality of an item in a list, where other types are simply other values.
  private func matches(_ one: Value, _ other: Value) -> Bool {
    switch (one, other) {
    case (.version(let version), .string(let text)), (.string(let text), .version(let version)):
      switch VersionTarget(parsing: text) {
      case .exact(let exact): version == exact
      case .minor(let minor): version.minorVersion == minor
      case nil: false
      }
    default: one == other
    }
  }
}
