import Foundation

extension Kubeconfig {
  /// Picks a context and turns it into what a client needs. Reads no file.
  ///
  /// - Parameters:
  ///   - context: the context's name; nothing means `current-context`.
  ///   - baseDirectory: the directory of the kubeconfig, against which relative paths are resolved.
  ///   - pluginEnvironment: what a credential plugin inherits (its PATH above all).
  /// - Throws: `KubeError` with the code `configuration`, naming the entry and the way out.
  package func resolve(
    context chosen: String? = nil, baseDirectory: String, pluginEnvironment: [String: String] = [:]
  ) throws(KubeError) -> KubeConfiguration {
    guard let name = chosen ?? currentContext, !name.isEmpty else {
      throw .kubeconfig("The kubeconfig has no current-context; name one of: \(list(contexts.map(\.name))).")
    }
    guard let context = contexts.first(where: { $0.name == name })?.context else {
      throw .kubeconfig("The kubeconfig has no context \(name); it has: \(list(contexts.map(\.name))).")
    }
    guard let cluster = clusters.first(where: { $0.name == context.cluster })?.cluster else {
      throw .kubeconfig("Context \(name) names the cluster \(context.cluster), which the kubeconfig lacks.")
    }
    let endpoint = try KubeEndpoint(cluster: cluster, name: context.cluster)
    let resolver = MaterialResolver(baseDirectory: baseDirectory, server: endpoint.description)
    var warnings: [String] = []
    let verifies = !(cluster.insecureSkipTLSVerify ?? false)
    if !verifies {
      warnings.append(
        "The certificate of \(endpoint.description) is not checked, because the kubeconfig sets insecure-skip-tls-verify."
      )
    }
    var credentials = KubeCredentials.anonymous
    if let userName = context.user, !userName.isEmpty {
      guard let user = users.first(where: { $0.name == userName })?.user else {
        throw .kubeconfig("Context \(name) names the user \(userName), which the kubeconfig lacks.")
      }
      credentials = try resolver.credentials(of: user, named: userName, warnings: &warnings)
    }
    if !endpoint.isTLS {
      warnings.append(
        "The connection to \(endpoint.description) is not encrypted, so no credentials are sent over it.")
      credentials = .anonymous
    }
    return KubeConfiguration(
      context: name, namespace: context.namespace ?? "default", endpoint: endpoint,
      certificateAuthority: try resolver.material(
        inline: cluster.certificateAuthorityData.map(KubeSecret.init), file: cluster.certificateAuthority,
        what: "certificate-authority-data of cluster \(context.cluster)"),
      verifiesServer: verifies, proxy: cluster.proxyURL, credentials: credentials,
      pluginEnvironment: pluginEnvironment, warnings: warnings)
  }

  private func list(_ names: [String]) -> String {
    names.isEmpty ? "none" : names.sorted().joined(separator: ", ")
  }
}

extension KubeEndpoint {
  init(cluster: Kubeconfig.Cluster, name: String) throws(KubeError) {
    guard let text = cluster.server, let parts = URLComponents(string: text), let host = parts.encodedHost,
      !host.isEmpty, let scheme = parts.scheme?.lowercased(), scheme == "https" || scheme == "http"
    else {
      throw .kubeconfig("Cluster \(name) has no usable server address; write it as https://HOST:PORT.")
    }
    guard parts.user == nil, parts.password == nil, parts.query == nil, parts.fragment == nil else {
      throw .kubeconfig(
        "The server address of cluster \(name) carries more than host, port and path; take the rest out.")
    }
    isTLS = scheme == "https"
    // `encodedHost` leaves the brackets of an IPv6 address to the platform; curl wants them.
    self.host = host.contains(":") && !host.hasPrefix("[") ? "[\(host)]" : host
    port = parts.port ?? (isTLS ? 443 : 80)
    var path = parts.percentEncodedPath
    while path.hasSuffix("/") { path.removeLast() }
    basePath = path
    tlsServerName = cluster.tlsServerName.flatMap { $0.isEmpty ? nil : $0 }
    description = text
  }
}

