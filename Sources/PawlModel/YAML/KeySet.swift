/// The keys that one kind of mapping has. The readers and a test of the JSON Schemas share these.
struct KeySet: Sendable, Hashable {
  /// The mapping as a message names it: `a host`.
  let subject: String
  /// Keys that must be there.
  let required: [String]
  /// Keys that may be there.
  let optional: [String]

  init(_ subject: String, required: [String] = [], optional: [String] = []) {
    self.subject = subject
    self.required = required
    self.optional = optional
  }

  /// All keys.
  var all: [String] { required + optional }
}
