import Crypto

/// What binds a run to its runbook, and an event to the one before it.
package enum ContentDigest {
  /// The SHA-256 digest of `bytes` as 64 lower-case hex digits.
  package static func hex(of bytes: [UInt8]) -> String {
    SHA256.hash(data: bytes).map { byte in
      let text = String(byte, radix: 16)
      return byte < 16 ? "0" + text : text
    }.joined()
  }
}
