import Foundation
import Testing

/// Journals as releases have written them, kept so that later versions go on with them.
package enum ReleasedJournal {
  /// Releases with a kept journal.
  package static let versions = ["0.1.0"]

  /// Makes a state directory with the journal of a release.
  package static func restore(_ version: String, to directory: String) throws {
    let file = PawlProgram.root + "/Tests/PawlStoreTests/Fixtures/journal-\(version).sql"
    try FileManager.default.createDirectory(
      atPath: directory, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    let sql = try String(contentsOfFile: file, encoding: .utf8)
    try #require(try RawDatabase(directory + "/journal.sqlite").run(sql) == 0)
  }
}
