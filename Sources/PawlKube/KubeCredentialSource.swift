import Foundation

/// What one request needs to prove who it is.
struct KubeProof: Sendable {
  var certificate: Data?
  var key: Data?
  var token: KubeSecret?
}

extension KubeMaterial {
  /// The bytes; a file is read now.
  func read(what: String, server: String) throws(KubeError) -> Data {
    switch self {
    case .inline(let secret): return secret.bytes
    case .file(let path):
      do {
        return try Data(contentsOf: URL(fileURLWithPath: path))
      } catch {
        throw .kubeconfig(
          "The \(what) for \(server) can't be read from \(path); check the path in the kubeconfig.",
          server: server, cause: "\(error)")
      }
    }
  }
}

/// Supplies each request with credentials: material as it is now, and a plugin's credential until it expires.
actor KubeCredentialSource {
  private let configuration: KubeConfiguration
  private var current: (proof: KubeProof, expires: Date?)?
  private var running: Task<Result<ExecCredential.Status, KubeError>, Never>?
  /// A credential this close to its end, in seconds, is not used any more.
  private static let margin: TimeInterval = 10

  init(_ configuration: KubeConfiguration) { self.configuration = configuration }

  func proof() async throws(KubeError) -> KubeProof {
    let server = configuration.endpoint.description
    switch configuration.credentials {
    case .anonymous: return KubeProof()
    case .certificate(let certificate, let key):
      return KubeProof(
        certificate: try certificate.read(what: "client certificate", server: server),
        key: try key.read(what: "client key", server: server))
    case .token(let material):
      let text = String(decoding: try material.read(what: "token", server: server), as: UTF8.self)
      let token = text.trimmingCharacters(in: .whitespacesAndNewlines)
      guard !token.isEmpty, token.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }) else {
        throw .kubeconfig("The token for \(server) is empty or not a token; write it again.", server: server)
      }
      return KubeProof(token: KubeSecret(token))
    case .exec(let plugin): return try await proof(from: plugin)
    }
  }

  /// Forgets a credential that the server refused; true if another one may be had.
  func forget() -> Bool {
    guard case .exec = configuration.credentials else { return false }
    current = nil
    return true
  }

  private func proof(from plugin: KubeExecPlugin) async throws(KubeError) -> KubeProof {
    if let current, current.expires.map({ $0.timeIntervalSinceNow > Self.margin }) ?? true {
      return current.proof
    }
    // Whoever is cancelled stops the plugin for all; those who still want it start it once more.
    for _ in 0..<3 {
      switch await shared(plugin) {
      case .success(let status):
        let proof = KubeProof(
          certificate: status.clientCertificateData?.bytes, key: status.clientKeyData?.bytes,
          token: status.token)
        current = (proof, status.expirationTimestamp)
        return proof
      case .failure(let error):
        guard error.code == .cancelled, !Task.isCancelled else { throw error }
      }
    }
    throw .cancelled(server: configuration.endpoint.description, action: "The credential plugin")
  }

  /// Requests that need the credential at the same time share one run of the plugin.
  private func shared(_ plugin: KubeExecPlugin) async -> Result<ExecCredential.Status, KubeError> {
    let configuration = configuration
    let task =
      running
      ?? Task {
        do throws(KubeError) {
          return .success(try await plugin.credential(for: configuration))
        } catch {
          return .failure(error)
        }
      }
    running = task
    let result = await withTaskCancellationHandler {
      await task.value
    } onCancel: {
      task.cancel()
    }
    if running == task { running = nil }
    return result
  }
}
