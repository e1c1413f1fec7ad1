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
      date(milliseconds: try decoder.singleValueContainer().decode(Int64.self))
    }
    return try decoder.decode(type, from: Data(bytes))
  }

  static func milliseconds(_ date: Date) throws -> Int64 {
    guard let whole = Int64(exactly: (date.timeIntervalSince1970 * 1000).rounded()) else {
      throw EncodingError.invalidValue(
        date, EncodingError.Context(codingPath: [], debugDescription: "The time is out of range."))
    }
    return whole
  }

  static func date(milliseconds: Int64) -> Date {
    Date(timeIntervalSince1970: Double(milliseconds) / 1000)
  }
}
