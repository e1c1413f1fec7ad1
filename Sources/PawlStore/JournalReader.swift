import GRDB
package import PawlEngine
import PawlPlan

/// What a look at a whole journal found.
package struct JournalCheck: Sendable, Hashable {
  /// The first thing that is wrong.
  package struct Fault: Sendable, Hashable {
    /// What it means for the run.
    package enum Kind: String, Sendable, Hashable {
      /// Changed, lost or unreadable where more follows: the run is not loaded.
      case damaged
      /// The last event can't be read: the journal ends before it, and the next append moves it aside.
      case tornTail
      /// Whole, but of a kind that this Pawl does not know: the run is not loaded.
      case newerFormat
    }

    package let kind: Kind
    /// The event; 0 for the run's own record.
    package let sequence: Int
    /// Half a sentence: what is wrong with it.
    package let reason: String
  }

  package let run: RunID
  /// The run as created; nil when it can't be read.
  package internal(set) var record: RunRecord?
  /// The events before the fault, or all.
  package internal(set) var events: [RunEvent] = []
  /// Nil when every link holds.
  package internal(set) var fault: Fault?
  /// Sequences of torn last events that were moved aside earlier.
  package internal(set) var setAside: [Int] = []
  /// The link of the last readable entry.
  var lastHash = ""

  init(run: RunID) { self.run = run }
}

/// Reads a run's journal and follows its chain.
struct JournalReader {
  let db: Database
  let chain: HashChain

  /// Reads on from an earlier, sound check up to the first fault: what the chain has bound once is not read again.
  func check(_ run: RunID, after earlier: JournalCheck) throws -> JournalCheck {
    var check = earlier
    try readTail(into: &check)
    return check
  }

  /// Reads up to the first fault. - Throws: `notFound`, and what SQLite says when no row can be read.
  func check(_ run: RunID) throws -> JournalCheck {
    let row = try Row.fetchOne(db, sql: "SELECT body, hash FROM run WHERE id = ?", arguments: [run.text])
    guard let row else { throw StoreError.noRun(run) }
    var check = JournalCheck(run: run)
    try readRecord(row, into: &check)
    if check.fault == nil { try readTail(into: &check) }
    return check
  }

  private func readTail(into check: inout JournalCheck) throws {
    check.setAside = try Int.fetchAll(
      db, sql: "SELECT sequence FROM tornEvent WHERE run = ? ORDER BY rowid", arguments: [check.run.text])
    do {
      try readEvents(into: &check)
    } catch let error as DatabaseError where error.resultCode == .SQLITE_CORRUPT {
      fail(&check, .damaged, at: check.events.count + 1, "its page of the database can't be read")
    }
  }

  private func readRecord(_ row: Row, into check: inout JournalCheck) throws {
    let body: [UInt8] = try row.field("body")
    let hash: String = try row.field("hash")
    check.lastHash = hash
    guard chain.first(run: check.run, record: body) == hash else {
      return fail(&check, .damaged, at: 0, "it does not match its hash")
    }
    do {
      let record = try JournalCoding.decode(RunRecord.self, from: body)
      guard record.plan.schemaVersion <= Plan.currentSchemaVersion else {
        return fail(&check, .newerFormat, at: 0, "its plan has the form \(record.plan.schemaVersion)")
      }
      check.record = record
    } catch {
      fail(&check, .newerFormat, at: 0, "it is not in a form that this Pawl knows")
    }
  }

  private func readEvents(into check: inout JournalCheck) throws {
    let end = try Row.fetchOne(
      db, sql: "SELECT sequence, hash FROM head WHERE run = ?", arguments: [check.run.text])
    let last: Int = try end?.field("sequence") ?? 0
    let rows = try Row.fetchCursor(
      db, sql: "SELECT sequence, body, hash FROM event WHERE run = ? AND sequence > ? ORDER BY sequence",
      arguments: [check.run.text, check.events.count])
    while let row = try rows.next() {
      try readEvent(row, last: last, into: &check)
      // A later broken link weighs more than an event of a newer kind, but events end at the first fault.
      if let fault = check.fault, fault.kind != .newerFormat { return }
    }
    guard check.fault == nil else { return }
    let lastHash: String? = try end?.field("hash")
    if check.events.count != last {
      let place = min(check.events.count, last) + 1
      fail(&check, .damaged, at: place, "the journal should end with event \(last)")
    } else if lastHash != check.lastHash {
      fail(&check, .damaged, at: last, "it is not the event that the journal should end with")
    }
  }

  private func readEvent(_ row: Row, last: Int, into check: inout JournalCheck) throws {
    let sequence: Int = try row.field("sequence")
    let expected = check.events.count + 1
    guard check.fault != nil || sequence == expected else {
      return fail(&check, .damaged, at: expected, "it is missing")
    }
    let body: [UInt8] = try row.field("body")
    let hash: String = try row.field("hash")
    let event = Result { try JournalCoding.decode(RunEvent.self, from: body) }
    guard chain.link(after: check.lastHash, body) == hash else {
      if sequence == last, case .failure = event {
        // Behind an event of a newer kind there is no reading on, torn tail or not.
        return check.fault == nil ? fail(&check, .tornTail, at: sequence, "it is torn") : ()
      }
      return fail(&check, .damaged, at: sequence, "it does not match its hash")
    }
    check.lastHash = hash
    guard check.fault == nil else { return }
    switch event {
    case .success(let event) where event.sequence == sequence: check.events.append(event)
    case .success: fail(&check, .damaged, at: sequence, "it stands in the wrong place")
    case .failure: fail(&check, .newerFormat, at: sequence, "it is of a kind that this Pawl does not know")
    }
  }

  private func fail(
    _ check: inout JournalCheck, _ kind: JournalCheck.Fault.Kind, at sequence: Int, _ reason: String
  ) {
    check.fault = JournalCheck.Fault(kind: kind, sequence: sequence, reason: reason)
    check.events.removeLast(max(0, check.events.count - max(0, sequence - 1)))
  }
}
