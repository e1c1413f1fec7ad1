import Foundation
import PawlEngine
import PawlPlan
import PawlTestSupport
import Testing

@testable import PawlStore

@Suite("A journal that was changed")
struct DamageTests {
  // Lives as long as the suite's value, which is longer than any store in it.
  private let directory: TemporaryDirectory
  private let run = RunID("run-1")

  init() throws { directory = try TemporaryDirectory() }

  /// Makes a state directory with a run of four events, then does `sql` to it beside Pawl.
  private func tampered(_ sql: String) async throws {
    let store = try directory.open()
    try await store.create(Sample.record("run-1"))
    try await store.append(Sample.shortRun, to: run)
    let raw = try RawDatabase(directory.journal())
    let triggers = ["runKept", "runNotDeleted", "eventInOrder", "eventKept", "eventNotDeleted"]
    try #require(raw.run(triggers.map { "DROP TRIGGER \($0);" }.joined() + sql) == 0)
  }

  @Test(
    "SQL that changes history is refused by the database itself",
    arguments: [
      "UPDATE event SET body = x'00' WHERE sequence = 2", "DELETE FROM event WHERE sequence = 4",
      "INSERT OR REPLACE INTO event VALUES ('run-1', 4, x'00', '')",
      "INSERT INTO event VALUES ('run-1', 6, x'00', '')", "UPDATE run SET title = ''", "DELETE FROM run",
    ])
  func appendOnly(_ sql: String) async throws {
    let store = try directory.open()
    try await store.create(Sample.record("run-1"))
    try await store.append(Sample.shortRun, to: run)
    let constraint: Int32 = 19
    #expect(try RawDatabase(directory.journal()).run(sql) == constraint)
    #expect(try await store.verify(run: run).fault == nil)
  }

  @Test(
    "The first broken link is found, and what is before it can be read",
    arguments: [
      ("UPDATE event SET body = CAST(replace(body, 'drained', 'skipped') AS BLOB) WHERE sequence = 3", 3, 2),
      ("UPDATE event SET hash = 'beef' WHERE sequence = 2", 2, 1),
      ("UPDATE event SET body = x'7b' WHERE sequence = 2", 2, 1),
      ("DELETE FROM event WHERE sequence = 1", 1, 0),
      ("DELETE FROM event WHERE sequence = 3", 3, 2),
      ("DELETE FROM event WHERE sequence = 4", 4, 3),
      ("DELETE FROM event WHERE sequence > 2", 3, 2),
      (
        "UPDATE event SET body = CAST(replace(body, 'completed', 'cancelled') AS BLOB) WHERE sequence = 4", 4,
        3
      ),
      ("UPDATE event SET sequence = 9 WHERE sequence = 4", 4, 3),
      ("UPDATE run SET body = CAST(replace(body, 'anna', 'evil') AS BLOB)", 0, 0),
      ("UPDATE head SET hash = 'beef'", 4, 3),
      ("UPDATE head SET sequence = 3", 4, 3),
    ])
  func firstBrokenLink(_ sql: String, _ sequence: Int, _ readable: Int) async throws {
    try await tampered(sql)
    let store = try directory.open()
    let check = try await store.verify(run: run)
    #expect(check.fault?.kind == .damaged)
    #expect(check.fault?.sequence == sequence)
    #expect(check.events == Array(Sample.shortRun.prefix(readable)))
    let error = await refusal { () throws(StoreError) in _ = try await store.load(run) }
    #expect(error?.code == .damaged)
    #expect(error?.message.contains(sequence == 0 ? "at its record" : "at event \(sequence)") == true)
  }

  @Test("An event that was replaced together with its own hash breaks the next link")
  func replacedEvent() async throws {
    let forged = Sample.event(2, .stepStarted(Sample.step, attempt: 7))
    let body = try JournalCoding.encode(forged)
    let chain = HashChain(digest: standInDigest)
    let record = chain.first(run: run, record: try JournalCoding.encode(Sample.record("run-1")))
    let first = chain.link(after: record, try JournalCoding.encode(Sample.shortRun[0]))
    let text = String(decoding: body, as: UTF8.self)
    try await tampered(
      """
      UPDATE event SET body = CAST('\(text)' AS BLOB), hash = '\(chain.link(after: first, body))'
      WHERE sequence = 2
      """)
    let check = try await directory.open().verify(run: run)
    #expect(check.fault?.sequence == 3)
    #expect(check.events == [Sample.shortRun[0], forged])
  }

  @Test(
    "A second load reads on from the first: what others appended is in it, and a changed new event is found")
  func loadsGoOn() async throws {
    let store = try directory.open()
    try await store.create(Sample.record("run-1"))
    try await store.append(Array(Sample.shortRun.prefix(2)), to: run)
    #expect(try await store.load(run).events.count == 2)
    try await directory.open().append(Array(Sample.shortRun.suffix(2)), to: run)
    #expect(try await store.load(run).events == Sample.shortRun)

    let other = try directory.open()
    _ = try await other.load(run)
    try await store.append([Sample.event(5, .runStarted(by: "anna@ops1", resumed: true))], to: run)
    let raw = try RawDatabase(directory.journal())
    let change = "UPDATE event SET body = CAST(replace(body, 'anna', 'evil') AS BLOB) WHERE sequence = 5"
    try #require(raw.run("DROP TRIGGER eventKept;" + change) == 0)
    await #expect(throws: StoreError.self) { try await other.load(run) }
  }

