import CLibSSH2
import Foundation

extension Connection {
  /// Key exchange, then the host key. When the key is not the known one, the link ends here and nothing more is sent.
  func handshake(_ operation: Operation) async throws(SSHError) {
    let known = KnownHosts(files: endpoint.knownHostsFiles)
    let preferred = hostKeyMethods(known: known)
    let socket = descriptor
    _ = try attempt { Int(libssh2_session_method_pref($0, LIBSSH2_METHOD_HOSTKEY, preferred)) }
    let result = try await perform(operation, doing: "The key exchange") {
      Int(libssh2_session_handshake($0, socket))
    }
    if result != 0 {
      let detail = libraryMessage()
      throw SSHError(
        .protocolError, hop: hop,
        "The key exchange with \(hop) failed; the server and this SSH library may have no algorithm in common.",
        underlying: detail)
    }
    hasKeys = true
    try verifyHostKey(known)
  }

  /// The types that known_hosts has an entry for come first, so that the server shows the key we can check.
  private func hostKeyMethods(known: KnownHosts) -> String {
    let sha2 = libssh2_version(SSHLibrary.rsaSHA2Version) == nil ? [] : ["rsa-sha2-512", "rsa-sha2-256"]
    let all =
      ["ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521"] + sha2 + [
        "ssh-rsa"
      ]
    let types = known.keyTypes(host: endpoint.hostKeyName, port: endpoint.port).flatMap {
      $0 == "ssh-rsa" ? sha2 + ["ssh-rsa"] : [$0]
    }
    let first = types.filter(all.contains)
    return (first + all.filter { !first.contains($0) }).joined(separator: ",")
  }

  private func verifyHostKey(_ known: KnownHosts) throws(SSHError) {
    var shown: (type: String, key: [UInt8], fingerprint: String)?
    _ = try attempt { session in
      var length = 0
      var kind: Int32 = 0
      guard let bytes = libssh2_session_hostkey(session, &length, &kind),
        let hash = libssh2_hostkey_hash(session, LIBSSH2_HOSTKEY_HASH_SHA256)
      else { return 0 }
      let key = Array(UnsafeRawBufferPointer(start: bytes, count: length))
      let digest = Data(bytes: hash, count: 32).base64EncodedString().replacingOccurrences(of: "=", with: "")
      shown = (hostKeyType(of: key), key, "SHA256:\(digest)")
      return 0
    }
    guard let shown else {
      throw SSHError(
        .protocolError, hop: hop, "The server \(hop) showed no host key; check what listens on its port.")
    }
    let verdict = known.verdict(
      host: endpoint.hostKeyName, port: endpoint.port, keyType: shown.type, key: shown.key)
    let key = "\(shown.type) key \(shown.fingerprint)"
    switch verdict {
    case .match: return
    case .mismatch(let entry):
      throw SSHError(
        .hostKeyMismatch, hop: hop,
        "The host key of \(hop) is not the one in \(entry.file) line \(entry.line): it showed the \(key); somebody may be listening in, so find out why it changed before replacing the entry.",
        hint:
          "ssh-keygen -R \(shellQuoted(lookupName)) -f \(shellQuoted(entry.file)) && \(keyScan(entry.file))")
    case .revoked(let entry):
      throw SSHError(
        .hostKeyMismatch, hop: hop,
        "The host key of \(hop) is marked as revoked in \(entry.file) line \(entry.line): it showed the \(key); give the host a new key.",
        hint: nil)
    case .unknown(let types):
      throw unknownKey(key, knownTypes: types)
    }
  }

  private func unknownKey(_ key: String, knownTypes: [String]) -> SSHError {
    let files = endpoint.knownHostsFiles
    let place = files.isEmpty ? "no known_hosts file is set" : files.joined(separator: " and ")
    let cause =
      knownTypes.isEmpty
      ? "\(place) \(files.isEmpty ? "" : "has no entry for \(lookupName)")".trimmingCharacters(
        in: .whitespaces)
      : "\(place) has only \(knownTypes.joined(separator: ", ")) for \(lookupName), which the server does not offer to this SSH library"
    return SSHError(
      .hostKeyUnknown, hop: hop,
      "The host key of \(hop) is not known: \(cause); it showed the \(key). Compare that with the host, then add it.",
      hint: keyScan(files.first ?? "~/.ssh/known_hosts"))
  }

  private var lookupName: String { KnownHosts.lookupName(host: endpoint.hostKeyName, port: endpoint.port) }

  /// A command that fetches the key from where this hop can be reached.
  private func keyScan(_ file: String) -> String {
    let scan = "ssh-keyscan -p \(endpoint.port) \(shellQuoted(endpoint.address))"
    guard path.count > 1 else { return "\(scan) >> \(shellQuoted(file))" }
    let hops = path.dropLast().map { "\($0.user)@\($0.address):\($0.port)" }
    let jump = hops.count > 1 ? "-J \(shellQuoted(hops.dropLast().joined(separator: ","))) " : ""
    let last = path[path.count - 2]
    let via = "ssh \(jump)-p \(last.port) \(shellQuoted("\(last.user)@\(last.address)"))"
    return "\(via) \(shellQuoted(scan)) >> \(shellQuoted(file))"
  }
}

/// The type name at the head of a public key in wire format.
private func hostKeyType(of key: [UInt8]) -> String {
  guard key.count >= 4 else { return "" }
  let length = Int(key.prefix(4).reduce(UInt32(0)) { $0 << 8 | UInt32($1) })
  return String(decoding: key.dropFirst(4).prefix(length), as: UTF8.self)
}

/// Facts about the library at hand.
enum SSHLibrary {
  /// From 1.11.0 on libssh2 signs with RSA and SHA-2; servers refuse the older RSA with SHA-1.
  static let rsaSHA2Version: Int32 = 0x01_0b_00

  static var signsRSAWithSHA2: Bool { libssh2_version(rsaSHA2Version) != nil }
}
