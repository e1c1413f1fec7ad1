import Yams

/// Runs Yams and turns its errors into diagnostics.
///
/// Yams gives up at the first mapping with a repeated key. To report every problem of a file at once, the first of
/// two equal keys is renamed in a copy of the text, with a character of the private-use area, and the copy is
/// parsed again; `renamedKeys` gives the names back.
struct YAMLParser {
  /// The true first character of the keys that were renamed, by the place of the key.
  private(set) var renamedKeys: [SourceLocation: Unicode.Scalar] = [:]
  private var scalars: [Unicode.Scalar]
  private let source: YAMLSource

  init(text: String, source: YAMLSource) throws(DiagnosticsError) {
    self.scalars = Array(text.unicodeScalars)
    self.source = source
  }

  /// The root, and the parser that keeps the anchors of nodes alive.
  mutating func parse() throws(DiagnosticsError) -> (Node, Parser) {
    while true {
      do {
        var view = String.UnicodeScalarView()
        view.append(contentsOf: scalars)
        let parser = try Parser(yaml: String(view), resolver: .basic, constructor: .default, encoding: .utf8)
        guard let root = try parser.singleRoot() else {
          throw DiagnosticsError([Diagnostic("the file is empty", at: .start(of: source.file))])
        }
        return (root, parser)
      } catch YamlError.duplicatedKeysInMapping(_, let context) {
        guard rename(keyAt: context.mark) else {
          let place = source.location(line: context.mark.line, column: context.mark.column)
          throw DiagnosticsError([Diagnostic("the key is given twice", at: place)])
        }
      } catch let error as DiagnosticsError {
        throw error
      } catch {
        throw DiagnosticsError([diagnostic(of: error)])
      }
    }
  }

  /// Renames the key at a place; false when there are too many or the key is not plain or quoted text.
  private mutating func rename(keyAt mark: Mark) -> Bool {
    let count = renamedKeys.count
    guard count < YAMLDocument.Limit.duplicateKeys, var index = index(of: mark) else { return false }
    if scalars[index] == "\"" || scalars[index] == "'" { index += 1 }
    guard scalars.indices.contains(index), scalars[index].isNameCharacter,
      let replacement = Unicode.Scalar(0xE000 + UInt32(count))
    else { return false }
    renamedKeys[source.location(line: mark.line, column: mark.column)] = scalars[index]
    scalars[index] = replacement
    return true
  }

  /// The index of the character at a line and column, lines as libyaml counts them.
  private func index(of mark: Mark) -> Int? {
    var line = 1
    var index = 0
    while line < mark.line, index < scalars.count {
      switch scalars[index] {
      case "\r" where index + 1 < scalars.count && scalars[index + 1] == "\n": break
      case "\n", "\r", "\u{85}", "\u{2028}", "\u{2029}": line += 1
      default: break
      }
      index += 1
    }
    index += mark.column - 1
    return mark.line >= 1 && scalars.indices.contains(index) ? index : nil
  }

  private func diagnostic(of error: any Error) -> Diagnostic {
    switch error {
    case YamlError.scanner(let context, let problem, let mark, _),
      YamlError.parser(let context, let problem, let mark, _),
      YamlError.composer(let context, let problem, let mark, _):
      let where_ = context.map { " (\($0.text))" } ?? ""
      return Diagnostic(
        "this is not valid YAML: \(problem)\(where_)",
        at: source.location(line: mark.line, column: mark.column))
    case YamlError.reader(let problem, _, _, _):
      return Diagnostic("this is not valid YAML: \(problem)", at: unreadablePlace)
    default:
      return Diagnostic("this is not valid YAML", at: .start(of: source.file))
    }
  }

  /// The first character that YAML does not allow in a file.
  private var unreadablePlace: SourceLocation {
    var (line, column) = (1, 1)
    for scalar in scalars {
      if scalar.value < 0x20, !["\t", "\n", "\r"].contains(scalar) || scalar.value == 0x7F { break }
      if (0x7F...0x9F).contains(scalar.value), scalar.value != 0x85 { break }
      (line, column) = scalar == "\n" ? (line + 1, 1) : (line, column + 1)
    }
    return source.location(line: line, column: column)
  }
}

extension Unicode.Scalar {
  /// A letter, digit or underscore: safe to be replaced by another character in YAML.
  fileprivate var isNameCharacter: Bool {
    properties.isAlphabetic || properties.numericType != nil || self == "_"
  }
}
