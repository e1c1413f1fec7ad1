/// An expression of the runbook language; see docs/runbooks.md.
package struct Expression: Sendable, Hashable {
  /// The text as written.
  package let source: String
  /// Where it stands.
  package let location: SourceLocation
}

/// Text with `${{ expression }}` parts.
package struct Template: Sendable, Hashable {
  /// The text as written.
  package let source: String
  /// Where it stands.
  package let location: SourceLocation
}

/// A value of `with:`: literals, and templates where the text holds `${{ }}`.
package indirect enum ValueTemplate: Sendable, Hashable {
  case literal(Value)
  case template(Template)
  case list([ValueTemplate])
  case map([String: ValueTemplate])
}
