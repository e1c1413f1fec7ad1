/// What went wrong on a hop or with a remote command.
package struct SSHError: Error, Sendable, CustomStringConvertible {
  /// The kind of failure.
  package enum Code: String, Sendable, Codable, CaseIterable {
    case unreachable, connectTimeout, linkLost, bastionForwardRefused, channelRefused
    case hostKeyUnknown, hostKeyMismatch
    case authenticationRefused, keyUnreadable, keyTypeUnsupported, agentUnavailable
    case timedOut, cancelled, outputLimit, protocolError
    case invalidCommand, fenced, jobLost, jobRefused
  }

  /// The kind of failure.
  package let code: Code
  /// Name of the hop that failed.
  package let hop: String
  /// One sentence: the hop, the cause and what to do next.
  package let message: String
  /// A command or setting that helps, if there is one.
  package let hint: String?
  /// What the library or the host said; not part of the description.
  package let underlying: String?

  package init(_ code: Code, hop: String, _ message: String, hint: String? = nil, underlying: String? = nil) {
    self.code = code
    self.hop = hop
    self.message = message
    self.hint = hint
    self.underlying = underlying
  }

  /// True when the network or a server on the way failed, so that trying again can help.
  package var isTransport: Bool {
    switch code {
    case .unreachable, .connectTimeout, .linkLost, .bastionForwardRefused, .channelRefused: true
    default: false
    }
  }

  package var description: String { message }
}
