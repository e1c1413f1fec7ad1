import Foundation
import PawlEngine
import PawlTestSupport
import Testing

@testable import PawlStore

@Suite("The journal on disk")
struct DurabilityTests {
  // Lives as long as the suite's value, which is longer than any store in it.
  private let directory: TemporaryDirectory
  private let run = RunID("run-1")

  init() throws { directory = try TemporaryDirectory() }

  @Test("Directories are the owner's only, and so are the files")
  func modes() async throws {
    let store = try directory.open("a/b")
    let lock = try await store.lock(cluster: "prod", for: Sample.holder("run-1"))
    let modes = try [
      "a", "a/b", "a/b/locks", "a/b/journal.sqlite", "a/b/journal.sqlite-wal", "a/b/locks/prod.lock",
    ]
    .map { try mode(directory.path + "/" + $0) }
    #expect(modes == [0o700, 0o700, 0o700, 0o600, 0o600, 0o600])
    lock.release()
  }

  @Test("A directory that is there keeps its mode")
  func foreignMode() throws {
    let path = directory.path + "/state"
    try FileManager.default.createDirectory(
      atPath: path, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o750])
    _ = try directory.open()
    #expect(try mode(path) == 0o750)
  }

  @Test("The writer syncs each commit, also after it has written")
  func fullSync() async throws {
    let store = try directory.open()
    try await store.create(Sample.record("run-1"))
    try await store.append(Sample.shortRun, to: run)
    #expect(try await store.durability() == Durability(synchronous: 2, journalMode: "wal"))
  }

  @Test(
    "Less than a sync in each commit is refused",
    arguments: [
      (2, "wal", nil), (3, "wal", nil), (1, "wal", .notDurable), (0, "wal", .notDurable),
      (2, "memory", .notDurable),
    ]
      as [(Int, String, StoreError.Code?)])
  func notDurable(_ synchronous: Int, _ mode: String, _ code: StoreError.Code?) async {
    let error = await refusal { () throws(StoreError) in
      try Durability(synchronous: synchronous, journalMode: mode).require(path: "/state/journal.sqlite")
    }
    #expect(error?.code == code)
  }

  @Test("What was acknowledged is there after the files were left as they are")
  func abruptEnd() async throws {
    let store = try directory.open()
    try await store.create(Sample.record("run-1"))
    try await store.append(Sample.shortRun, to: run)
    try await store.appendOutput([Sample.output("line\n")], to: run)
    // The database and its write-ahead log in the middle of use, without the shared index, as a dead process
    // leaves them.
    let copy = directory.path + "/copy"
    try FileManager.default.createDirectory(atPath: copy, withIntermediateDirectories: false)
    for suffix in ["", "-wal"] {
      try FileManager.default.copyItem(
        atPath: directory.journal() + suffix, toPath: copy + "/journal.sqlite" + suffix)
    }
    let reopened = try directory.open("copy")
    #expect(try await reopened.load(run).events == Sample.shortRun)
    #expect(try await reopened.output(of: run, step: nil).map(\.text) == ["line\n"])
    #expect(try await reopened.verify(run: run).fault == nil)
  }

  @Test("A killed process leaves its events and no lock")
  func killed() async throws {
    let path = directory.path + "/state"
    await #expect(processExitsWith: .signal(SIGKILL)) { [path = path as String] in
      let store = try SQLiteRunStore(directory: path, digest: standInDigest)
      try await store.create(Sample.record("run-1"))
      let lock = try await store.lock(cluster: "prod", for: Sample.holder("run-1"))
      try await store.append(Sample.shortRun, to: RunID("run-1"))
      kill(getpid(), SIGKILL)
      lock.release()
    }
    let store = try directory.open()
    #expect(try await store.load(run).events == Sample.shortRun)
    #expect(try await store.lock(cluster: "prod", for: Sample.holder("run-2")).epoch == 2)
  }

  @Test("Two openings of one directory see each other's runs and locks")
  func twoOpenings() async throws {
    let first = try directory.open()
    let second = try directory.open()
    try await first.create(Sample.record("run-1"))
    try await second.append(Sample.shortRun, to: run)
    #expect(try await first.load(run).events == Sample.shortRun)

    let lock = try await first.lock(cluster: "prod", for: Sample.holder("run-1"))
    let error = await refusal { () throws(StoreError) in
      _ = try await second.lock(cluster: "prod", for: Sample.holder("run-2"))
    }
    #expect(error?.code == .locked)
    #expect(error?.holder == Sample.holder("run-1"))
    lock.release()
    #expect(try await second.lock(cluster: "prod", for: Sample.holder("run-2")).epoch == 2)
  }

  @Test("Opening a store again does not take away the locks that SQLite holds for the first one")
  func locksOfSQLite() async throws {
    let store = try directory.open()
    try await store.create(Sample.record("run-1"))
    _ = try directory.open()
    let busy: Int32 = 5
    // Another process may not take the write-ahead log away while this one uses it.
    await #expect(processExitsWith: .exitCode(busy)) { [path = directory.journal() as String] in
      exit(try RawDatabase(path).run("PRAGMA journal_mode = DELETE"))
    }
    #expect(try await store.list().count == 1)
  }

  @Test("A released lock is free although a child process still holds a copy of its file")
  func inheritedLock() async throws {
    let store = try directory.open()
    let lock = try await store.lock(cluster: "prod", for: Sample.holder("run-1"))
    let path = directory.path + "/state/locks/prod.lock"
    let files = try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").filter { name in
      var buffer = [CChar](repeating: 0, count: 4096)
      let count = readlink("/proc/self/fd/" + name, &buffer, buffer.count)
      return count > 0
        && String(decoding: buffer.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self) == path
    }
    let number = try #require(files.first.flatMap { Int32($0) })
    let copy = dup(number)
    try #require(copy >= 0)
    lock.release()
    let error = await refusal { () throws(StoreError) in
      _ = try await store.lock(cluster: "prod", for: Sample.holder("run-2"))
    }
    #expect(error == nil)
    close(copy)
  }

  @Test("Of many who take a lock in the same moment one gets it, and the others learn who")
  func lockRace() async throws {
    _ = try directory.open()
    let results = await withTaskGroup(of: Result<any RunLock, StoreError>.self) { group in
      for contender in 1...6 {
        group.addTask {
          do throws(StoreError) {
            let store = try directory.open()
            return .success(try await store.lock(cluster: "prod", for: Sample.holder("run-\(contender)")))
          } catch {
            return .failure(error)
          }
        }
      }
      return await group.reduce(into: []) { $0.append($1) }
    }
    let errors = results.compactMap { result -> StoreError? in
      if case .failure(let error) = result { error } else { nil }
    }
    #expect(errors.map(\.code) == Array(repeating: .locked, count: 5))
    #expect(Set(errors.map(\.holder?.run)).count == 1)
    #expect(errors.first?.holder != nil)
  }

  @Test("Many openings of a new directory in the same moment all succeed")
  func openingRace() async throws {
    try await withThrowingTaskGroup { group in
      for number in 1...6 {
        group.addTask {
          let store = try directory.open()
          try await store.create(Sample.record("run-\(number)"))
        }
      }
      try await group.waitForAll()
    }
    #expect(try await directory.open().list().count == 6)
  }

  @Test("A lock file without a name still refuses")
  func namelessLock() async throws {
    let store = try directory.open()
    let lock = try await store.lock(cluster: "prod", for: Sample.holder("run-1"))
    try Data("{".utf8).write(to: URL(fileURLWithPath: directory.path + "/state/locks/prod.lock"), options: [])
    let error = await refusal { () throws(StoreError) in
      _ = try await store.lock(cluster: "prod", for: Sample.holder("run-2"))
    }
    #expect(error?.code == .locked)
    #expect(error?.message.contains("prod.lock") == true)
    lock.release()
  }

  @Test("The same value gives the same bytes, with sorted keys and whole milliseconds")
  func encoding() throws {
    let event = Sample.event(1, .stepSucceeded(Sample.step, attempt: 1, StepOutcome("a/b", changed: true)))
    let text = String(decoding: try JournalCoding.encode(event), as: UTF8.self)
    let kind = #"{"stepSucceeded":{"_0":"drain@worker-1","_2":{"changed":true,"summary":"a/b"},"attempt":1}}"#
    #expect(text == #"{"kind":"# + kind + #","sequence":1,"time":1795257913123}"#)
  }

  @Test("A time that can't be printed is neither written nor read")
  func timeRange() {
    for seconds in [.nan, .infinity, 1e18, -1] as [Double] {
      #expect(throws: EncodingError.self) {
        try JournalCoding.milliseconds(Date(timeIntervalSince1970: seconds))
      }
    }
    for milliseconds in [-1, .max, .min] as [Int64] {
      #expect(throws: DecodingError.self) { try JournalCoding.date(milliseconds: milliseconds) }
    }
  }

  private func mode(_ path: String) throws -> Int? {
    try (FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? NSNumber)?.intValue
  }
}