/// Turns the entries of a user or cluster into material and credentials.
private struct MaterialResolver {
  let baseDirectory: String
  let server: String

  /// Data wins over a file, as in kubectl.
  func material(inline: KubeSecret?, file: String?, what: String) throws(KubeError) -> KubeMaterial? {
    if let inline, !inline.bytes.isEmpty {
      guard let bytes = Data(base64Encoded: inline.bytes, options: .ignoreUnknownCharacters), !bytes.isEmpty
      else { throw .kubeconfig("The \(what) is not base64; write the kubeconfig again.", server: server) }
      return .inline(KubeSecret(bytes))
    }
    guard let file, !file.isEmpty else { return nil }
    return .file(absolute(file))
  }

  func absolute(_ path: String) -> String {
    path.hasPrefix("/") ? path : baseDirectory + "/" + path
  }

  func credentials(
    of user: Kubeconfig.User, named name: String, warnings: inout [String]
  ) throws(KubeError) -> KubeCredentials {
    if user.impersonate != nil {
      throw .kubeconfig("User \(name) impersonates somebody, which Pawl does not do; use another context.")
    }
    if let tokenFile = user.tokenFile, !tokenFile.isEmpty { return .token(.file(absolute(tokenFile))) }
    if let token = user.token, !token.bytes.isEmpty { return .token(.inline(token)) }
    let certificate = try material(
      inline: user.clientCertificateData.map(KubeSecret.init), file: user.clientCertificate,
      what: "client-certificate-data of user \(name)")
    let key = try material(
      inline: user.clientKeyData, file: user.clientKey, what: "client-key-data of user \(name)")
    switch (certificate, key) {
    case (let certificate?, let key?): return .certificate(certificate, key: key)
    case (.some, nil), (nil, .some):
      throw .kubeconfig(
        "User \(name) has a client certificate without its key, or a key alone; add the other.")
    case (nil, nil): break
    }
    if let exec = user.exec { return .exec(try plugin(exec, user: name)) }
    if let provider = user.authProvider {
      throw .kubeconfig(
        "User \(name) uses the auth-provider \(provider.name ?? "without a name"), which Kubernetes has removed; use an exec plugin."
      )
    }
    if user.username != nil || user.password != nil {
      throw .kubeconfig(
        "User \(name) has a password, which Kubernetes has not accepted since 1.19; use a certificate or a token."
      )
    }
    warnings.append("User \(name) has no credentials, so \(server) sees an anonymous client.")
    return .anonymous
  }

  private func plugin(_ exec: Kubeconfig.Exec, user: String) throws(KubeError) -> KubeExecPlugin {
    let group = "client.authentication.k8s.io"
    let version = exec.apiVersion ?? ""
    guard version == group + "/v1" || version == group + "/v1beta1" else {
      throw .kubeconfig(
        "The exec plugin of user \(user) speaks \(version.isEmpty ? "no named version" : version); Pawl knows \(group)/v1 and v1beta1."
      )
    }
    if exec.interactiveMode == "Always" {
      throw .kubeconfig(
        "The exec plugin of user \(user) needs a terminal; log in with kubectl first or use another user.")
    }
    let isPath = exec.command.contains("/")
    return KubeExecPlugin(
      apiVersion: version, command: isPath ? absolute(exec.command) : exec.command,
      arguments: exec.args ?? [],
      variables: Dictionary((exec.env ?? []).map { ($0.name, $0.value) }) { _, last in last },
      provideClusterInfo: exec.provideClusterInfo ?? false, installHint: exec.installHint)
  }
}

extension KubeError {
  static func kubeconfig(_ message: String, server: String = "", cause: String? = nil) -> KubeError {
    KubeError(.configuration, server: server, message: message, cause: cause)
  }
}
