import Foundation
import PawlEngine
import PawlTestSupport
import Testing

@testable import PawlStore

@Suite("Opening a state directory")
struct OpeningTests {
  // Lives as long as the suite's value, which is longer than any store in it.
  private let directory: TemporaryDirectory

  init() throws { directory = try TemporaryDirectory() }

  private func openingError(_ name: String = "state") async -> StoreError? {
    await refusal { () throws(StoreError) in _ = try directory.open(name) }
  }

  @Test("A database of a newer Pawl is refused and left as it is")
  func newerSchema() async throws {
    try await directory.open().create(Sample.record("run-1"))
    let raw = try RawDatabase(directory.journal())
    try #require(raw.run("INSERT INTO grdb_migrations VALUES ('3-from-the-future')") == 0)
    #expect(await openingError()?.code == .newerFormat)
    try #require(raw.run("DELETE FROM grdb_migrations WHERE identifier LIKE '3-%'") == 0)
    #expect(try await directory.open().list().count == 1)
  }

  @Test("A database of another program is refused and left as it is")
  func foreignDatabase() async throws {
    try FileManager.default.createDirectory(
      atPath: directory.path + "/state", withIntermediateDirectories: false)
    let raw = try RawDatabase(directory.journal())
    try #require(raw.run("CREATE TABLE address (name TEXT)") == 0)
    let error = await openingError()
    #expect(error?.code == .damaged)
    #expect(error?.message.contains("is not a journal of Pawl") == true)
    #expect(raw.run("SELECT id FROM run") != 0)
  }

  @Test("A file that is no database is refused and left as it is")
  func foreignFile() async throws {
    try FileManager.default.createDirectory(
      atPath: directory.path + "/state", withIntermediateDirectories: false)
    let text = String(repeating: "This is a letter. ", count: 100)
    try Data(text.utf8).write(to: URL(fileURLWithPath: directory.journal()), options: [])
    let error = await openingError()
    #expect(error?.code == .damaged)
    #expect(try String(contentsOfFile: directory.journal(), encoding: .utf8) == text)
  }

  @Test("A database that was cut off is damage")
  func truncated() async throws {
    try await fill()
    let size = try Data(contentsOf: URL(fileURLWithPath: directory.journal())).count
    #expect(truncate(directory.journal(), off_t(size / 2)) == 0)
    let error = await refusal { () throws(StoreError) in
      _ = try await directory.open().load(RunID("run-1"))
    }
    #expect(error?.code == .damaged)
  }

  /// Writes enough for many pages, and closes the store.
  private func fill() async throws {
    let store = try directory.open()
    try await store.create(Sample.record("run-1"))
    let events = (1...500).map { Sample.event($0, .stepInDoubt(Sample.step, attempt: $0, reason: "lost")) }
    try await store.append(events, to: RunID("run-1"))
  }

  @Test("A directory that can't be made is refused with its name and the reason")
  func notADirectory() async throws {
    try Data().write(to: URL(fileURLWithPath: directory.path + "/file"), options: [])
    let error = await openingError("file/state")
    #expect(error?.code == .inputOutput)
    #expect(error?.message.contains("/file (Not a directory)") == true)
  }

  @Test(
    "A directory on a read-only disk is refused", .enabled(if: SmallDisk.isPossible, "Mounting needs root."))
  func readOnlyDisk() async throws {
    let disk = try SmallDisk(at: directory.path + "/disk", kibibytes: 1024)
    _ = try directory.open("disk/state")
    try disk.remount("ro")
    let existing = await openingError("disk/state")
    #expect(existing?.code == .inputOutput)
    #expect(existing?.message.contains("can't write the journal") == true)
    let new = await openingError("disk/new")
    #expect(new?.code == .inputOutput)
    #expect(new?.message.contains("disk/new (Read-only file system)") == true)
  }

  @Test(
    "A full disk stops an append, keeps what was there, and goes on when there is space",
    .enabled(if: SmallDisk.isPossible, "Mounting needs root."))
  func fullDisk() async throws {
    let disk = try SmallDisk(at: directory.path + "/disk", kibibytes: 2048)
    let store = try directory.open("disk/state")
    let run = RunID("run-1")
    try await store.create(Sample.record("run-1"))
    let reason = String(repeating: "x", count: 10_000)
    var kept = 0
    var error: StoreError?
    while error == nil, kept < 1000 {
      let event = Sample.event(kept + 1, .stepInDoubt(Sample.step, attempt: 1, reason: reason))
      error = await refusal { () throws(StoreError) in try await store.append([event], to: run) }
      if error == nil { kept += 1 }
    }
    #expect(error?.code == .outOfSpace)
    #expect(kept > 0)
    #expect(try await store.load(run).events.count == kept)
    try disk.remount("size=8192k")
    try await store.append([Sample.event(kept + 1, .runStopped(.cancelled))], to: run)
    #expect(try await store.verify(run: run).fault == nil)
    #expect(try await store.verify(run: run).events.count == kept + 1)
  }

  @Test("A full disk refuses the opening", .enabled(if: SmallDisk.isPossible, "Mounting needs root."))
  func openingOnFullDisk() async throws {
    let disk = try SmallDisk(at: directory.path + "/disk", kibibytes: 16)
    let error = await openingError("disk/state")
    #expect(error?.code == .outOfSpace)
    _ = consume disk
  }
}
