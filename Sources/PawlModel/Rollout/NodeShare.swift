/// A number of nodes, or a share of them: `2` or `25%`.
package enum NodeShare: Sendable, Hashable, Codable {
  case count(Int)
  case percent(Int)

  /// The most nodes that a number may speak of.
  static let most = 1000

  /// nil for anything that is no number from 1 to 1000 and no share from 1% to 100%.
  package init?(parsing text: String) {
    if text.hasSuffix("%") {
      guard let percent = Int(text.dropLast()), (1...100).contains(percent) else { return nil }
      self = .percent(percent)
    } else {
      guard let count = Int(text), (1...Self.most).contains(count) else { return nil }
      self = .count(count)
    }
  }

  /// Nodes of a set: a share is rounded down, but never below 1.
  package func nodes(of total: Int) -> Int {
    switch self {
    case .count(let count): count
    case .percent(let percent): max(1, total * percent / 100)
    }
  }
}
