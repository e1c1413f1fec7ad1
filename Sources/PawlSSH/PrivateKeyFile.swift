import Foundation

/// What can be told about a private key file without its passphrase.
struct PrivateKeyFile {
  enum Kind: String { case ed25519, ecdsa, rsa, other }

  /// The whole file.
  var contents: [UInt8]
  var kind: Kind
  var isEncrypted: Bool

  /// Nil when the bytes are not a private key in OpenSSH or PEM format.
  init?(contents: [UInt8]) {
    let text = String(decoding: contents, as: UTF8.self)
    let lines = text.split(whereSeparator: \.isNewline).map { $0.trimmingCharacters(in: .whitespaces) }
    guard let header = lines.first(where: { $0.hasPrefix("-----BEGIN ") && $0.hasSuffix("PRIVATE KEY-----") })
    else { return nil }
    self.contents = contents
    switch header {
    case "-----BEGIN OPENSSH PRIVATE KEY-----":
      let body = lines.filter { !$0.hasPrefix("-----") }.joined()
      guard let data = Data(base64Encoded: body), let inner = Self.openSSH(Array(data)) else { return nil }
      (kind, isEncrypted) = inner
    case "-----BEGIN RSA PRIVATE KEY-----":
      (kind, isEncrypted) = (.rsa, text.contains("ENCRYPTED"))
    case "-----BEGIN EC PRIVATE KEY-----":
      (kind, isEncrypted) = (.ecdsa, text.contains("ENCRYPTED"))
    default:
      (kind, isEncrypted) = (.other, header.contains("ENCRYPTED"))
    }
  }

  /// Reads the head of the format that OpenSSH's PROTOCOL.key describes: cipher, key derivation, public key.
  private static func openSSH(_ bytes: [UInt8]) -> (Kind, Bool)? {
    let magic = Array("openssh-key-v1\0".utf8)
    guard bytes.starts(with: magic) else { return nil }
    var rest = bytes.dropFirst(magic.count)
    guard let cipher = string(&rest), string(&rest) != nil, string(&rest) != nil else { return nil }
    guard rest.count >= 4 else { return nil }
    rest = rest.dropFirst(4)
    guard var publicKey = string(&rest), let type = string(&publicKey) else { return nil }
    let name = String(decoding: type, as: UTF8.self)
    return (keyKind(name), String(decoding: cipher, as: UTF8.self) != "none")
  }

  /// A length of four bytes and that many bytes.
  private static func string(_ bytes: inout ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
    guard bytes.count >= 4 else { return nil }
    let length = Int(bytes.prefix(4).reduce(UInt32(0)) { $0 << 8 | UInt32($1) })
    guard bytes.count - 4 >= length else { return nil }
    let value = bytes.dropFirst(4).prefix(length)
    bytes = bytes.dropFirst(4 + length)
    return value
  }

  /// The kind for a key type name of the SSH protocol.
  static func keyKind(_ name: String) -> Kind {
    if name == "ssh-ed25519" { return .ed25519 }
    if name.hasPrefix("ecdsa-sha2-nistp") { return .ecdsa }
    return name == "ssh-rsa" ? .rsa : .other
  }
}
