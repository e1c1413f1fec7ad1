package import Foundation
import GRDB
package import PawlEngine
package import PawlPlan
import Synchronization

/// Runs on disk: a SQLite database in a state directory that belongs to one machine.
///
/// Several processes may have it open; each entry is on the disk when its call returns. See
/// docs/adr/0005-journal-on-sqlite.md.
package final class SQLiteRunStore: RunStore {
  /// How long a write waits for another process's write.
  private static let busySeconds = 10.0

  private let directory: StateDirectory
  private let chain: HashChain
  private let pool: DatabasePool
  /// The journal that was read last, when it was sound: a journal only grows, so the next load reads what is new.
  private let lastCheck = Mutex<JournalCheck?>(nil)

  /// Opens the store, making the directory and the database when they are missing; may take a moment.
  ///
  /// `digest` is SHA-256; a directory must always be opened with the same one.
  /// - Throws: `newerFormat`, `damaged`, `notDurable`, `outOfSpace`, `inputOutput`.
  package init(directory path: String, digest: @escaping Digest) throws(StoreError) {
    let directory = StateDirectory(path: path.isEmpty ? "." : path)
    try directory.create()
    self.directory = directory
    chain = HashChain(digest: digest)
    pool = try directory.exclusively { () throws(StoreError) in
      try directory.createJournal()
      do {
        return try Self.open(directory.journal)
      } catch {
        throw StoreError(error, path: directory.journal)
      }
    }
  }

  /// Whether there is a store in the directory; nothing is made.
  package static func exists(in path: String) -> Bool {
    FileManager.default.fileExists(atPath: StateDirectory(path: path.isEmpty ? "." : path).journal)
  }

  private static func open(_ path: String) throws -> DatabasePool {
    var configuration = Configuration()
    configuration.busyMode = .timeout(busySeconds)
    configuration.label = "pawl-journal"
    let pool = try DatabasePool(path: path, configuration: configuration)
    try JournalSchema.prepare(pool, path: path)
    // Last, because GRDB sets NORMAL while it opens the writer; the setting lives as long as that connection.
    try pool.writeWithoutTransaction { db in
      try db.execute(sql: "PRAGMA synchronous = FULL")
      try Durability(db).require(path: path)
    }
    return pool
  }

  package func create(_ record: RunRecord) async throws(StoreError) {
    try await write { try $0.create(record) }
  }

  package func append(_ events: [RunEvent], to run: RunID) async throws(StoreError) {
    try await write { try $0.append(events, to: run) }
  }

  package func load(_ run: RunID) async throws(StoreError) -> (record: RunRecord, events: [RunEvent]) {
    let earlier = lastCheck.withLock { $0?.run == run ? $0 : nil }
    let check =
      if let earlier { try await remembering { try $0.check(run, after: earlier) } } else {
        try await verify(run: run)
      }
    if let fault = check.fault, fault.kind != .tornTail { throw Self.refusal(check, fault) }
    guard let record = check.record else { throw .newerRun(run) }
    return (record, check.events)
  }

  package func list() async throws(StoreError) -> [RunSummary] {
    try await read { try $0.list() }
  }

  package func appendOutput(_ records: [OutputRecord], to run: RunID) async throws(StoreError) {
    try await write { journal in
      try journal.requireRun(run)
      try OutputTable(db: journal.db).append(records, to: run)
    }
  }

  package func output(of run: RunID, step: StepID?) async throws(StoreError) -> [OutputRecord] {
    try await read { journal in
      try journal.requireRun(run)
      return try OutputTable(db: journal.db).read(run, step: step)
    }
  }

  package func request(
    _ action: ControlAction, of run: RunID, by owner: String, at time: Date
  ) async throws(StoreError) -> Int {
    try await write { journal in
      try journal.requireRun(run)
      return try RequestTable(db: journal.db).append(action, to: run, by: owner, at: time)
    }
  }

  package func requests(of run: RunID, after number: Int) async throws(StoreError) -> [ControlRequest] {
    try await read { journal in
      try journal.requireRun(run)
      return try RequestTable(db: journal.db).read(run, after: number)
    }
  }

  package func answer(_ number: Int, of run: RunID, with answer: ControlAnswer) async throws(StoreError) {
    try await write { journal in
      try journal.requireRun(run)
      try RequestTable(db: journal.db).answer(number, of: run, with: answer)
    }
  }

  package func lock(cluster: String, for holder: LockHolder) async throws(StoreError) -> any RunLock {
    let name = ClusterLock.fileName(for: cluster, digest: chain.digest)
    let path = directory.locks + "/" + name
    return try await write { journal in
      try ClusterLock.acquire(path: path, cluster: cluster, for: holder) {
        try Int.fetchOne(
          journal.db,
          sql: """
            INSERT INTO lockEpoch (file, epoch) VALUES (?, 1)
            ON CONFLICT DO UPDATE SET epoch = epoch + 1 RETURNING epoch
            """,
          arguments: [name]) ?? 0
      }
    }
  }

  /// Follows a run's hash chain to its end or first fault; what was read before the fault is in the answer.
  /// - Throws: `notFound`, and `damaged` when nothing of the run can be read.
  package func verify(run: RunID) async throws(StoreError) -> JournalCheck {
    try await remembering { try $0.check(run) }
  }

  private func remembering(
    _ check: @escaping @Sendable (JournalReader) throws -> JournalCheck
  ) async throws(StoreError) -> JournalCheck {
    let result = try await read { try check(JournalReader(db: $0.db, chain: $0.chain)) }
    lastCheck.withLock { $0 = result.fault == nil ? result : nil }
    return result
  }

  /// What the writing connection is set to.
  func durability() async throws(StoreError) -> Durability {
    try await write { try Durability($0.db) }
  }

  private static func refusal(_ check: JournalCheck, _ fault: JournalCheck.Fault) -> StoreError {
    guard fault.kind == .damaged else { return .newerRun(check.run) }
    let place = fault.sequence == 0 ? "its record" : "event \(fault.sequence)"
    let readable =
      switch check.events.count {
      case 0: "no event before it is readable"
      case 1: "event 1 is readable"
      case let count: "events 1 to \(count) are readable"
      }
    return StoreError(
      .damaged,
      """
      The journal of run \(check.run) is damaged at \(place) (\(fault.reason)); \(readable); restore the state \
      directory from a copy, or see what is left with `pawl runs verify \(check.run)`.
      """)
  }

  // Both go through GRDB's own threads and are not cut short when the calling task is cancelled: an outcome must
  // be recorded also by a run that is being cancelled. Waiting is bounded by SQLite's busy timeout.

  private func write<T: Sendable>(
    _ body: @escaping @Sendable (Journal) throws -> T
  ) async throws(StoreError) -> T {
    let (chain, path) = (chain, directory.journal)
    let result: Result<T, StoreError> = await withCheckedContinuation { continuation in
      pool.asyncWriteWithoutTransaction { db in
        let result = Result {
          var value: T?
          try db.inTransaction(.immediate) {
            value = try body(Journal(db: db, chain: chain))
            return .commit
          }
          return value
        }
        continuation.resume(returning: Self.unwrap(result, path: path))
      }
    }
    return try result.get()
  }

  private func read<T: Sendable>(
    _ body: @escaping @Sendable (Journal) throws -> T
  ) async throws(StoreError) -> T {
    let (chain, path) = (chain, directory.journal)
    let result: Result<T, StoreError> = await withCheckedContinuation { continuation in
      pool.asyncRead { opened in
        let result = Result { try body(Journal(db: try opened.get(), chain: chain)) as T? }
        continuation.resume(returning: Self.unwrap(result, path: path))
      }
    }
    return try result.get()
  }

  private static func unwrap<T>(_ result: Result<T?, any Error>, path: String) -> Result<T, StoreError> {
    switch result {
    case .success(let value?): .success(value)
    case .success(nil): .failure(StoreError(.inputOutput, "The journal \(path) gave no answer; try again."))
    case .failure(let error): .failure(StoreError(error, path: path))
    }
  }
}
