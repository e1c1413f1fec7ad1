import Foundation

/// What a credential plugin prints: `ExecCredential` of `client.authentication.k8s.io`.
struct ExecCredential: Sendable, Decodable {
  struct Status: Sendable, Decodable {
    let expirationTimestamp: Date?
    let token: KubeSecret?
    let clientCertificateData: KubeSecret?
    let clientKeyData: KubeSecret?
  }

  let kind: String?
  let apiVersion: String?
  let status: Status?
}

extension KubeExecPlugin {
  /// Runs the plugin and reads its credential.
  func credential(for configuration: KubeConfiguration) async throws(KubeError) -> ExecCredential.Status {
    let server = configuration.endpoint.description
    guard let path = executablePath(searchPath: configuration.pluginEnvironment["PATH"]) else {
      let hint = installHint.map { " " + $0.split(whereSeparator: \.isNewline).joined(separator: " ") } ?? ""
      throw .kubeconfig(
        "The credential plugin \(command) for \(server) is not there; install it.\(hint)", server: server)
    }
    let child = ChildCommand(
      path: path, arguments: arguments, environment: try environment(for: configuration),
      timeout: configuration.limits.plugin, outputLimit: 1 << 20)
    let outcome: ChildCommand.Outcome
    do throws(ChildCommand.Failure) {
      outcome = try await child.run()
    } catch {
      throw failure(error, server: server)
    }
    guard outcome.status == 0 else {
      throw .kubeconfig(
        "The credential plugin \(command) for \(server) ended with status \(outcome.status); run it by hand to see why.",
        server: server, cause: HTTPResponse.excerpt(outcome.errorOutput))
    }
    return try parse(outcome.output, server: server)
  }

  private func parse(_ output: Data, server: String) throws(KubeError) -> ExecCredential.Status {
    let credential: ExecCredential
    do {
      credential = try KubeJSON.decode(ExecCredential.self, from: output)
    } catch {
      throw .kubeconfig(
        "The credential plugin \(command) for \(server) did not print an ExecCredential; check its version.",
        server: server)
    }
    guard credential.kind == "ExecCredential", credential.apiVersion == apiVersion,
      let status = credential.status,
      status.token != nil || (status.clientCertificateData != nil && status.clientKeyData != nil)
    else {
      throw .kubeconfig(
        "The credential plugin \(command) for \(server) printed no usable credential of version \(apiVersion).",
        server: server)
    }
    return status
  }

  private func failure(_ failure: ChildCommand.Failure, server: String) -> KubeError {
    switch failure {
    case .notStarted(let reason):
      .kubeconfig(
        "The credential plugin \(command) for \(server) can't be run; check the file.", server: server,
        cause: reason)
    case .tooSlow:
      KubeError(
        .timeout, server: server,
        message:
          "The credential plugin \(command) for \(server) did not end in time; run it by hand to see why.")
    case .tooMuchOutput:
      .kubeconfig(
        "The credential plugin \(command) for \(server) printed more than a credential.", server: server)
    case .cancelled: .cancelled(server: server, action: "The credential plugin \(command)")
    }
  }

  /// A bare name is looked for in the search path, as a shell does.
  func executablePath(searchPath: String?) -> String? {
    let candidates =
      command.contains("/")
      ? [command] : (searchPath ?? "").split(separator: ":").map { "\($0)/\(command)" }
    return candidates.first { FileManager.default.isExecutableFile(atPath: $0) }
  }

  /// The inherited environment, the plugin's own variables and `KUBERNETES_EXEC_INFO`.
  private func environment(for configuration: KubeConfiguration) throws(KubeError) -> [String: String] {
    var environment = configuration.pluginEnvironment
    for (name, value) in variables { environment[name] = String(decoding: value.bytes, as: UTF8.self) }
    environment["KUBERNETES_EXEC_INFO"] = try execInfo(for: configuration)
    return environment
  }

  private func execInfo(for configuration: KubeConfiguration) throws(KubeError) -> String {
    let endpoint = configuration.endpoint
    var spec: [String: JSONValue] = ["interactive": .bool(false)]
    if provideClusterInfo {
      var cluster: [String: JSONValue] = ["server": .string(endpoint.description)]
      if let name = endpoint.tlsServerName { cluster["tls-server-name"] = .string(name) }
      if !configuration.verifiesServer { cluster["insecure-skip-tls-verify"] = .bool(true) }
      if let authority = configuration.certificateAuthority {
        let bytes = try authority.read(what: "certificate authority", server: endpoint.description)
        cluster["certificate-authority-data"] = .string(bytes.base64EncodedString())
      }
      spec["cluster"] = .object(cluster)
    }
    let info = JSONValue.object([
      "apiVersion": .string(apiVersion), "kind": .string("ExecCredential"), "spec": .object(spec),
    ])
    do { return String(decoding: try KubeJSON.encode(info), as: UTF8.self) } catch {
      throw .kubeconfig(
        "The description of \(endpoint.description) for its credential plugin can't be written.")
    }
  }
}
