import GRDB
import PawlEngine
import PawlPlan

/// The tables of steps' output, inside one transaction.
struct OutputTable {
  let db: Database

  func append(_ records: [OutputRecord], to run: RunID) throws {
    var added: [StepID: Int] = [:]
    for record in records where !record.text.isEmpty {
      let body = Array(record.text.utf8)
      try db.execute(
        sql: "INSERT INTO output (run, step, attempt, body) VALUES (?, ?, ?, ?)",
        arguments: [run.text, record.step.text, record.attempt, blob(body)])
      added[record.step, default: 0] += body.count
    }
    for (step, bytes) in added {
      let kept =
        try Int.fetchOne(
          db,
          sql: """
            INSERT INTO outputSize (run, step, kept, dropped) VALUES (?, ?, ?, 0)
            ON CONFLICT DO UPDATE SET kept = kept + excluded.kept RETURNING kept
            """,
          arguments: [run.text, step.text, bytes]) ?? 0
      if kept > OutputLimit.bytesPerStep {
        try drop(kept - OutputLimit.bytesPerStep, from: step, of: run)
      }
    }
  }

  func read(_ run: RunID, step: StepID?) throws -> [OutputRecord] {
    let rows = try Row.fetchAll(
      db,
      sql: """
        SELECT step, attempt, body FROM output WHERE run = ?1 AND (?2 IS NULL OR step = ?2) ORDER BY position
        """,
      arguments: [run.text, step?.text])
    let records = try rows.map { row in
      let body: [UInt8] = try row.field("body")
      return OutputRecord(
        step: StepID(try row.field("step")), attempt: try row.field("attempt"),
        text: String(decoding: body, as: UTF8.self))
    }
    return OutputLimit.withMarkers(records, dropped: try dropped(of: run))
  }

  private func dropped(of run: RunID) throws -> [StepID: Int] {
    let rows = try Row.fetchAll(
      db, sql: "SELECT step, dropped FROM outputSize WHERE run = ? AND dropped > 0", arguments: [run.text])
    var dropped: [StepID: Int] = [:]
    for row in rows { dropped[StepID(try row.field("step"))] = try row.field("dropped") }
    return dropped
  }

  /// Takes at least that many bytes from the oldest output of a step.
  private func drop(_ bytes: Int, from step: StepID, of run: RunID) throws {
    var left = bytes
    var dropped = 0
    while left > 0,
      let row = try Row.fetchOne(
        db, sql: "SELECT position, body FROM output WHERE run = ? AND step = ? ORDER BY position LIMIT 1",
        arguments: [run.text, step.text])
    {
      let position: Int64 = try row.field("position")
      let body: [UInt8] = try row.field("body")
      let end = OutputLimit.end(of: body, dropping: left)
      if end.isEmpty {
        try db.execute(sql: "DELETE FROM output WHERE position = ?", arguments: [position])
      } else {
        try db.execute(
          sql: "UPDATE output SET body = ? WHERE position = ?", arguments: [blob(end), position])
      }
      dropped += body.count - end.count
      left -= body.count - end.count
    }
    try db.execute(
      sql: "UPDATE outputSize SET kept = kept - ?, dropped = dropped + ? WHERE run = ? AND step = ?",
      arguments: [dropped, dropped, run.text, step.text])
  }
}
