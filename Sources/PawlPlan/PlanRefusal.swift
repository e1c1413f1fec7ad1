/// One reason why no plan is made. Nothing has been touched.
package struct PlanRefusal: Error, Sendable, Hashable, Codable, CustomStringConvertible {
  /// Short and stable, `downgrade`, `minor-not-offered`, `skew`.
  package var code: String
  /// One sentence with host and rule.
  package var message: String
  /// What to do about it; nil when the message says it.
  package var hint: String?

  /// Makes a refusal.
  package init(code: String, message: String, hint: String? = nil) {
    self.code = code
    self.message = message
    self.hint = hint
  }

  package var description: String { hint.map { "\(message) \($0)" } ?? message }
}
