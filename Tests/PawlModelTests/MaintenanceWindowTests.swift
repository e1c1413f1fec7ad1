import Foundation
import PawlModel
import Testing

@Suite struct MaintenanceWindowTests {
  private func window(_ text: String) throws -> MaintenanceWindow {
    try #require(MaintenanceWindow(parsing: text), "\(text)")
  }

  private func time(_ text: String) throws -> Date { try Date(text, strategy: .iso8601) }

  @Test(
    "The text form reads back as it was",
    arguments: [
      "sat 22:00-04:00 Europe/Berlin", "mon,tue,wed,thu,fri,sat,sun 00:00-23:59 UTC",
      "sun 09:05-10:00 America/New_York",
    ])
  func text(_ text: String) throws {
    #expect(try window(text).description == text)
  }

  @Test(
    "Other text is no window",
    arguments: [
      "", "sat", "sat 22:00-04:00", "sat 22:00-04:00 Europe/Berlim", "sat 24:00-04:00 UTC", "sat 22:00 UTC",
      "sat 9:00-10:00 UTC", "Sat 09:00-10:00 UTC", "sat, 09:00-10:00-11:00 UTC", "sat 09:00-10:60 UTC",
      "sat  09:00-10:00 UTC", "sat +9:00-10:00 UTC",
    ])
  func noText(_ text: String) {
    #expect(MaintenanceWindow(parsing: text) == nil)
  }

  /// The window, a moment, and the next time it is open.
  @Test(
    "The next time, the present one included",
    arguments: [
      // 2026-11-21 is a Saturday.
      ("sat 22:00-23:00 UTC", "2026-11-21T10:00:00Z", "2026-11-21T22:00:00Z", "2026-11-21T23:00:00Z"),
      ("sat 22:00-23:00 UTC", "2026-11-21T22:30:00Z", "2026-11-21T22:00:00Z", "2026-11-21T23:00:00Z"),
      ("sat 22:00-23:00 UTC", "2026-11-21T23:00:00Z", "2026-11-28T22:00:00Z", "2026-11-28T23:00:00Z"),
      ("fri,sat 22:00-23:00 UTC", "2026-11-22T00:00:00Z", "2026-11-27T22:00:00Z", "2026-11-27T23:00:00Z"),
      // Over midnight it belongs to the day it begins on.
      ("sat 22:00-04:00 UTC", "2026-11-22T03:59:59Z", "2026-11-21T22:00:00Z", "2026-11-22T04:00:00Z"),
      ("sun 22:00-04:00 UTC", "2026-11-22T03:59:59Z", "2026-11-22T22:00:00Z", "2026-11-23T04:00:00Z"),
      ("sat 22:00-00:00 UTC", "2026-11-21T10:00:00Z", "2026-11-21T22:00:00Z", "2026-11-22T00:00:00Z"),
      // A zone's day is not UTC's.
      ("sun 00:00-02:00 Asia/Tokyo", "2026-11-21T14:00:00Z", "2026-11-21T15:00:00Z", "2026-11-21T17:00:00Z"),
      (
        "sat 22:00-04:00 Europe/Berlin", "2026-11-21T10:00:00Z", "2026-11-21T21:00:00Z",
        "2026-11-22T03:00:00Z"
      ),
      (
        "sat 22:00-04:00 Europe/Berlin", "2026-07-18T10:00:00Z", "2026-07-18T20:00:00Z",
        "2026-07-19T02:00:00Z"
      ),
      // Berlin, 2026-03-29: 02:00 becomes 03:00. The window is an hour shorter.
      (
        "sat 22:00-04:00 Europe/Berlin", "2026-03-28T10:00:00Z", "2026-03-28T21:00:00Z",
        "2026-03-29T02:00:00Z"
      ),
      // 02:30 is skipped: it is the moment of the change.
      (
        "sun 00:00-02:30 Europe/Berlin", "2026-03-28T10:00:00Z", "2026-03-28T23:00:00Z",
        "2026-03-29T01:00:00Z"
      ),
      (
        "sun 02:30-05:00 Europe/Berlin", "2026-03-28T10:00:00Z", "2026-03-29T01:00:00Z",
        "2026-03-29T03:00:00Z"
      ),
      // All of it is skipped: not on that day.
      (
        "sun 02:10-02:50 Europe/Berlin", "2026-03-28T10:00:00Z", "2026-04-05T00:10:00Z",
        "2026-04-05T00:50:00Z"
      ),
      // Berlin, 2026-10-25: 03:00 becomes 02:00. The window is an hour longer, and 02:30 is the first of the two.
      (
        "sat 22:00-04:00 Europe/Berlin", "2026-10-24T10:00:00Z", "2026-10-24T20:00:00Z",
        "2026-10-25T03:00:00Z"
      ),
      (
        "sun 00:00-02:30 Europe/Berlin", "2026-10-24T10:00:00Z", "2026-10-24T22:00:00Z",
        "2026-10-25T00:30:00Z"
      ),
      (
        "sun 02:30-05:00 Europe/Berlin", "2026-10-24T10:00:00Z", "2026-10-25T00:30:00Z",
        "2026-10-25T04:00:00Z"
      ),
      // Cairo, 2026-04-24: midnight is skipped.
      (
        "fri 00:00-03:00 Africa/Cairo", "2026-04-23T10:00:00Z", "2026-04-23T22:00:00Z", "2026-04-24T00:00:00Z"
      ),
    ])
  func next(text: String, now: String, start: String, end: String) throws {
    let found = try #require(try window(text).openings(after: time(now)).first)
    #expect(found.start.formatted(.iso8601) == start)
    #expect(found.end.formatted(.iso8601) == end)
  }

