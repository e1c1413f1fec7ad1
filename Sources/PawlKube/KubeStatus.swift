/// The `Status` object with which an API server explains a refusal.
package struct KubeStatus: Sendable, Equatable, Codable {
  /// One reason among several.
  package struct Cause: Sendable, Equatable, Codable {
    /// A word for programs, for example `DisruptionBudget` or `NamespaceTerminating`.
    package let reason: String?
    /// A sentence for people.
    package let message: String?
    /// The field that the cause is about.
    package let field: String?
  }

  /// What the refusal is about.
  package struct Details: Sendable, Equatable, Codable {
    /// The object's name.
    package let name: String?
    /// The object's kind or resource.
    package let kind: String?
    /// The object's UID.
    package let uid: String?
    /// Every cause that the server named.
    package let causes: [Cause]?
    /// Seconds to wait before the next try.
    package let retryAfterSeconds: Int?
  }

  /// `Success` or `Failure`.
  package let status: String?
  /// A word for programs, for example `NotFound` or `Conflict`.
  package let reason: String?
  /// A sentence for people.
  package let message: String?
  /// The HTTP status, repeated in the body.
  package let code: Int?
  /// More about the refusal.
  package let details: Details?

  /// The causes, an empty list where the server named none.
  package var causes: [Cause] { details?.causes ?? [] }

  /// Whether one of the causes has this reason.
  package func hasCause(_ reason: String) -> Bool { causes.contains { $0.reason == reason } }
}
