/// Durations as operators write them: `10s`, `5m`, `1h30m`. Pawl counts in whole seconds.
package enum DurationText {
  /// The longest duration that is accepted, 30 days.
  package static let longestSeconds = 30 * 24 * 3600

  /// Why a text is not a duration: one sentence without a full stop.
  package struct Problem: Error, Sendable, Hashable {
    /// What is wrong and what to write instead.
    package let message: String
  }

  /// The seconds of `1h30m`, `5m`, `10s`; each unit at most once, the larger first.
  package static func seconds(parsing text: String) throws(Problem) -> Int {
    var total = 0
    var rest = text.utf8[...]
    var previousUnit = Int.max
    guard !rest.isEmpty else { throw problem(text) }
    while !rest.isEmpty {
      let digits = rest.prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
      rest = rest.dropFirst(digits.count)
      guard (1...7).contains(digits.count), let count = Int(Substring(digits)), let letter = rest.first else {
        throw problem(text)
      }
      if String(Substring(rest)) == "ms" {
        throw Problem(message: "'\(text)' is below a second; durations are whole seconds, such as 1s")
      }
      guard let unit = units[letter], unit < previousUnit else { throw problem(text) }
      rest = rest.dropFirst()
      previousUnit = unit
      total += count * unit
    }
    guard total <= longestSeconds else { throw Problem(message: "'\(text)' is longer than 30 days") }
    return total
  }

  /// The shortest text for a number of seconds: 5400 is `1h30m`.
  package static func text(ofSeconds seconds: Int) -> String {
    guard seconds > 0 else { return "\(seconds)s" }
    let parts = [(seconds / 3600, "h"), (seconds / 60 % 60, "m"), (seconds % 60, "s")]
    return parts.filter { $0.0 > 0 }.map { "\($0.0)\($0.1)" }.joined()
  }

  private static let units: [UInt8: Int] = [
    UInt8(ascii: "h"): 3600, UInt8(ascii: "m"): 60, UInt8(ascii: "s"): 1,
  ]

  private static func problem(_ text: String) -> Problem {
    Problem(message: "'\(text)' is not a duration; write 10s, 5m or 1h30m")
  }
}