  @Test(
    "The first opening that is long enough, from now on",
    arguments: [
      (["sat 10:00-12:00 UTC"], 3600, "2026-11-21T10:30:00Z"),
      (["sat 10:00-12:00 UTC"], 5400, "2026-11-21T10:30:00Z"),
      (["sat 10:00-12:00 UTC"], 5401, "2026-11-28T10:00:00Z"), (["sat 10:00-12:00 UTC"], 7201, nil),
      (["sat 10:00-11:00 UTC", "sun 01:00-05:00 UTC"], 3600, "2026-11-22T01:00:00Z"),
      (["sun 01:00-05:00 UTC", "sat 10:00-12:00 UTC"], 60, "2026-11-21T10:30:00Z"), ([], 1, nil),
      // What touches or overlaps is one opening, also in different zones.
      (["sat 10:00-00:00 UTC", "sun 00:00-04:00 UTC"], 17 * 3600, "2026-11-21T10:30:00Z"),
      (["sat 10:00-00:00 UTC", "sun 00:00-04:00 UTC"], 63_001, "2026-11-28T10:00:00Z"),
      (["sat 10:00-00:00 UTC", "sun 00:01-04:00 UTC"], 15 * 3600, nil),
      (
        ["sun 03:00-04:00 UTC", "sat 10:00-12:00 UTC", "sat 12:30-13:30 Europe/Berlin"], 7000,
        "2026-11-21T10:30:00Z"
      ),
      (["sat,sun 09:00-09:00 UTC"], 46 * 3600, "2026-11-21T10:30:00Z"),
    ] as [([String], Int, String?)])
  func opening(texts: [String], seconds: Int, start: String?) throws {
    let windows = try texts.map(window)
    let found = MaintenanceWindow.opening(of: windows, for: seconds, after: try time("2026-11-21T10:30:00Z"))
    #expect(found?.start.formatted(.iso8601) == start)
  }

  /// Around the days on which Berlin's clocks are changed.
  @Test(
    "In every minute of a week: nothing closes before the end, and nothing before the start is long enough",
    arguments: [
      (
        ["fri 20:00-00:00 Europe/Berlin", "sat 00:00-06:00 Europe/Berlin", "sun 01:30-03:30 Europe/Berlin"],
        5 * 3600
      ),
      (["sat 22:00-02:30 Europe/Berlin", "sun 02:30-05:00 Europe/Berlin", "sun 03:30-04:00 UTC"], 6 * 3600),
      (["sat,sun 03:00-03:00 Europe/Berlin", "mon 02:00-02:45 UTC"], 30 * 3600),
      (["sat 20:00-21:00 America/New_York", "sun 01:00-02:00 UTC", "sun 02:00-03:00 Europe/Berlin"], 5400),
      (["mon,tue,wed,thu,fri,sat,sun 00:00-00:00 Europe/Berlin"], 10 * 86_400),
    ] as [([String], Int)], ["2026-03-27T00:00:00Z", "2026-10-23T00:00:00Z"])
  func continuous(windows: ([String], seconds: Int), begin: String) throws {
    let (texts, seconds) = windows
    let windows = try texts.map(window)
    let begin = try time(begin)
    let minutes = 14 * 1440
    var open = Array(repeating: false, count: minutes)
    for opening in windows.flatMap({ $0.openings(after: begin) }) {
      let from = max(0, Int(opening.start.timeIntervalSince(begin) / 60))
      let to = min(minutes, Int(opening.end.timeIntervalSince(begin) / 60))
      if from < to { for minute in from..<to { open[minute] = true } }
    }
    /// For how many minutes it stays open from each minute on.
    var rest = Array(repeating: 0, count: minutes + 1)
    for minute in stride(from: minutes - 1, through: 0, by: -1) {
      rest[minute] = open[minute] ? rest[minute + 1] + 1 : 0
    }
    for now in stride(from: 0, to: 3 * 1440, by: 7) {
      let found = try #require(
        MaintenanceWindow.opening(
          of: windows, for: seconds, after: begin.addingTimeInterval(Double(now) * 60)))
      let start = Int(found.start.timeIntervalSince(begin) / 60)
      let expected = (now..<minutes).first { rest[$0] >= seconds / 60 }
      #expect(start == expected, "minute \(now)")
      #expect(start + Int(found.duration / 60) >= min(minutes, start + rest[start]), "minute \(now)")
      #expect(start + rest[start] == minutes || Int(found.duration / 60) == rest[start], "minute \(now)")
    }
  }

  @Test(
    "In each hour of three years, every opening ends after now, on a day of the window, and is not too long")
  func everyHour() throws {
    let windows = try [
      "fri,sat 22:30-02:30 Europe/Berlin", "sun 01:30-03:00 America/New_York", "mon 00:00-23:59 Africa/Cairo",
    ].map(window)
    var now = try time("2025-01-01T00:00:00Z")
    while now < (try time("2028-01-01T00:00:00Z")) {
      for window in windows {
        let open = try #require(window.openings(after: now).first)
        let length = (window.toMinute - window.fromMinute + 1440) % 1440 * 60
        #expect(open.end > now && abs(open.duration - Double(length)) <= 3600, "\(window) \(now)")
        #expect(open.start.timeIntervalSince(now) <= 8 * 86_400 + 3600, "\(window) \(now)")
      }
      now += 3600 * 5
    }
  }
}
