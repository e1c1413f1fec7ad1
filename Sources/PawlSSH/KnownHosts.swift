import Foundation

/// The lines of some known_hosts files, and what they say about a host key.
///
/// The format is that of sshd(8), "SSH_KNOWN_HOSTS FILE FORMAT": names with wildcards and negation, hashed names,
/// `[host]:port`, and the markers `@revoked` and `@cert-authority` (certificates are not used, so the latter is
/// left out). Lines that can't be read are left out, as OpenSSH does.
struct KnownHosts {
  /// One usable line.
  struct Entry: Hashable {
    var file: String
    var line: Int
    var isRevoked: Bool
    var names: [String]
    var keyType: String
    var key: [UInt8]
  }

  /// What the files say about a key that a host has shown.
  enum Verdict: Hashable {
    case match
    /// A key of the same type, but another one, is in the file.
    case mismatch(Entry)
    case revoked(Entry)
    /// No key of this type; the types for which there is one.
    case unknown(knownTypes: [String])
  }

  var entries: [Entry] = []

  /// Reads the files; those that do not exist count as empty.
  init(files: [String]) {
    for file in files {
      guard let data = FileManager.default.contents(atPath: file) else { continue }
      add(text: String(decoding: data, as: UTF8.self), file: file)
    }
  }

  init(text: String, file: String) { add(text: text, file: file) }

  private mutating func add(text: String, file: String) {
    for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
      if let entry = Self.entry(String(line), file: file, line: index + 1) { entries.append(entry) }
    }
  }

  private static func entry(_ text: String, file: String, line: Int) -> Entry? {
    var fields = text.split(whereSeparator: \.isWhitespace).map(String.init)
    guard let first = fields.first, !first.hasPrefix("#") else { return nil }
    var isRevoked = false
    if first.hasPrefix("@") {
      guard first == "@revoked" else { return nil }
      isRevoked = true
      fields.removeFirst()
    }
    guard fields.count >= 3, let key = Data(base64Encoded: fields[2]) else { return nil }
    let names = fields[0].split(separator: ",").map(String.init)
    return Entry(
      file: file, line: line, isRevoked: isRevoked, names: names, keyType: fields[1], key: Array(key))
  }

  /// The key types known for a host, most trusted spelling first and each once, in the order of the files.
  func keyTypes(host: String, port: Int) -> [String] {
    var types: [String] = []
    for entry in matching(host: host, port: port) + matching(host: host, port: 22)
    where !entry.isRevoked && !types.contains(entry.keyType) {
      types.append(entry.keyType)
    }
    return types
  }

  /// Judges a key. Like OpenSSH, a key that is known for the host without a port is good on any port.
  func verdict(host: String, port: Int, keyType: String, key: [UInt8]) -> Verdict {
    let named = matching(host: host, port: port)
    let plain = port == 22 ? named : matching(host: host, port: 22)
    if let entry = (named + plain).first(where: { $0.isRevoked && $0.key == key }) { return .revoked(entry) }
    let usable = named.filter { !$0.isRevoked && $0.keyType == keyType }
    if usable.contains(where: { $0.key == key }) { return .match }
    if let other = usable.first { return .mismatch(other) }
    if plain.contains(where: { !$0.isRevoked && $0.keyType == keyType && $0.key == key }) { return .match }
    return .unknown(knownTypes: keyTypes(host: host, port: port))
  }

  private func matching(host: String, port: Int) -> [Entry] {
    let name = Self.lookupName(host: host, port: port)
    return entries.filter { entry in
      var isMatch = false
      for pattern in entry.names {
        if pattern.hasPrefix("!") {
          if Self.matches(name, pattern: String(pattern.dropFirst())) { return false }
        } else if Self.matches(name, pattern: pattern) {
          isMatch = true
        }
      }
      return isMatch
    }
  }

  /// How a host is written in known_hosts.
  static func lookupName(host: String, port: Int) -> String {
    let lowercased = host.lowercased()
    return port == 22 ? lowercased : "[\(lowercased)]:\(port)"
  }

  private static func matches(_ name: String, pattern: String) -> Bool {
    if pattern.hasPrefix("|1|") {
      let parts = pattern.split(separator: "|").map(String.init)
      guard parts.count == 3, let salt = Data(base64Encoded: parts[1]),
        let hash = Data(base64Encoded: parts[2])
      else { return false }
      return SHA1.hmac(key: Array(salt), message: Array(name.utf8)) == Array(hash)
    }
    return globMatches(Array(name.utf8), pattern: Array(pattern.lowercased().utf8))
  }
}

/// Matches `*` and `?` in linear memory and without recursion: on a dead end the last star takes one byte more.
private func globMatches(_ text: [UInt8], pattern: [UInt8]) -> Bool {
  var (at, position) = (0, 0)
  var retry: (at: Int, position: Int)?
  while at < text.count {
    if position < pattern.count, pattern[position] == UInt8(ascii: "*") {
      retry = (at, position + 1)
      position += 1
    } else if position < pattern.count,
      pattern[position] == UInt8(ascii: "?") || pattern[position] == text[at]
    {
      at += 1
      position += 1
    } else if let last = retry {
      retry = (last.at + 1, last.position)
      (at, position) = (last.at + 1, last.position)
    } else {
      return false
    }
  }
  return pattern[position...].allSatisfy { $0 == UInt8(ascii: "*") }
}
