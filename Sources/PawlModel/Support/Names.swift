/// What names may be made of. Names go into step ids, file names and commands, so they are narrow.
enum Names {
  /// The longest name, as for Kubernetes objects.
  static let longest = 253

  /// Hosts, nodes, groups, bastions: `[a-z0-9]([-a-z0-9.]*[a-z0-9])?`.
  static func isObjectName(_ text: String) -> Bool {
    let bytes = Array(text.utf8)
    guard let first = bytes.first, let last = bytes.last, bytes.count <= longest else { return false }
    return isLowerAlphanumeric(first) && isLowerAlphanumeric(last)
      && bytes.allSatisfy { isLowerAlphanumeric($0) || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: ".") }
  }

  /// Steps and runbooks: `[a-z][a-z0-9-]*`, at most 63 characters.
  static func isIdentifier(_ text: String) -> Bool {
    guard let first = text.utf8.first, text.utf8.count <= 63, isLower(first) else { return false }
    return text.utf8.allSatisfy { isLowerAlphanumeric($0) || $0 == UInt8(ascii: "-") }
  }

  /// Inputs and loop variables: `[a-z][A-Za-z0-9_]*`, a name in the expression language.
  static func isVariable(_ text: String) -> Bool {
    guard let first = text.utf8.first, text.utf8.count <= 63, isLower(first) else { return false }
    return text.utf8.allSatisfy { isLetter($0) || isDigit($0) || $0 == UInt8(ascii: "_") }
  }

  /// A host name, an IPv4 or an IPv6 address, with a zone perhaps.
  static func isAddress(_ text: String) -> Bool {
    guard let first = text.utf8.first, text.utf8.count <= longest, first != UInt8(ascii: "-") else {
      return false
    }
    return text.utf8.allSatisfy { isLetter($0) || isDigit($0) || ".-:_%".utf8.contains($0) }
  }

  /// A login name that no command could take for something else.
  static func isUser(_ text: String) -> Bool {
    guard let first = text.utf8.first, text.utf8.count <= 64, first != UInt8(ascii: "-") else { return false }
    return text.utf8.allSatisfy { isLetter($0) || isDigit($0) || ".-_".utf8.contains($0) }
  }

  private static func isDigit(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
  }
  private static func isLower(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
  }
  private static func isLetter(_ byte: UInt8) -> Bool { isLower(byte | 0x20) && byte >= UInt8(ascii: "A") }
  private static func isLowerAlphanumeric(_ byte: UInt8) -> Bool { isLower(byte) || isDigit(byte) }
}
