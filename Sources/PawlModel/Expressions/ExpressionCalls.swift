/// The functions of the expression language.
extension ExpressionEvaluator {
  func call(
    _ function: ExpressionFunction, _ arguments: [ExpressionTerm], at term: ExpressionTerm
  ) throws(ExpressionError) -> Value {
    if function == .default { return try fallback(arguments[0], arguments[1]) }
    let values = try values(of: arguments)
    let (argument, value) = (arguments[0], values[0])
    switch function {
    case .default: return value
    case .version: return .version(try exactVersion(value, argument))
    case .minor: return .int(try minorVersion(value, argument).minor)
    case .major: return .int(try minorVersion(value, argument).major)
    case .len: return .int(try length(value, argument))
    case .first, .last:
      let items = try items(value, argument)
      guard let item = function == .first ? items.first : items.last else {
        throw ExpressionError("`\(argument.source)` is empty", at: term.location, isMissing: true)
      }
      return item
    case .min: return try extreme(values, arguments, at: term) { $0 < 0 }
    case .max: return try extreme(values, arguments, at: term) { $0 > 0 }
    case .contains: return .bool(try contains(value, values[1], at: argument))
    case .startsWith: return .bool(try text(value, argument).hasPrefix(try text(values[1], arguments[1])))
    case .endsWith: return .bool(try text(value, argument).hasSuffix(try text(values[1], arguments[1])))
    case .join:
      return .string(try joined(try items(value, argument), try text(values[1], arguments[1]), at: term))
    }
  }

  /// The first value unless it is missing or null.
  private func fallback(_ term: ExpressionTerm, _ other: ExpressionTerm) throws(ExpressionError) -> Value {
    do {
      let value = try evaluate(term)
      return value == .null ? try evaluate(other) : value
    } catch  where error.isMissing {
      return try evaluate(other)
    }
  }

  private func items(_ value: Value, _ term: ExpressionTerm) throws(ExpressionError) -> [Value] {
    guard case .list(let items) = value else { throw mismatch(term, value, wanted: "a list") }
    return items
  }

  private func text(_ value: Value, _ term: ExpressionTerm) throws(ExpressionError) -> String {
    guard case .string(let text) = value else { throw mismatch(term, value, wanted: "text") }
    return text
  }

  private func exactVersion(_ value: Value, _ term: ExpressionTerm) throws(ExpressionError)
    -> KubernetesVersion
  {
    switch value {
    case .version(let version): return version
    case .string(let text):
      guard let version = KubernetesVersion(parsing: text) else {
        throw ExpressionError("'\(text)' is not a version such as 1.20.3", at: term.location)
      }
      return version
    default: throw mismatch(term, value, wanted: "a version")
    }
  }

  private func minorVersion(_ value: Value, _ term: ExpressionTerm) throws(ExpressionError) -> MinorVersion {
    switch value {
    case .version(let version): return version.minorVersion
    case .string(let text):
      guard let target = VersionTarget(parsing: text) else {
        throw ExpressionError("'\(text)' is not a version such as 1.20 or 1.20.3", at: term.location)
      }
      return target.minorVersion
    default: throw mismatch(term, value, wanted: "a version")
    }
  }

  private func length(_ value: Value, _ term: ExpressionTerm) throws(ExpressionError) -> Int {
    switch value {
    case .string(let text): return text.count
    case .list(let items): return items.count
    case .map(let entries): return entries.count
    default: throw mismatch(term, value, wanted: "text, a list or a map")
    }
  }

  /// The least or greatest of one list or of the arguments.
  private func extreme(
    _ values: [Value], _ arguments: [ExpressionTerm], at term: ExpressionTerm, isBetter: (Int) -> Bool
  ) throws(ExpressionError) -> Value {
    let candidates = values.count == 1 ? try items(values[0], arguments[0]) : values
    guard var best = candidates.first else {
      throw ExpressionError("`\(arguments[0].source)` is empty", at: term.location, isMissing: true)
    }
    // Also a single candidate has to have an order.
    for candidate in candidates where isBetter(try order(candidate, best, at: term)) { best = candidate }
    return best
  }

  private func joined(
    _ items: [Value], _ separator: String, at term: ExpressionTerm
  ) throws(ExpressionError) -> String {
    var result = ""
    for (index, item) in items.enumerated() {
      if index > 0 { result += separator }
      result += item.description
      // Calls of join inside join would multiply without this.
      guard result.utf8.count <= Template.sizeLimit else {
        throw ExpressionError("`\(term.source)` grows beyond \(Template.sizeLimit) bytes", at: term.location)
      }
    }
    return result
  }
}
