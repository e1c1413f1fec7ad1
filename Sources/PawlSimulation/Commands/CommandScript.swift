/// What a program will do: lines, pauses and changes in order, and its exit status.
struct CommandScript: Sendable, Hashable {
  enum Item: Sendable, Hashable {
    case say(String)
    /// To standard error.
    case complain(String)
    case spend(Duration)
    case change(SimulatedChange)
    /// Never goes on; forgets even its time limit when `forever`.
    case hang(forever: Bool)
    /// The program is gone without a status.
    case vanish(String)
  }

  var items: [Item] = []
  var status = 0

  /// A program that only prints.
  static func printing(_ lines: [String], status: Int = 0) -> CommandScript {
    CommandScript(items: [.spend(SimulatedTimes.look)] + lines.map(Item.say), status: status)
  }

  /// A program that complains and ends.
  static func failing(_ status: Int, _ complaint: String) -> CommandScript {
    CommandScript(items: [.spend(SimulatedTimes.look), .complain(complaint)], status: status)
  }

  mutating func say(_ line: String, after pause: Duration = .zero) {
    if pause > .zero { items.append(.spend(pause)) }
    items.append(.say(line))
  }

  mutating func spend(_ duration: Duration) { items.append(.spend(duration)) }

  mutating func change(_ change: SimulatedChange) { items.append(.change(change)) }

  /// The script up to and including the first change, then gone: a program killed in the middle.
  func killedHalfway() -> CommandScript {
    let isChange: (Item) -> Bool = { if case .change = $0 { true } else { false } }
    let end = items.firstIndex(where: isChange).map { $0 + 1 } ?? items.count / 2
    return CommandScript(items: items.prefix(end) + [.vanish("It was killed.")], status: 137)
  }
}
