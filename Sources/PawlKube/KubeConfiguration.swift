/// Bytes that stand in the kubeconfig itself or in a file beside it.
package enum KubeMaterial: Sendable, Equatable {
  /// The bytes, base64 already undone.
  case inline(KubeSecret)
  /// An absolute path; the file is read again for every request, so that renewed material is used.
  case file(String)
}

/// How to prove who one is.
package enum KubeCredentials: Sendable, Equatable {
  /// Nothing is sent.
  case anonymous
  /// A client certificate with its key, both PEM.
  case certificate(KubeMaterial, key: KubeMaterial)
  /// A bearer token.
  case token(KubeMaterial)
  /// A command that prints a credential.
  case exec(KubeExecPlugin)
}

/// A credential plugin as the kubeconfig describes it.
package struct KubeExecPlugin: Sendable, Equatable {
  /// `client.authentication.k8s.io/v1` or `…/v1beta1`.
  package let apiVersion: String
  /// The command: a bare name is looked up in PATH, anything with a slash is a path.
  package let command: String
  /// The command's arguments.
  package let arguments: [String]
  /// Variables on top of the caller's environment.
  package let variables: [String: KubeSecret]
  /// Whether the command is told about the cluster.
  package let provideClusterInfo: Bool
  /// What the author of the kubeconfig says to somebody who lacks the command.
  package let installHint: String?
}

/// Bounds on what one request may take.
package struct KubeLimits: Sendable, Equatable {
  /// For a connection with its TLS handshake.
  package var connect: Duration = .seconds(10)
  /// For a whole request, except a watch.
  package var request: Duration = .seconds(60)
  /// For one watch; the helpers list again after it.
  package var watch: Duration = .seconds(240)
  /// For a credential plugin.
  package var plugin: Duration = .seconds(60)
  /// Bytes of an answer after decompression.
  package var responseBytes = 64 << 20
  /// Bytes of one event of a watch (an object in etcd is at most 1.5 MiB).
  package var eventBytes = 4 << 20
  /// Events that wait for their reader; a reader that falls behind further loses the watch.
  package var bufferedEvents = 1024
  /// Objects in one page of a list.
  package var pageSize = 500
  /// Repetitions of a read after a broken connection or a 429.
  package var readRetries = 2
  /// The first pause before a repetition; it doubles.
  package var firstPause: Duration = .milliseconds(250)
  /// The longest pause before a repetition, also where the server asks for more.
  package var longestPause: Duration = .seconds(10)

  /// The limits above.
  package init() {}
}

/// Everything needed to talk to one API server: the outcome of resolving a kubeconfig.
package struct KubeConfiguration: Sendable {
  /// The context that was chosen.
  package let context: String
  /// The namespace of the context.
  package let namespace: String
  /// Where the server is.
  package let endpoint: KubeEndpoint
  /// Whom to trust; nothing means the authorities of the machine.
  package let certificateAuthority: KubeMaterial?
  /// Whether the server's certificate is checked at all.
  package let verifiesServer: Bool
  /// The proxy to go through; no environment variable is consulted.
  package let proxy: KubeSecret?
  /// Who to be.
  package let credentials: KubeCredentials
  /// The environment that a credential plugin inherits.
  package let pluginEnvironment: [String: String]
  /// Sentences that the user should read before anything happens.
  package let warnings: [String]
  /// Bounds; change them before the client is made.
  package var limits = KubeLimits()
}

/// The address of an API server, taken apart once.
package struct KubeEndpoint: Sendable, Equatable {
  /// The address as errors show it.
  package let description: String
  /// Whether the connection is encrypted.
  package let isTLS: Bool
  /// Host, in brackets if it is an IPv6 address.
  package let host: String
  /// Port.
  package let port: Int
  /// The path before `/api`, without a slash at the end.
  package let basePath: String
  /// The name that the server's certificate must carry, where it is not the host.
  package let tlsServerName: String?
}
