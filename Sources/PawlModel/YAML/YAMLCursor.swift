/// A value of a file together with the log of its reading. Each reader says what it expects, reports to the log
/// what it finds instead, and returns nil then; reading goes on, so that all problems are found at once.
struct YAMLCursor {
  let node: YAMLNode
  let log: DiagnosticLog
  /// The value as a message names it: `'port'`, `an item of 'keys'`.
  let name: String

  var location: SourceLocation { node.location }

  /// The scalar; nil for a list or a mapping.
  var scalar: YAMLScalar? {
    if case .scalar(let scalar) = node.content { scalar } else { nil }
  }

  var isNull: Bool { scalar?.isNull ?? false }

  /// What stands there, as a message names it.
  var found: String {
    switch node.content {
    case .list: "a list"
    case .mapping: "a map"
    case .scalar(let scalar) where scalar.isNull: "nothing"
    case .scalar(let scalar) where scalar.bool != nil: scalar.text
    case .scalar(let scalar) where scalar.isNumber: "the number \(scalar.text)"
    case .scalar: "text"
    }
  }

  func error(_ message: String, hint: String? = nil) { log.error(message, hint: hint, at: location) }

  private func wrongType(_ expected: String, hint: String? = nil) {
    error("\(name) has to be \(expected), not \(found)", hint: hint)
  }

  // MARK: Scalars

  /// Text that is not empty.
  func text() -> String? {
    guard let scalar, !scalar.isNull else {
      wrongType("text")
      return nil
    }
    guard scalar.bool == nil, !scalar.isNumber else {
      wrongType("text", hint: "Put it in quotes: \"\(scalar.text)\".")
      return nil
    }
    guard !scalar.text.isEmpty else {
      error("\(name) is empty")
      return nil
    }
    return scalar.text
  }

  /// A whole number within bounds.
  func integer(in range: ClosedRange<Int>) -> Int? {
    guard let number = scalar?.int else {
      wrongType("a whole number")
      return nil
    }
    guard range.contains(number) else {
      error("\(name) has to be from \(range.lowerBound) to \(range.upperBound), not \(number)")
      return nil
    }
    return number
  }

  /// A number with or without a fraction, as it is written.
  func decimal() -> String? {
    guard let scalar, scalar.isNumber else {
      wrongType("a number")
      return nil
    }
    return scalar.text
  }

  /// `true` or `false`.
  func bool() -> Bool? {
    guard let flag = scalar?.bool else {
      wrongType("true or false")
      return nil
    }
    return flag
  }

  /// A duration in seconds, at least `minimum`.
  func duration(atLeast minimum: Int = 0) -> Int? {
    guard let scalar, !scalar.isNull, scalar.bool == nil else {
      wrongType("a duration such as 10s or 5m")
      return nil
    }
    do {
      let seconds = try DurationText.seconds(parsing: scalar.text)
      guard seconds >= minimum else {
        error("\(name) has to be at least \(DurationText.text(ofSeconds: minimum))")
        return nil
      }
      return seconds
    } catch {
      self.error("\(name): \(error.message)")
      return nil
    }
  }

  /// One of a closed set of words.
  /// - Parameter hints: what to say of words that are none of them.
  func choice<Choice: RawRepresentable & CaseIterable>(
    _ type: Choice.Type, hints: [String: String] = [:]
  ) -> Choice? where Choice.RawValue == String {
    guard let text = text() else { return nil }
    if let choice = Choice(rawValue: text) { return choice }
    let words = Choice.allCases.map(\.rawValue)
    error(
      "\(name) has to be \(words.joined(separator: " or ")), not '\(text)'",
      hint: hints[text] ?? DidYouMean.hint(for: text, among: words))
    return nil
  }

  // MARK: Lists and mappings

  /// The items of a list.
  func list(of item: String) -> [YAMLCursor]? {
    guard case .list(let items) = node.content else {
      wrongType("a list")
      return nil
    }
    return items.map { YAMLCursor(node: $0, log: log, name: item) }
  }

  /// A list of texts; wrong items are reported and left out.
  func texts(of item: String) -> [String]? {
    list(of: item)?.compactMap { $0.text() }
  }

  /// Whether it is a mapping that has this key; reports nothing.
  func has(_ key: String) -> Bool {
    guard case .mapping(let entries) = node.content else { return false }
    return entries.contains { $0.key == key }
  }

  /// A mapping with known keys: reports unknown, repeated and missing ones.
  func mapping(_ keys: KeySet) -> YAMLMapping? {
    guard let entries = entries() else { return nil }
    for entry in entries where !keys.all.contains(entry.key) {
      let hint =
        DidYouMean.hint(for: entry.key, among: keys.all)
        ?? "It has: \(keys.all.joined(separator: ", "))."
      log.error("\(keys.subject) has no key '\(entry.key)'", hint: hint, at: entry.keyLocation)
    }
    let mapping = YAMLMapping(entries: entries, location: location, log: log)
    for key in keys.required where mapping[key] == nil {
      log.error("\(keys.subject) needs the key '\(key)'", at: location)
    }
    return mapping
  }

  /// A mapping whose keys are names that the operator chose; the first of equal keys stays.
  func entries() -> [YAMLEntry]? {
    guard case .mapping(let entries) = node.content else {
      wrongType("a map")
      return nil
    }
    var places: [String: SourceLocation] = [:]
    return entries.filter { entry in
      if let first = places[entry.key] {
        log.error("'\(entry.key)' is given twice; first on line \(first.line)", at: entry.keyLocation)
        return false
      }
      places[entry.key] = entry.keyLocation
      return true
    }
  }

  /// The value of an entry.
  func value(of entry: YAMLEntry) -> YAMLCursor {
    YAMLCursor(node: entry.value, log: log, name: "'\(entry.key)'")
  }
}

/// A mapping with known keys. A key without a value counts as absent.
struct YAMLMapping {
  private let entriesByKey: [String: YAMLEntry]
  let location: SourceLocation
  private let log: DiagnosticLog

  init(entries: [YAMLEntry], location: SourceLocation, log: DiagnosticLog) {
    self.entriesByKey = Dictionary(entries.map { ($0.key, $0) }, uniquingKeysWith: { first, _ in first })
    self.location = location
    self.log = log
  }

  /// The value of a key; nil when it is absent.
  subscript(key: String) -> YAMLCursor? {
    guard let entry = entriesByKey[key] else { return nil }
    let cursor = YAMLCursor(node: entry.value, log: log, name: "'\(key)'")
    return cursor.isNull ? nil : cursor
  }

  /// The place of a key; nil when it is absent.
  func location(ofKey key: String) -> SourceLocation? { entriesByKey[key]?.keyLocation }
}
