import Foundation
import GRDB
import PawlEngine

/// The table of requests to running processes, inside one transaction.
struct RequestTable {
  let db: Database

  func append(_ action: ControlAction, to run: RunID, by owner: String, at time: Date) throws -> Int {
    try Int.fetchOne(
      db,
      sql: """
        INSERT INTO controlRequest (run, number, askedBy, askedAt, action)
        VALUES (?1, 1 + (SELECT COALESCE(MAX(number), 0) FROM controlRequest WHERE run = ?1), ?2, ?3, ?4)
        RETURNING number
        """,
      arguments: [
        run.text, owner, try JournalCoding.milliseconds(time), blob(try JournalCoding.encode(action)),
      ]) ?? 0
  }

  func read(_ run: RunID, after number: Int) throws -> [ControlRequest] {
    let rows = try Row.fetchAll(
      db,
      sql: """
        SELECT number, askedBy, askedAt, action, answer FROM controlRequest
        WHERE run = ? AND number > ? ORDER BY number
        """,
      arguments: [run.text, number])
    return try rows.map { row in
      let action: [UInt8] = try row.field("action")
      return ControlRequest(
        number: try row.field("number"), by: try row.field("askedBy"),
        time: try JournalCoding.date(milliseconds: try row.field("askedAt")),
        action: try JournalCoding.decode(ControlAction.self, from: action),
        answer: try row.optionalField("answer").map {
          try JournalCoding.decode(ControlAnswer.self, from: $0)
        })
    }
  }

  func answer(_ number: Int, of run: RunID, with answer: ControlAnswer) throws {
    try db.execute(
      sql: "UPDATE controlRequest SET answer = ? WHERE run = ? AND number = ? AND answer IS NULL",
      arguments: [blob(try JournalCoding.encode(answer)), run.text, number])
  }
}
