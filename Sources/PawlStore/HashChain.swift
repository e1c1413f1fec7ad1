import PawlEngine

/// A digest of bytes as hexadecimal text; SHA-256 outside tests.
package typealias Digest = @Sendable ([UInt8]) -> String

/// Ties each entry of a run's journal to all entries before it, so that a changed, lost or moved one shows.
struct HashChain: Sendable {
  let digest: Digest

  /// The link of the run's own record: the chain begins with the run's name.
  func first(run: RunID, record: [UInt8]) -> String {
    link(after: "pawl-run \(run)", record)
  }

  /// The link of an entry that follows the entry with the link `previous`.
  func link(after previous: String, _ body: [UInt8]) -> String {
    digest(Array(previous.utf8) + [UInt8(ascii: "\n")] + body)
  }
}
