/// A YAML value with its place in the file: what the readers work on.
struct YAMLNode: Sendable {
  /// What the value is.
  indirect enum Content: Sendable {
    case scalar(YAMLScalar)
    case list([YAMLNode])
    case mapping([YAMLEntry])
  }

  let content: Content
  let location: SourceLocation
}

/// A key and its value, in file order; keys may repeat, which the reader of the mapping reports.
struct YAMLEntry: Sendable {
  let key: String
  let keyLocation: SourceLocation
  let value: YAMLNode
}

/// Text of one value, before it is known what it is meant to be.
struct YAMLScalar: Sendable {
  /// How the text was written; only plain text can be a number, true, false or null.
  enum Style: Sendable { case plain, quoted, literalBlock, foldedBlock }

  let text: String
  let style: Style
  /// Where in the file the characters of `text` stand.
  let places: ScalarPlaces

  /// YAML's null: nothing, `~` or `null`.
  var isNull: Bool { style == .plain && ["", "~", "null", "Null", "NULL"].contains(text) }

  /// The value of a plain `true` or `false`. YAML 1.1's `yes`, `on` and their like are text.
  var bool: Bool? {
    guard style == .plain else { return nil }
    switch text {
    case "true", "True", "TRUE": return true
    case "false", "False", "FALSE": return false
    default: return nil
    }
  }

  /// Whether a YAML reader would take the text for a number.
  var isNumber: Bool {
    guard style == .plain, let first = text.utf8.first else { return false }
    let startsLikeOne = "0123456789+-.".utf8.contains(first)
    return startsLikeOne && text.utf8.contains { "0123456789".utf8.contains($0) } && Double(text) != nil
  }

  /// The value of a plain decimal whole number; nil for other text and for one that does not fit.
  var int: Int? {
    guard isNumber, text.utf8.allSatisfy({ "-0123456789".utf8.contains($0) }), let number = Int(text) else {
      return nil
    }
    // `010` is eight to one YAML reader and ten to another.
    return String(number) == text ? number : nil
  }
}

/// Where the characters of a scalar stand in the file.
struct ScalarPlaces: Sendable {
  /// The place of the scalar itself.
  let start: SourceLocation
  /// The scalar's lines as they stand in the file from the first character of its text on; one line for a text
  /// on one line, several for a `|` block, none where text and file do not match character by character.
  let lines: [(location: SourceLocation, text: String)]

  /// The place of the character at `offset` (in Unicode scalars) of the text; the scalar's own where the exact
  /// place cannot be told, as in folded text or behind an escape.
  func location(at offset: Int) -> SourceLocation {
    var remaining = offset
    for line in lines {
      let length = line.text.unicodeScalars.count
      if remaining <= length {
        return SourceLocation(
          file: line.location.file, line: line.location.line, column: line.location.column + remaining)
      }
      remaining -= length + 1
    }
    return start
  }
}
