import GRDB
import PawlEngine

/// What a connection promises about a power cut.
struct Durability: Sendable, Hashable {
  /// `PRAGMA synchronous`: 2 is FULL, an fsync in each commit. https://www.sqlite.org/pragma.html#pragma_synchronous
  var synchronous: Int
  /// `PRAGMA journal_mode`.
  var journalMode: String

  init(synchronous: Int, journalMode: String) {
    self.synchronous = synchronous
    self.journalMode = journalMode
  }

  /// Reads it back from a connection.
  init(_ db: Database) throws {
    synchronous = try Int.fetchOne(db, sql: "PRAGMA synchronous") ?? 0
    journalMode = try String.fetchOne(db, sql: "PRAGMA journal_mode") ?? ""
  }

  /// Throws `notDurable` when a recorded entry could be lost.
  func require(path: String) throws(StoreError) {
    guard synchronous >= 2, journalMode == "wal" else {
      throw StoreError(
        .notDurable,
        """
        The journal \(path) would not survive a power cut (synchronous \(synchronous), journal \
        \(journalMode)); put the state directory on a local disk with --state.
        """)
    }
  }
}
