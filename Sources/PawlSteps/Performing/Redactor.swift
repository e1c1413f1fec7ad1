/// Takes secrets out of text: known values, and what looks like one wherever it comes from. Pure.
///
/// Looks like one: a PEM private key, `Bearer …`, `token=…`, `password=…` and their JSON and YAML forms, the
/// password of a URL, a JSON web token, and kubeadm's bootstrap tokens (`[a-z0-9]{6}.[a-z0-9]{16}`).
package struct Redactor: Sendable {
  /// What stands in for a secret.
  package static let mark = "[redacted]"
  /// Shorter values would take innocent text away.
  private static let shortestValue = 6
  private static let keys = ["token", "password", "passwd", "passphrase", "secret"].map { Array($0.utf8) }
  private static let bearer = Array("bearer".utf8)
  private static let schemeEnd = Array("://".utf8)

  private let values: [String]

  /// - Parameter secrets: Values that must never show, such as the tokens of a kubeconfig.
  package init(secrets: [String] = []) {
    // Longest first, for one may be part of another.
    values = Set(secrets).filter { $0.utf8.count >= Self.shortestValue }.sorted {
      ($1.utf8.count, $0) < ($0.utf8.count, $1)
    }
  }

  /// The text without secrets.
  package func redact(_ text: String) -> String {
    var stream = RedactedStream(self)
    return stream.take(text) + stream.finish()
  }

  /// One line without secrets; private keys over several lines are the stream's matter.
  func redactLine(_ line: String) -> String {
    var text = line
    for value in values where text.contains(value) { text = text.replacing(value, with: Self.mark) }
    let bytes = Array(text.utf8)
    var kept: [UInt8] = []
    var place = 0
    while place < bytes.count {
      if let secret = secret(in: bytes, at: place) {
        kept += bytes[place..<secret.lowerBound] + Array(Self.mark.utf8)
        place = secret.upperBound
      } else {
        kept.append(bytes[place])
        place += 1
      }
    }
    return String(decoding: kept, as: UTF8.self)
  }

  /// The secret that a key word or the secret itself at `place` begins.
  private func secret(in bytes: [UInt8], at place: Int) -> Range<Int>? {
    if Self.begins(bytes, place, with: Self.bearer) {
      let start = Self.skip(bytes, place + Self.bearer.count) { $0 == .space }
      let end = Self.skip(bytes, start) { !$0.endsValue }
      return start > place + Self.bearer.count && end - start >= 8 ? start..<end : nil
    }
    if Self.begins(bytes, place, with: Self.schemeEnd) {
      return Self.password(in: bytes, after: place + Self.schemeEnd.count)
    }
    for key in Self.keys where Self.begins(bytes, place, with: key) {
      return Self.value(in: bytes, after: place + key.count, isFlag: Self.isFlag(bytes, place))
    }
    guard place == 0 || !bytes[place - 1].isTokenCharacter else { return nil }
    let end = Self.skip(bytes, place) { $0.isTokenCharacter }
    return Self.isToken(bytes[place..<end]) ? place..<end : nil
  }

  /// `=value`, `": "value"`, and after a flag also ` value`.
  private static func value(in bytes: [UInt8], after place: Int, isFlag: Bool) -> Range<Int>? {
    let quote = skip(bytes, place) { $0.isQuote }
    let sign = skip(bytes, quote) { $0 == .space }
    guard sign < bytes.count else { return nil }
    let isEqual = bytes[sign] == UInt8(ascii: "=")
    let isColon = bytes[sign] == UInt8(ascii: ":")
    guard isEqual || isColon || (isFlag && sign > quote) else { return nil }
    var start = skip(bytes, isEqual || isColon ? sign + 1 : sign) { $0 == .space }
    let end: Int
    if start < bytes.count, bytes[start].isQuote {
      let mark = bytes[start]
      start += 1
      end = skip(bytes, start) { $0 != mark }
    } else {
      end = skip(bytes, start) { !$0.endsValue }
    }
    guard end > start else { return nil }
    // "invalid token: expired" is a sentence.
    let isSentence = isColon && (end - start < 8 || !bytes[start..<end].contains { $0.isDigit })
    return isSentence ? nil : start..<end
  }

  /// Of `user:password@host`.
  private static func password(in bytes: [UInt8], after place: Int) -> Range<Int>? {
    let end = skip(bytes, place) { !$0.endsValue && $0 != UInt8(ascii: "/") && $0 != UInt8(ascii: "@") }
    guard end < bytes.count, bytes[end] == UInt8(ascii: "@"),
      let colon = bytes[place..<end].firstIndex(of: UInt8(ascii: ":")), colon + 1 < end
    else { return nil }
    return colon + 1..<end
  }

  private static func isFlag(_ bytes: [UInt8], _ place: Int) -> Bool {
    place >= 2 && bytes[place - 1] == UInt8(ascii: "-")
  }

  /// A JSON web token or a bootstrap token.
  private static func isToken(_ word: ArraySlice<UInt8>) -> Bool {
    let parts = word.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
    if parts.count == 3, word.count >= 32 { return word.starts(with: Array("eyJ".utf8)) }
    return parts.count == 2 && parts[0].count == 6 && parts[1].count == 16
      && word.contains { $0.isDigit } && word.allSatisfy { $0.isDigit || $0.isLowercase || $0 == .dot }
  }

  private static func begins(_ bytes: [UInt8], _ place: Int, with key: [UInt8]) -> Bool {
    place + key.count <= bytes.count && zip(bytes[place...], key).allSatisfy { $0 | 0x20 == $1 }
  }

  private static func skip(_ bytes: [UInt8], _ from: Int, while condition: (UInt8) -> Bool) -> Int {
    var place = from
    while place < bytes.count, condition(bytes[place]) { place += 1 }
    return place
  }
}

