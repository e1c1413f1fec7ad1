/// Rows of a name and a text: beside each other where the text gets a column that can be read, else one below the other.
struct TwoColumns {
  private static let narrowest = 30

  private let width: Int
  private let headWidth: Int
  private let isStacked: Bool

  /// The layout that suits these rows, lines at most `width` wide.
  init(_ rows: [(head: String, text: String)], width: Int) {
    self.width = width
    headWidth = (rows.map(\.head.count).max() ?? 0) + 2
    let needed = min(rows.map(\.text.count).max() ?? 0, Self.narrowest)
    isStacked = headWidth + needed > width
  }

  /// The lines of one row.
  func lines(_ head: String, _ text: String) -> [String] {
    if isStacked { return [head.trimmedEnd] + text.wrapped(to: width, indent: "      ") }
    let parts = text.wrapped(to: width - headWidth)
    return parts.enumerated().map { ($0.offset == 0 ? head : "").padded(to: headWidth) + $0.element }
  }
}
