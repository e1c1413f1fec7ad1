import Yams

/// One parsed file: its root, or why there is none, with every problem of YAML itself.
struct YAMLDocument {
  /// Limits that keep a wrong or hostile file from costing more than it is worth.
  enum Limit {
    static let bytes = 1 << 20
    static let depth = 48
    static let nodes = 100_000
    static let duplicateKeys = 50
    /// Aliases are refused once the file is read; more than these are refused before, as they multiply.
    static let aliasesToRead = 4
  }

  let file: String
  /// The file's value.
  let root: YAMLNode
  /// The same as Yams has it, for `Decodable` types.
  let yams: Node

  /// Reads a file of one document.
  init(text: String, file: String) throws(DiagnosticsError) {
    guard text.utf8.count <= Limit.bytes else {
      throw DiagnosticsError([
        Diagnostic("the file has \(text.utf8.count) bytes; the limit is \(Limit.bytes)", at: .start(of: file))
      ])
    }
    let source = YAMLSource(file: file, text: text)
    if let place = Self.aliasFlood(in: text, source: source) {
      throw DiagnosticsError([Self.aliasDiagnostic(at: place)])
    }
    var parser = try YAMLParser(text: text, source: source)
    let (node, anchors) = try parser.parse()
    var converter = YAMLConverter(source: source, renamedKeys: parser.renamedKeys, keepAlive: anchors)
    let root = converter.convert(node, depth: 0)
    guard converter.diagnostics.isEmpty, let root else { throw DiagnosticsError(converter.diagnostics) }
    self.file = file
    self.root = root
    self.yams = node
  }

  static func aliasDiagnostic(at location: SourceLocation) -> Diagnostic {
    Diagnostic(
      "YAML anchors and aliases are not supported", hint: "Write the value out at each place.", at: location)
  }

  /// What can stand before an anchor or an alias.
  private static let tokenStarts = "\n\r\u{85}\u{2028}\u{2029}\u{FEFF}\t ,[{:-?".unicodeScalars

  private static func isAnchorCharacter(_ scalar: Unicode.Scalar) -> Bool {
    scalar.isASCII
      && (scalar.properties.isAlphabetic || ("0"..."9").contains(scalar)
        || "_-".unicodeScalars.contains(scalar))
  }

  /// The place of the first alias when the text looks as if it had anchors and many aliases. Exact enough for a
  /// guard: prose with an `&word` and several `*words*` in one file is the only thing it refuses wrongly.
  private static func aliasFlood(in text: String, source: YAMLSource) -> SourceLocation? {
    var (line, column) = (1, 1)
    var previous: Unicode.Scalar = "\n"
    var beforePrevious: Unicode.Scalar = "\n"
    var anchors = 0
    var aliases: [SourceLocation] = []
    for scalar in text.unicodeScalars {
      if tokenStarts.contains(beforePrevious), isAnchorCharacter(scalar) {
        if previous == "&" { anchors += 1 }
        if previous == "*" { aliases.append(source.location(line: line, column: column - 1)) }
      }
      (line, column) = scalar == "\n" ? (line + 1, 1) : (line, column + 1)
      (beforePrevious, previous) = (previous, scalar)
    }
    return anchors > 0 && aliases.count > Limit.aliasesToRead ? aliases.first : nil
  }
}

extension SourceLocation {
  /// The first character of a file.
  static func start(of file: String) -> SourceLocation { SourceLocation(file: file, line: 1, column: 1) }
}