/// Redacts text that comes in pieces: a line is let go when it is whole, so that no secret slips through in halves.
package struct RedactedStream: Sendable {
  /// A longer line is let go in parts.
  private static let longestLine = 64 * 1024

  private let redactor: Redactor
  private var open: [UInt8] = []
  private var isInKey = false

  /// A stream at its beginning.
  package init(_ redactor: Redactor) { self.redactor = redactor }

  /// Takes a piece; gives what is safe to show.
  package mutating func take(_ text: String) -> String {
    open += Array(text.utf8)
    var shown = ""
    var start = 0
    for place in open.indices where open[place] == .lineFeed || open[place] == .carriageReturn {
      let isHidden = isInKey
      shown += line(open[start..<place])
      if !isHidden { shown.unicodeScalars.append(Unicode.Scalar(open[place])) }
      start = place + 1
    }
    open.removeFirst(start)
    if open.count > Self.longestLine { shown += finish() }
    return shown
  }

  /// The rest, when no more pieces come.
  package mutating func finish() -> String {
    defer { open = [] }
    return line(open[...])
  }

  private mutating func line(_ bytes: ArraySlice<UInt8>) -> String {
    let text = String(decoding: bytes, as: UTF8.self)
    let isMark = text.contains("PRIVATE KEY-----")
    if isInKey {
      if isMark, text.contains("-----END") { isInKey = false }
      return ""
    }
    if isMark, text.contains("-----BEGIN") {
      isInKey = !text.contains("-----END")
      return Redactor.mark
    }
    return redactor.redactLine(text)
  }
}

extension UInt8 {
  fileprivate static let space = UInt8(ascii: " ")
  fileprivate static let dot = UInt8(ascii: ".")
  fileprivate static let lineFeed = UInt8(ascii: "\n")
  fileprivate static let carriageReturn = UInt8(ascii: "\r")
  fileprivate var isDigit: Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(self) }
  fileprivate var isLowercase: Bool { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(self) }
  fileprivate var isUppercase: Bool { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(self) }
  fileprivate var isQuote: Bool { self == UInt8(ascii: "\"") || self == UInt8(ascii: "'") }
  fileprivate var isTokenCharacter: Bool {
    isDigit || isLowercase || isUppercase || self == .dot || self == UInt8(ascii: "-")
      || self == UInt8(ascii: "_")
  }
  fileprivate var endsValue: Bool {
    self <= .space || isQuote || self == UInt8(ascii: "&") || self == UInt8(ascii: ",")
      || self == UInt8(ascii: ";")
      || self == UInt8(ascii: ")")
  }
}
