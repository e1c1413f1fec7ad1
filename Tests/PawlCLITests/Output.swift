import Synchronization

/// Lines that a view wrote.
final class Output: Sendable {
  private let all = Mutex<[String]>([])

  var lines: [String] { all.withLock { $0 } }

  @Sendable func add(_ line: String) { all.withLock { $0.append(line) } }
}

/// A terminal that is told to write lines, to go up and to clear what is below; wider lines stand on several rows.
final class Terminal: Sendable {
  fileprivate struct State {
    var width: Int
    var lines: [String] = []
  }

  private let state: Mutex<State>

  init(width: Int) { state = Mutex(State(width: width)) }

  var width: Int { state.withLock { $0.width } }

  /// The lines, each whole.
  var lines: [String] { state.withLock { $0.lines } }

  func resize(to width: Int) { state.withLock { $0.width = width } }

  @Sendable func write(_ text: String) {
    state.withLock { state in
      if let rows = Self.rowsUp(text) {
        state.removeRows(rows)
      } else {
        state.lines += text.split(separator: "\n", omittingEmptySubsequences: false).dropLast().map(
          String.init)
      }
    }
  }

  /// 3 of `ESC [ 3 A ESC [ J`.
  private static func rowsUp(_ text: String) -> Int? {
    guard text.hasPrefix("\u{1B}["), text.hasSuffix("A\u{1B}[J") else { return nil }
    return Int(text.dropFirst(2).dropLast(4))
  }
}

extension Terminal.State {
  private mutating func removeRow() {
    guard let last = lines.popLast() else { return }
    var rows = [""]
    for character in last {
      let columns = { (text: String) in text.reduce(0) { $0 + ($1.isASCII ? 1 : 2) } }
      if columns(rows[rows.count - 1] + String(character)) > width { rows.append("") }
      rows[rows.count - 1].append(character)
    }
    if rows.count > 1 { lines.append(rows.dropLast().joined()) }
  }

  fileprivate mutating func removeRows(_ count: Int) { for _ in 0..<count { removeRow() } }
}
