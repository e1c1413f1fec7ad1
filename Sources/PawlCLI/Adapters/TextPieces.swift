import Synchronization

/// Makes text of a stream's bytes piece by piece. A character that is torn between two pieces comes whole with the
/// second one; what is no UTF-8 becomes U+FFFD.
final class TextPieces: Sendable {
  private let rest = Mutex<[UInt8]>([])

  /// The text up to the last whole character.
  func text(adding bytes: [UInt8]) -> String {
    rest.withLock { rest in
      let all = rest + bytes
      let whole = all.count - Self.begun(at: all)
      rest = Array(all[whole...])
      return String(decoding: all[..<whole], as: UTF8.self)
    }
  }

  /// How many bytes at the end begin a character without ending it: 0 to 3.
  private static func begun(at bytes: [UInt8]) -> Int {
    for (index, byte) in bytes.suffix(3).reversed().enumerated() where byte & 0xC0 != 0x80 {
      let length = byte >= 0xF0 ? 4 : byte >= 0xE0 ? 3 : byte >= 0xC0 ? 2 : 1
      return index + 1 < length ? index + 1 : 0
    }
    return 0
  }
}
