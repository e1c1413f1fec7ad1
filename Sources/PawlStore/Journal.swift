import GRDB
import PawlEngine
import PawlPlan

/// Where a run's journal ends.
struct JournalHead: Sendable {
  var sequence: Int
  var hash: String
  var outcome: RunOutcome?
}

/// The tables of runs and events, inside one transaction.
struct Journal {
  let db: Database
  let chain: HashChain

  func create(_ record: RunRecord) throws {
    let body = try JournalCoding.encode(record)
    let hash = chain.first(run: record.id, record: body)
    let taken = try Bool.fetchOne(
      db, sql: "SELECT EXISTS (SELECT 1 FROM run WHERE id = ?)", arguments: [record.id.text])
    guard taken == false else { throw StoreError.runExists(record.id) }
    try db.execute(
      sql: "INSERT INTO run (id, cluster, title, createdAt, body, hash) VALUES (?, ?, ?, ?, ?, ?)",
      arguments: [
        record.id.text, record.plan.cluster, record.plan.title,
        try JournalCoding.milliseconds(record.createdAt), blob(body), hash,
      ])
    try db.execute(
      sql: "INSERT INTO head (run, sequence, hash) VALUES (?, 0, ?)", arguments: [record.id.text, hash])
  }

  func append(_ events: [RunEvent], to run: RunID) throws {
    var head = try head(of: run)
    if let first = events.first, first.sequence == head.sequence,
      let sound = try headBeforeTornTail(of: run, head)
    {
      try setTailAside(of: run, head)
      head = sound
    }
    for event in events {
      guard event.sequence == head.sequence + 1 else {
        throw StoreError.wrongSequence(run, expected: head.sequence + 1, found: event.sequence)
      }
      let body = try JournalCoding.encode(event)
      head.sequence = event.sequence
      head.hash = chain.link(after: head.hash, body)
      head.outcome = event.kind.outcome(after: head.outcome)
      try db.execute(
        sql: "INSERT INTO event (run, sequence, body, hash) VALUES (?, ?, ?, ?)",
        arguments: [run.text, event.sequence, blob(body), head.hash])
    }
    try db.execute(
      sql: "UPDATE head SET sequence = ?, hash = ?, outcome = ? WHERE run = ?",
      arguments: [
        head.sequence, head.hash, try head.outcome.map { blob(try JournalCoding.encode($0)) }, run.text,
      ])
  }

  func list() throws -> [RunSummary] {
    let rows = try Row.fetchAll(
      db,
      sql: """
        SELECT run.id, run.cluster, run.title, run.createdAt, head.outcome
        FROM run LEFT JOIN head ON head.run = run.id ORDER BY run.createdAt DESC, run.id DESC
        """)
    return try rows.map { row in
      let run = RunID(try row.field("id"))
      let outcome: [UInt8]? = row.optionalField("outcome")
      return RunSummary(
        id: run, cluster: try row.field("cluster"), title: try row.field("title"),
        createdAt: try JournalCoding.date(milliseconds: try row.field("createdAt")),
        outcome: try outcome.map { try decodeKnown(RunOutcome.self, from: $0, of: run) })
    }
  }

  /// Throws `notFound` unless there is such a run.
  func requireRun(_ run: RunID) throws {
    _ = try head(of: run)
  }

  private func head(of run: RunID) throws -> JournalHead {
    let row = try Row.fetchOne(
      db, sql: "SELECT sequence, hash, outcome FROM head WHERE run = ?", arguments: [run.text])
    guard let row else { throw StoreError.noRun(run) }
    let outcome: [UInt8]? = row.optionalField("outcome")
    return JournalHead(
      sequence: try row.field("sequence"), hash: try row.field("hash"),
      outcome: try outcome.map { try decodeKnown(RunOutcome.self, from: $0, of: run) })
  }

  /// The end of the journal without its last event, when that one is torn; nil when there is nothing to trim.
  private func headBeforeTornTail(of run: RunID, _ head: JournalHead) throws -> JournalHead? {
    let check = try JournalReader(db: db, chain: chain).check(run)
    guard check.fault?.kind == .tornTail, check.events.count == head.sequence - 1 else { return nil }
    return JournalHead(
      sequence: check.events.count, hash: check.lastHash,
      outcome: check.events.reduce(nil) { $1.kind.outcome(after: $0) })
  }

  private func setTailAside(of run: RunID, _ head: JournalHead) throws {
    let tail: StatementArguments = [run.text, head.sequence]
    try db.execute(
      sql: """
        INSERT INTO tornEvent (run, sequence, body, hash)
        SELECT run, sequence, body, hash FROM event WHERE run = ? AND sequence = ?
        """,
      arguments: tail)
    try db.execute(sql: "DELETE FROM event WHERE run = ? AND sequence = ?", arguments: tail)
  }

  private func decodeKnown<T: Decodable>(_ type: T.Type, from bytes: [UInt8], of run: RunID) throws -> T {
    do {
      return try JournalCoding.decode(type, from: bytes)
    } catch {
      throw StoreError.newerRun(run)
    }
  }
}
