/// One hop on the way to a host: a bastion or the target itself.
package struct SSHEndpoint: Sendable, Hashable {
  /// The name used in messages, such as the inventory name of the host.
  package var name: String
  /// Host name or address. For a hop behind a bastion it is resolved on that bastion.
  package var address: String
  /// TCP port of the server.
  package var port: Int
  /// User to log in as.
  package var user: String
  /// Credentials in the order in which they are tried.
  package var authentication: [SSHCredential]
  /// known_hosts files, all of them read; the host key must be in one of them.
  package var knownHostsFiles: [String]
  /// The name to look up in known_hosts instead of the address (ssh_config `HostKeyAlias`).
  package var hostKeyAlias: String?
  /// Time allowed for this hop: connection, key exchange and log-in together.
  package var connectTimeout: Duration

  package init(
    name: String, address: String, port: Int = 22, user: String, authentication: [SSHCredential],
    knownHostsFiles: [String], hostKeyAlias: String? = nil, connectTimeout: Duration = .seconds(15)
  ) {
    self.name = name
    self.address = address
    self.port = port
    self.user = user
    self.authentication = authentication
    self.knownHostsFiles = knownHostsFiles
    self.hostKeyAlias = hostKeyAlias
    self.connectTimeout = connectTimeout
  }

  /// The name under which known_hosts is searched.
  var hostKeyName: String { hostKeyAlias ?? address }
}

/// One way to prove who we are.
package enum SSHCredential: Sendable, Hashable {
  /// All keys of the agent listening on this Unix socket.
  case agent(socketPath: String)
  /// A private key file in OpenSSH or PEM format.
  case keyFile(path: String, passphrase: Passphrase?)

  /// How messages name it; never the passphrase.
  var label: String {
    switch self {
    case .agent(let path): "agent at \(path)"
    case .keyFile(let path, _): "key file \(path)"
    }
  }
}

/// A passphrase that no description, dump or interpolation shows.
package struct Passphrase: Sendable, Hashable, ExpressibleByStringLiteral, CustomStringConvertible,
  CustomDebugStringConvertible, CustomReflectable
{
  let secret: String

  package init(_ secret: String) { self.secret = secret }
  package init(stringLiteral value: String) { self.secret = value }

  package var description: String { "<passphrase>" }
  package var debugDescription: String { description }
  package var customMirror: Mirror { Mirror(self, children: []) }
}
