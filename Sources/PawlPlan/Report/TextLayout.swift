extension String {
  /// The text with a capital letter in front and a full stop behind.
  package var asSentence: String {
    let text = prefix(1).uppercased() + dropFirst()
    return text.hasSuffix(".") ? text : text + "."
  }

  /// The text with spaces added up to a width, and at least one.
  package func padded(to width: Int) -> String {
    count < width ? self + String(repeating: " ", count: width - count) : self + " "
  }

  /// The text without spaces and newlines at its end.
  package var trimmedEnd: String {
    var rest = Substring(self)
    while let last = rest.last, last.isWhitespace { rest = rest.dropLast() }
    return String(rest)
  }

  /// Lines of at most `width`, broken at spaces; a longer word stands alone. Further lines are indented more.
  package func wrapped(to width: Int, indent: String = "") -> [String] {
    var lines: [String] = []
    var line = indent
    for word in split(separator: " ") {
      if line.count + word.count + 1 > width, line.contains(where: { $0 != " " }) {
        lines.append(line)
        line = indent + "  "
      }
      line += (line.allSatisfy { $0 == " " } ? "" : " ") + word
    }
    if line.contains(where: { $0 != " " }) { lines.append(line) }
    return lines
  }
}
