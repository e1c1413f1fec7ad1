import Foundation

/// A JSON value, for the few bodies that need an explicit null.
enum JSONValue: Sendable, Encodable {
  case null
  case bool(Bool)
  case number(Int)
  case string(String)
  case object([String: JSONValue])

  func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    switch self {
    case .null: try container.encodeNil()
    case .bool(let value): try container.encode(value)
    case .number(let value): try container.encode(value)
    case .string(let value): try container.encode(value)
    case .object(let value): try container.encode(value)
    }
  }
}

/// The one way in which this client reads and writes JSON.
enum KubeJSON {
  static func decode<Value: Decodable>(_ type: Value.Type, from data: Data) throws -> Value {
    let decoder = JSONDecoder()
    decoder.dateDecodingStrategy = .custom { decoder in
      let text = try decoder.singleValueContainer().decode(String.self)
      guard let date = date(from: text) else {
        throw DecodingError.dataCorrupted(
          .init(codingPath: decoder.codingPath, debugDescription: "not an RFC 3339 time"))
      }
      return date
    }
    return try decoder.decode(type, from: data)
  }

  static func encode(_ value: some Encodable) throws -> Data {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    encoder.dateEncodingStrategy = .custom { date, encoder in
      var container = encoder.singleValueContainer()
      try container.encode(text(from: date))
    }
    return try encoder.encode(value)
  }

  /// Reads RFC 3339 with or without a fraction.
  static func date(from text: String) -> Date? {
    for style in [Date.ISO8601FormatStyle(), Date.ISO8601FormatStyle(includingFractionalSeconds: true)] {
      do { return try style.parse(text) } catch { continue }
    }
    return nil
  }

  /// Writes RFC 3339 with six digits: a `MicroTime` accepts no other count, a `Time` accepts any.
  static func text(from date: Date) -> String {
    let microseconds = Int64((date.timeIntervalSince1970 * 1_000_000).rounded())
    let (seconds, fraction) = microseconds.quotientAndRemainder(dividingBy: 1_000_000)
    let floored = fraction < 0 ? (seconds - 1, fraction + 1_000_000) : (seconds, fraction)
    let base = Date(timeIntervalSince1970: TimeInterval(floored.0)).formatted(.iso8601)
    let digits = String(floored.1)
    let padding = String(repeating: "0", count: max(0, 6 - digits.count))
    return base.dropLast() + "." + padding + digits + "Z"
  }
}

extension KeyedDecodingContainer {
  /// A list that may be absent or null.
  func list<Element: Decodable>(_ key: Key) throws -> [Element] {
    try decodeIfPresent([Element].self, forKey: key) ?? []
  }

  /// A map that may be absent or null.
  func map<Value: Decodable>(_ key: Key) throws -> [String: Value] {
    try decodeIfPresent([String: Value].self, forKey: key) ?? [:]
  }

  /// A value that may be absent or null.
  func optional<Value: Decodable>(_ key: Key) throws -> Value? {
    try decodeIfPresent(Value.self, forKey: key)
  }
}
