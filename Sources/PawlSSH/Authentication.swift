import CLibSSH2
import Foundation

extension Connection {
  /// Tries each credential in turn.
  func authenticate(_ operation: Operation) async throws(SSHError) {
    let methods = try await serverMethods(operation)
    if methods == nil {
      isEstablished = true
      return
    }
    var log = AuthenticationLog()
    for credential in endpoint.authentication {
      let isAccepted =
        switch credential {
        case .agent(let path): try await tryAgent(path, operation, &log)
        case .keyFile(let path, let passphrase): try await tryKeyFile(path, passphrase, operation, &log)
        }
      if isAccepted {
        isEstablished = true
        return
      }
    }
    throw log.error(endpoint: endpoint, serverMethods: methods ?? "")
  }

  /// The methods the server takes; nil when it has let us in without any.
  private func serverMethods(_ operation: Operation) async throws(SSHError) -> String? {
    let user = endpoint.user
    var list: String?
    var isIn = false
    _ = try await perform(operation, doing: "The log-in") { session in
      if let text = libssh2_userauth_list(session, user, UInt32(user.utf8.count)) {
        list = String(cString: text)
        return 0
      }
      if libssh2_userauth_authenticated(session) != 0 {
        isIn = true
        return 0
      }
      return Int(libssh2_session_last_errno(session))
    }
    if isIn { return nil }
    return list ?? ""
  }

  private func tryAgent(
    _ path: String, _ operation: Operation, _ log: inout AuthenticationLog
  ) async throws(SSHError) -> Bool {
    var found = log
    defer { log = found }
    let isAccepted = try await withAgent { agent throws(SSHError) in
      libssh2_agent_set_identity_path(agent, path)
      guard libssh2_agent_connect(agent) == 0, libssh2_agent_list_identities(agent) == 0 else {
        found.agentProblem = "the agent at \(path) does not answer"
        return false
      }
      return try await tryIdentities(of: agent, at: path, operation, &found)
    }
    return isAccepted ?? false
  }

  private func tryIdentities(
    of agent: OpaquePointer, at path: String, _ operation: Operation, _ log: inout AuthenticationLog
  ) async throws(SSHError) -> Bool {
    let user = endpoint.user
    var identity: UnsafeMutablePointer<libssh2_agent_publickey>?
    while libssh2_agent_get_identity(agent, &identity, identity) == 0, let key = identity {
      let kind = publicKeyKind(key.pointee)
      let name = key.pointee.comment.map { String(cString: $0) } ?? "key"
      let result = try await perform(operation, doing: "The log-in") { _ in
        Int(libssh2_agent_userauth(agent, user, key))
      }
      if result == 0 { return true }
      log.refused.append(.init(label: "\(kind.rawValue) key \"\(name)\" of the agent", kind: kind))
    }
    if identity == nil { log.agentProblem = "the agent at \(path) holds no keys" }
    return false
  }

  private func publicKeyKind(_ key: libssh2_agent_publickey) -> PrivateKeyFile.Kind {
    guard let blob = key.blob else { return .other }
    let bytes = Array(UnsafeRawBufferPointer(start: blob, count: key.blob_len).prefix(64))
    guard bytes.count > 4 else { return .other }
    let length = Int(bytes.prefix(4).reduce(UInt32(0)) { $0 << 8 | UInt32($1) })
    return PrivateKeyFile.keyKind(String(decoding: bytes.dropFirst(4).prefix(length), as: UTF8.self))
  }

  private func tryKeyFile(
    _ path: String, _ passphrase: Passphrase?, _ operation: Operation, _ log: inout AuthenticationLog
  ) async throws(SSHError) -> Bool {
    let key: PrivateKeyFile
    switch loadKey(path, hasPassphrase: passphrase != nil) {
    case .success(let loaded): key = loaded
    case .failure(let error):
      log.unreadable.append(error)
      return false
    }
    let user = endpoint.user
    let result = try await perform(operation, doing: "The log-in") { session in
      key.contents.withUnsafeBytes { bytes in
        Int(
          libssh2_userauth_publickey_frommemory(
            session, user, user.utf8.count, nil, 0, bytes.baseAddress?.assumingMemoryBound(to: CChar.self),
            bytes.count, passphrase?.secret))
      }
    }
    if result == 0 { return true }
    if result == Int(LIBSSH2_ERROR_FILE) || result == Int(LIBSSH2_ERROR_KEYFILE_AUTH_FAILED) {
      let cause = key.isEncrypted ? "the passphrase does not open it" : "it can't be decoded"
      log.unreadable.append(
        SSHError(
          .keyUnreadable, hop: hop,
          "The key file \(path) for \(hop) can't be used: \(cause); check the file.",
          underlying: libraryMessage()))
      return false
    }
    log.refused.append(.init(label: "\(key.kind.rawValue) key file \(path)", kind: key.kind))
    return false
  }

  private func loadKey(_ path: String, hasPassphrase: Bool) -> Result<PrivateKeyFile, SSHError> {
    func failure(_ cause: String) -> Result<PrivateKeyFile, SSHError> {
      .failure(SSHError(.keyUnreadable, hop: hop, "The key file \(path) for \(hop) can't be used: \(cause)."))
    }
    guard let data = FileManager.default.contents(atPath: path) else {
      return failure("it does not exist or can't be read; check the path and its permissions")
    }
    guard let key = PrivateKeyFile(contents: Array(data)) else {
      return failure(
        "it is not a private key in OpenSSH or PEM format; name the private key, not the .pub file")
    }
    if key.isEncrypted, !hasPassphrase {
      return failure(
        "it is encrypted and no passphrase was given; load it into the agent with ssh-add or give the passphrase"
      )
    }
    return .success(key)
  }
}

/// What was tried at one hop, to be told in one error.
private struct AuthenticationLog {
  struct Attempt {
    var label: String
    var kind: PrivateKeyFile.Kind
  }

  var refused: [Attempt] = []
  var unreadable: [SSHError] = []
  var agentProblem: String?

  func error(endpoint: SSHEndpoint, serverMethods: String) -> SSHError {
    let hop = endpoint.name
    if refused.isEmpty, let first = unreadable.first { return first }
    if refused.isEmpty, let agentProblem {
      return SSHError(
        .agentUnavailable, hop: hop,
        "Log-in to \(hop) as \(endpoint.user) is not possible: \(agentProblem); start it and add a key with ssh-add."
      )
    }
    if !refused.isEmpty, refused.allSatisfy({ $0.kind == .rsa }), !SSHLibrary.signsRSAWithSHA2 {
      return rsaError(endpoint)
    }
    let tried = refused.map(\.label).joined(separator: ", ")
    let problems = (unreadable.map(\.message) + [agentProblem].compactMap { $0 }).joined(separator: " ")
    return SSHError(
      .authenticationRefused, hop: hop,
      "\(hop) refused the log-in as \(endpoint.user) (tried: \(tried.isEmpty ? "nothing" : tried); the server takes: \(serverMethods)); add the public key to that user's authorized_keys or use another key.",
      underlying: problems.isEmpty ? nil : problems)
  }

  private func rsaError(_ endpoint: SSHEndpoint) -> SSHError {
    let version = libssh2_version(0).map { String(cString: $0) } ?? "of this machine"
    return SSHError(
      .keyTypeUnsupported, hop: endpoint.name,
      "\(endpoint.name) refused the \(refused.map(\.label).joined(separator: ", ")): libssh2 \(version) can sign with RSA and SHA-1 only, which current servers refuse; use an ed25519 or ECDSA key.",
      hint: "ssh-keygen -t ed25519")
  }
}
