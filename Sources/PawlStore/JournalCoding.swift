import Foundation

/// How values become bytes in the journal: JSON with sorted keys, times in whole milliseconds since 1970.
///
/// The same value gives the same bytes, which the hash chain covers as they lie in the file.
enum JournalCoding {
  static func encode(_ value: some Encodable) throws -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    encoder.dateEncodingStrategy = .custom { date, encoder in
      var container = encoder.singleValueContainer()
      try container.encode(try milliseconds(date))
    }
    return Array(try encoder.encode(value))
  }

  static func decode<T: Decodable>(_ type: T.Type, from bytes: [UInt8]) throws -> T {
    let decoder = JSONDecoder()
    decoder.dateDecodingStrategy = .custom { decoder in
      try date(milliseconds: try decoder.singleValueContainer().decode(Int64.self))
    }
    return try decoder.decode(type, from: Data(bytes))
  }

  /// Whole milliseconds since 1970. - Throws: `EncodingError` outside of `range`.
  static func milliseconds(_ date: Date) throws -> Int64 {
    let exact = (date.timeIntervalSince1970 * 1000).rounded()
    guard let whole = Int64(exactly: exact), range.contains(whole) else {
      throw EncodingError.invalidValue(
        exact, EncodingError.Context(codingPath: [], debugDescription: "The time is out of range."))
    }
    return whole
  }

  /// A time of the journal. - Throws: `DecodingError` outside of `range`.
  static func date(milliseconds: Int64) throws -> Date {
    guard range.contains(milliseconds) else {
      throw DecodingError.dataCorrupted(
        DecodingError.Context(codingPath: [], debugDescription: "The time is out of range."))
    }
    return Date(timeIntervalSince1970: Double(milliseconds) / 1000)
  }

  /// From 1970 to the end of the year 9999: Foundation ends the process when it prints some times beyond.
  private static let range: ClosedRange<Int64> = 0...253_402_300_799_999
}
