import GRDB
import PawlEngine

/// The tables of `journal.sqlite`. A migration that was released is never edited; changes are new migrations.
enum JournalSchema {
  /// "PAWL" in the file's header, by which a database of another program is told apart.
  static let applicationID = 0x5041_574C

  static var migrator: DatabaseMigrator {
    var migrator = DatabaseMigrator()
    migrator.registerMigration("1-journal") { db in
      try db.execute(sql: "PRAGMA application_id = \(applicationID)")
      try createRuns(db)
      try createEvents(db)
      try createOutput(db)
      try db.execute(
        sql: """
          CREATE TABLE lockEpoch (
            file TEXT NOT NULL PRIMARY KEY, -- the lock's file, one for each cluster
            epoch INTEGER NOT NULL
          ) STRICT;
          """)
    }
    migrator.registerMigration("2-control") { db in try createRequests(db) }
    return migrator
  }

  /// Brings the database to this form. - Throws: `newerFormat`, `damaged` for a database that is not Pawl's.
  static func prepare(_ writer: some DatabaseWriter, path: String) throws {
    try writer.read { db in
      let found = try Int.fetchOne(db, sql: "PRAGMA application_id") ?? 0
      let tables = try Int.fetchOne(db, sql: "SELECT COUNT(*) FROM sqlite_master") ?? 0
      guard found == applicationID || (found == 0 && tables == 0) else {
        throw StoreError(
          .damaged, "\(path) is not a journal of Pawl; move it away or choose another directory with --state."
        )
      }
      guard try !migrator.hasBeenSuperseded(db) else {
        throw StoreError(
          .newerFormat,
          "\(path) was written by a newer Pawl; use that version, or another directory with --state.")
      }
    }
    try migrator.migrate(writer)
  }

  private static func createRuns(_ db: Database) throws {
    try db.execute(
      sql: """
        CREATE TABLE run (
          id TEXT NOT NULL PRIMARY KEY,
          cluster TEXT NOT NULL,
          title TEXT NOT NULL,
          createdAt INTEGER NOT NULL, -- milliseconds since 1970
          body BLOB NOT NULL, -- RunRecord as JSON
          hash TEXT NOT NULL -- the first link of the chain
        ) STRICT;
        CREATE TRIGGER runKept BEFORE UPDATE ON run
          BEGIN SELECT RAISE(ABORT, 'a run is never changed'); END;
        CREATE TRIGGER runNotDeleted BEFORE DELETE ON run
          BEGIN SELECT RAISE(ABORT, 'a run is never deleted'); END;

        -- Where each journal ends: tells a journal that was cut off from one that ends there.
        CREATE TABLE head (
          run TEXT NOT NULL PRIMARY KEY REFERENCES run(id),
          sequence INTEGER NOT NULL,
          hash TEXT NOT NULL,
          outcome BLOB -- RunOutcome as JSON
        ) STRICT;
        """)
  }

  private static func createEvents(_ db: Database) throws {
    try db.execute(
      sql: """
        CREATE TABLE event (
          run TEXT NOT NULL REFERENCES run(id),
          sequence INTEGER NOT NULL,
          body BLOB NOT NULL, -- RunEvent as JSON
          hash TEXT NOT NULL, -- over the hash before and the body
          PRIMARY KEY (run, sequence)
        ) STRICT;

        -- Unreadable last events, moved here so that the journal can go on.
        CREATE TABLE tornEvent (
          run TEXT NOT NULL REFERENCES run(id),
          sequence INTEGER NOT NULL,
          body BLOB NOT NULL,
          hash TEXT NOT NULL
        ) STRICT;

        CREATE TRIGGER eventInOrder BEFORE INSERT ON event
          WHEN NEW.sequence <> 1 + (SELECT COALESCE(MAX(sequence), 0) FROM event WHERE run = NEW.run)
          BEGIN SELECT RAISE(ABORT, 'events have no gaps'); END;
        CREATE TRIGGER eventKept BEFORE UPDATE ON event
          BEGIN SELECT RAISE(ABORT, 'an event is never changed'); END;
        CREATE TRIGGER eventNotDeleted BEFORE DELETE ON event
          WHEN NOT EXISTS (
            SELECT 1 FROM tornEvent AS torn
            WHERE torn.run = OLD.run AND torn.sequence = OLD.sequence
              AND torn.body = OLD.body AND torn.hash = OLD.hash)
          BEGIN SELECT RAISE(ABORT, 'an event is never deleted'); END;
        CREATE TRIGGER tornEventKept BEFORE UPDATE ON tornEvent
          BEGIN SELECT RAISE(ABORT, 'a torn event is never changed'); END;
        CREATE TRIGGER tornEventNotDeleted BEFORE DELETE ON tornEvent
          BEGIN SELECT RAISE(ABORT, 'a torn event is never deleted'); END;
        """)
  }

  private static func createRequests(_ db: Database) throws {
    try db.execute(
      sql: """
        -- What other processes ask of the one that runs a run.
        CREATE TABLE controlRequest (
          run TEXT NOT NULL REFERENCES run(id),
          number INTEGER NOT NULL,
          askedBy TEXT NOT NULL,
          askedAt INTEGER NOT NULL, -- milliseconds since 1970
          action BLOB NOT NULL, -- ControlAction as JSON
          answer BLOB, -- ControlAnswer as JSON
          PRIMARY KEY (run, number)
        ) STRICT;
        """)
  }

  private static func createOutput(_ db: Database) throws {
    try db.execute(
      sql: """
        CREATE TABLE output (
          position INTEGER PRIMARY KEY AUTOINCREMENT,
          run TEXT NOT NULL REFERENCES run(id),
          step TEXT NOT NULL,
          attempt INTEGER NOT NULL,
          body BLOB NOT NULL -- UTF-8
        ) STRICT;
        CREATE INDEX outputByStep ON output (run, step, position);

        CREATE TABLE outputSize (
          run TEXT NOT NULL REFERENCES run(id),
          step TEXT NOT NULL,
          kept INTEGER NOT NULL, -- bytes in output
          dropped INTEGER NOT NULL, -- bytes that were there once
          PRIMARY KEY (run, step)
        ) STRICT;
        """)
  }
}
