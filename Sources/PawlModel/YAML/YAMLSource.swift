/// The lines of a file, to find the exact place of a character inside a YAML scalar.
struct YAMLSource: Sendable {
  let file: String
  private let lines: [[Unicode.Scalar]]

  init(file: String, text: String) {
    self.file = file
    var lines: [[Unicode.Scalar]] = [[]]
    var previous: Unicode.Scalar?
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\n" where previous == "\r": break
      // What libyaml takes for a line break.
      case "\n", "\r", "\u{85}", "\u{2028}", "\u{2029}": lines.append([])
      default: lines[lines.count - 1].append(scalar)
      }
      previous = scalar
    }
    self.lines = lines
  }

  /// Counted from 1; the end of the file when `line` is beyond it, where YAML places what is missing at the end.
  func location(line: Int, column: Int) -> SourceLocation {
    guard line <= lines.count else {
      return SourceLocation(file: file, line: lines.count, column: self.line(lines.count).count + 1)
    }
    return SourceLocation(file: file, line: max(1, line), column: max(1, column))
  }

  /// Finds `text`, the value of the scalar that begins at `start`, in the file.
  func places(of text: String, style: YAMLScalar.Style, at start: SourceLocation) -> ScalarPlaces {
    switch style {
    case .plain: singleLine(text, from: start.column, start: start)
    case .quoted: singleLine(text, from: start.column + 1, start: start)
    case .literalBlock: block(text, start: start)
    case .foldedBlock: ScalarPlaces(start: start, lines: [])
    }
  }

  private func line(_ number: Int) -> [Unicode.Scalar] {
    lines.indices.contains(number - 1) ? lines[number - 1] : []
  }

  /// The part of the text that stands in the file as it is: all of it, or all before the first escape or fold.
  private func singleLine(_ text: String, from column: Int, start: SourceLocation) -> ScalarPlaces {
    let written = line(start.line).dropFirst(column - 1)
    var common = String.UnicodeScalarView()
    for (one, other) in zip(text.unicodeScalars, written) {
      guard one == other else { break }
      common.append(one)
    }
    let location = SourceLocation(file: file, line: start.line, column: column)
    return ScalarPlaces(start: start, lines: common.isEmpty ? [] : [(location, String(common))])
  }

  /// A `|` block: each line of the text is a line of the file behind the same indentation.
  private func block(_ text: String, start: SourceLocation) -> ScalarPlaces {
    var found: [(SourceLocation, String)] = []
    let textLines = text.split(separator: "\n", omittingEmptySubsequences: false)
    for (index, textLine) in textLines.enumerated() {
      let number = start.line + 1 + index
      let written = line(number)
      let indentation = written.count - textLine.unicodeScalars.count
      guard indentation >= 0, written.dropFirst(indentation).elementsEqual(textLine.unicodeScalars) else {
        // A last line without text stands for the break at the end of the block.
        if textLine.isEmpty, written.allSatisfy({ $0 == " " }) { continue }
        return ScalarPlaces(start: start, lines: found)
      }
      let location = SourceLocation(file: file, line: number, column: indentation + 1)
      found.append((location, String(textLine)))
    }
    return ScalarPlaces(start: start, lines: found)
  }
}
