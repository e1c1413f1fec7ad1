/// Something that stands in the way of an upgrade, or that an operator should know before it.
package struct CheckProblem: Sendable, Hashable, Codable, CustomStringConvertible {
  /// An error forbids the upgrade, a warning does not.
  package enum Severity: String, Sendable, Hashable, Codable { case error, warning }

  /// What is the matter: the cluster's state, or the way to it.
  package enum Kind: String, Sendable, Hashable, Codable { case refusal, unreachable }

  package var severity: Severity
  package var kind: Kind
  /// The host, bastion or budget it is about, or `cluster`.
  package var subject: String
  /// Short and stable, `no-sudo`.
  package var code: String
  /// One sentence that names the subject and the cause.
  package var message: String
  /// The next thing to do; nil when the message says it.
  package var hint: String?

  /// Makes a problem; unless said otherwise an error in the cluster's state.
  package init(
    _ severity: Severity = .error, kind: Kind = .refusal, subject: String, code: String, message: String,
    hint: String? = nil
  ) {
    self.severity = severity
    self.kind = kind
    self.subject = subject
    self.code = code
    self.message = message
    self.hint = hint
  }

  package var description: String { hint.map { "\(message) \($0)" } ?? message }
}
