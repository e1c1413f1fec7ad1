/// A terminal as a live view uses it.
struct Screen: Sendable {
  /// Columns, which may change at any time.
  let width: @Sendable () -> Int
  /// Writes text as it is.
  let write: @Sendable (String) -> Void

  /// Standard output.
  static let console = Screen(width: { Console.width }, write: { Console.write($0) })

  /// Writes a line.
  func line(_ text: String) { write(text + "\n") }
}

extension String {
  /// The columns that the text takes on a terminal.
  var columns: Int { reduce(0) { $0 + $1.columns } }

  /// The beginning that fits in so many columns.
  func clipped(to columns: Int) -> String {
    var left = columns
    return String(
      prefix { character in
        left -= character.columns
        return left >= 0
      })
  }
}

extension Character {
  /// 2 for the wide characters of East Asia and emoji, else 1.
  fileprivate var columns: Int {
    switch unicodeScalars.first?.value ?? 0 {
    case 0x1100...0x115F, 0x2E80...0xA4CF, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F,
      0xFF00...0xFF60, 0xFFE0...0xFFE6, 0x1F300...0x1FAFF, 0x20000...0x3FFFD:
      2
    default: 1
    }
  }
}