  @Test("A torn last event is left out, reported, and moved aside by the next append")
  func tornTail() async throws {
    try await tampered("UPDATE event SET body = substr(body, 1, 20) WHERE sequence = 4")
    let store = try directory.open()
    #expect(try await store.load(run).events == Array(Sample.shortRun.prefix(3)))
    let before = try await store.verify(run: run)
    #expect(before.fault?.kind == .tornTail)
    #expect(before.fault?.sequence == 4)

    let resumed = Sample.event(4, .runStarted(by: "eve", resumed: true))
    try await store.append([resumed], to: run)
    #expect(try await store.load(run).events == Array(Sample.shortRun.prefix(3)) + [resumed])
    let after = try await store.verify(run: run)
    #expect(after.fault == nil)
    #expect(after.setAside == [4])
    #expect(try await store.list().map(\.outcome) == [nil])
  }

  @Test("A whole last event is never moved aside")
  func wholeTail() async throws {
    try await tampered("")
    let store = try directory.open()
    let error = await refusal { () throws(StoreError) in
      try await store.append([Sample.event(4, .runStopped(.cancelled))], to: run)
    }
    #expect(error?.code == .conflict)
    #expect(try await store.verify(run: run).setAside.isEmpty)
  }

  @Test("An event of a newer kind is said to be newer", arguments: [true, false])
  func newerEvent(_ more: Bool) async throws {
    let store = try directory.open()
    try await store.create(Sample.record("run-1"))
    try await store.append(Array(Sample.shortRun.prefix(1)), to: run)
    var link = try await store.verify(run: run).lastHash
    let raw = try RawDatabase(directory.journal())
    let newer = #"{"kind":{"stepDreamt":{"_0":"x"}},"sequence":2,"time":1}"#
    let known = String(decoding: try JournalCoding.encode(Sample.shortRun[2]), as: UTF8.self)
    for (sequence, body) in [(2, newer), (3, known)].prefix(more ? 2 : 1) {
      link = HashChain(digest: standInDigest).link(after: link, Array(body.utf8))
      let sql = "INSERT INTO event VALUES ('run-1', \(sequence), CAST('\(body)' AS BLOB), '\(link)');"
      try #require(raw.run(sql + "UPDATE head SET sequence = \(sequence), hash = '\(link)'") == 0)
    }
    let error = await refusal { () throws(StoreError) in _ = try await store.load(run) }
    #expect(error?.code == .newerFormat)
    #expect(try await store.verify(run: run).fault?.sequence == 2)
    #expect(try await store.list().count == 1)
  }

  @Test("A broken link behind an event of a newer kind is damage")
  func damageBehindNewerEvent() async throws {
    let store = try directory.open()
    try await store.create(Sample.record("run-1"))
    let link = try await store.verify(run: run).lastHash
    let body = #"{"kind":{"stepDreamt":{}},"sequence":1,"time":1}"#
    let next = HashChain(digest: standInDigest).link(after: link, Array(body.utf8))
    let sql = """
      INSERT INTO event VALUES ('run-1', 1, CAST('\(body)' AS BLOB), '\(next)');
      INSERT INTO event VALUES ('run-1', 2, CAST('\(body)' AS BLOB), 'beef');
      INSERT INTO event VALUES ('run-1', 3, CAST('\(body)' AS BLOB), 'beef');
      UPDATE head SET sequence = 3;
      """
    try #require(try RawDatabase(directory.journal()).run(sql) == 0)
    let fault = try await store.verify(run: run).fault
    #expect(fault?.kind == .damaged)
    #expect(fault?.sequence == 2)
  }

  @Test("An outcome of a newer kind in the list is said to be newer")
  func newerOutcome() async throws {
    try await tampered(#"UPDATE head SET outcome = CAST('{"dreamt":{}}' AS BLOB)"#)
    let store = try directory.open()
    let error = await refusal { () throws(StoreError) in _ = try await store.list() }
    #expect(error?.code == .newerFormat)
    #expect(error?.message.contains("run-1") == true)
  }

  @Test("A time in the list that can't be printed is damage")
  func impossibleTime() async throws {
    try await tampered("UPDATE run SET createdAt = 9000000000000000000")
    let store = try directory.open()
    #expect(await refusal { () throws(StoreError) in _ = try await store.list() }?.code == .damaged)
  }

  @Test("A plan of a newer form is said to be newer")
  func newerPlan() async throws {
    let store = try directory.open()
    var record = Sample.record("run-1")
    record.plan.schemaVersion = 99
    try await store.create(record)
    let error = await refusal { () throws(StoreError) in _ = try await store.load(run) }
    #expect(error?.code == .newerFormat)
  }

  @Test("A value of the wrong type is damage, not a crash")
  func wrongType() async throws {
    try await tampered(
      """
      PRAGMA writable_schema = ON;
      UPDATE sqlite_master SET sql = replace(replace(sql, 'STRICT', ''), 'BLOB NOT NULL', 'BLOB')
        WHERE name = 'event';
      PRAGMA writable_schema = RESET;
      UPDATE event SET body = NULL WHERE sequence = 2;
      """)
    let store = try directory.open()
    let error = await refusal { () throws(StoreError) in _ = try await store.load(run) }
    #expect(error?.code == .damaged)
  }
}
