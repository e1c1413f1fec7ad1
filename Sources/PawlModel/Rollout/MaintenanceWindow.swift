package import Foundation

/// Times of the week in which nodes may be started: `fri,sat 22:00-04:00 Europe/Berlin`.
///
/// A window that ends at or before its start's time of day goes over midnight and belongs to the day it begins on.
/// On the days when clocks are changed, a time of day that is skipped is the moment of the change, and of one that
/// comes twice the first counts.
package struct MaintenanceWindow: Sendable, Hashable, Codable, CustomStringConvertible {
  /// The days, as they are written.
  package enum Day: String, Sendable, Hashable, Codable, CaseIterable {
    case mon, tue, wed, thu, fri, sat, sun

    /// As `Calendar` counts.
    fileprivate var weekday: Int {
      switch self {
      case .sun: 1
      case .mon: 2
      case .tue: 3
      case .wed: 4
      case .thu: 5
      case .fri: 6
      case .sat: 7
      }
    }
  }

  /// Days on which the window opens.
  package let days: [Day]
  /// Minutes since midnight at which it opens and closes.
  package let fromMinute: Int
  package let toMinute: Int
  /// A name of the time zone database.
  package let timeZone: String

  /// Makes a window.
  package init(days: [Day], fromMinute: Int, toMinute: Int, timeZone: String) {
    self.days = days
    self.fromMinute = fromMinute
    self.toMinute = toMinute
    self.timeZone = timeZone
  }

  /// Reads the form of `description`; nil for any other text.
  package init?(parsing text: String) {
    let parts = text.split(separator: " ", omittingEmptySubsequences: false).map(String.init)
    guard parts.count == 3, Self.isTimeZone(parts[2]) else { return nil }
    let days = parts[0].split(separator: ",").map { Day(rawValue: String($0)) }
    let times = parts[1].split(separator: "-").map { Self.minute(parsing: String($0)) }
    guard !days.isEmpty, !days.contains(nil), times.count == 2, let from = times[0], let to = times[1] else {
      return nil
    }
    self.init(days: days.compactMap(\.self), fromMinute: from, toMinute: to, timeZone: parts[2])
  }

  package var description: String {
    days.map(\.rawValue).joined(separator: ",")
      + " \(Self.text(fromMinute))-\(Self.text(toMinute)) \(timeZone)"
  }

  /// The minutes since midnight of `22:00`; nil for text that is no time of day.
  package static func minute(parsing text: String) -> Int? {
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    guard parts.count == 2, parts.allSatisfy({ $0.utf8.count == 2 && $0.allSatisfy(\.isASCIIDigit) }),
      let hour = Int(parts[0]), let minute = Int(parts[1]), hour < 24, minute < 60
    else { return nil }
    return hour * 60 + minute
  }

  private static func text(_ minute: Int) -> String {
    [minute / 60, minute % 60].map { $0 < 10 ? "0\($0)" : "\($0)" }.joined(separator: ":")
  }

  /// Whether the time zone database has that name.
  package static func isTimeZone(_ name: String) -> Bool { TimeZone(identifier: name) != nil }
}

extension Character {
  fileprivate var isASCIIDigit: Bool { isASCII && isNumber }
}

// MARK: - When it is open

extension MaintenanceWindow {
  /// The times that the window is open and that end after `time`, the present one included, in order, for a fortnight.
  package func openings(after time: Date) -> [DateInterval] {
    guard let zone = TimeZone(identifier: timeZone) else { return [] }
    var calendar = Calendar(identifier: .gregorian)
    calendar.timeZone = zone
    let weekdays = Set(days.map(\.weekday))
    // The window that is open may have begun the day before.
    return (-1...14).compactMap { offset in
      guard let day = calendar.date(byAdding: .day, value: offset, to: calendar.startOfDay(for: time)),
        weekdays.contains(calendar.component(.weekday, from: day)),
        let last = toMinute > fromMinute ? day : calendar.date(byAdding: .day, value: 1, to: day)
      else { return nil }
      let start = Self.moment(fromMinute, of: day, in: calendar)
      let end = Self.moment(toMinute, of: last, in: calendar)
      guard let start, let end, start < end, end > time else { return nil }
      return DateInterval(start: start, end: end)
    }
  }

  /// The first opening, or what is left of the present one, that is long enough; looks a fortnight ahead. Openings that
  /// touch or overlap, of one window or several, are one: time goes on without a gap.
  package static func opening(
    of windows: [MaintenanceWindow], for seconds: Int, after time: Date
  ) -> DateInterval? {
    var joined: [DateInterval] = []
    for opening in windows.flatMap({ $0.openings(after: time) }).sorted() {
      if let last = joined.last, opening.start <= last.end {
        joined[joined.count - 1].end = max(last.end, opening.end)
      } else {
        joined.append(opening)
      }
    }
    return joined.lazy.map { DateInterval(start: max($0.start, time), end: $0.end) }
      .first { $0.duration >= TimeInterval(seconds) }
  }

  /// The moment of a time of day.
  private static func moment(_ minute: Int, of day: Date, in calendar: Calendar) -> Date? {
    var wanted = calendar.dateComponents([.year, .month, .day], from: day)
    (wanted.hour, wanted.minute, wanted.second) = (minute / 60, minute % 60, 0)
    guard let moment = calendar.date(from: wanted) else { return nil }
    let found = calendar.dateComponents([.hour, .minute], from: moment)
    if found.hour == wanted.hour, found.minute == wanted.minute { return moment }
    // The clock skips it. Where midnight is skipped, the day begins after the change.
    let before = calendar.startOfDay(for: day).addingTimeInterval(-12 * 3600)
    return calendar.timeZone.nextDaylightSavingTimeTransition(after: before)
  }
}
