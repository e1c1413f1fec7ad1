import Foundation
import PawlEngine
import PawlPlan
import PawlStore
import Testing

/// The stores that the contract holds for.
enum StoreKind: String, CaseIterable, Sendable, CustomTestStringConvertible {
  case memory, sqlite

  var testDescription: String { rawValue }

  /// A new store of this kind; a store on disk lies in `directory`.
  func open(in directory: TemporaryDirectory) throws -> any RunStore {
    switch self {
    case .memory: MemoryRunStore()
    case .sqlite: try directory.open()
    }
  }
}

/// What every `RunStore` has to do.
@Suite("The contract of a run store")
struct RunStoreContract {
  // Lives as long as the suite's value, which is longer than any store in it.
  private let directory: TemporaryDirectory
  private let run = RunID("run-1")

  init() throws { directory = try TemporaryDirectory() }

  /// A store with one run that holds these events.
  private func open(_ kind: StoreKind, _ events: [RunEvent] = []) async throws -> any RunStore {
    let store = try kind.open(in: directory)
    try await store.create(Sample.record("run-1"))
    try await store.append(events, to: run)
    return store
  }

  @Test("A run comes back as it was created, with every kind of event", arguments: StoreKind.allCases)
  func roundTrip(_ kind: StoreKind) async throws {
    let store = try await open(kind)
    for event in Sample.everyKind { try await store.append([event], to: run) }
    let loaded = try await store.load(run)
    #expect(loaded.record == Sample.record("run-1"))
    #expect(loaded.events == Sample.everyKind)
  }

  @Test("A taken id is refused and the first run stays", arguments: StoreKind.allCases)
  func takenID(_ kind: StoreKind) async throws {
    let store = try await open(kind, Sample.shortRun)
    let error = await refusal { () throws(StoreError) in
      try await store.create(Sample.record("run-1", cluster: "other"))
    }
    #expect(error?.code == .conflict)
    let loaded = try await store.load(run)
    #expect(loaded.record.plan.cluster == "prod")
    #expect(loaded.events.count == 4)
  }

  @Test("An unknown run is not found by anything", arguments: StoreKind.allCases)
  func unknownRun(_ kind: StoreKind) async throws {
    let store = try await open(kind)
    let unknown = RunID("nobody")
    let errors = [
      await refusal { () throws(StoreError) in try await store.append([], to: unknown) },
      await refusal { () throws(StoreError) in _ = try await store.load(unknown) },
      await refusal { () throws(StoreError) in try await store.appendOutput([], to: unknown) },
      await refusal { () throws(StoreError) in _ = try await store.output(of: unknown, step: nil) },
    ]
    #expect(errors.map(\.?.code) == [.notFound, .notFound, .notFound, .notFound])
    #expect(errors[0]?.message.contains("nobody") == true)
  }

  @Test(
    "A gap or repetition is refused, and nothing of that call is kept", arguments: StoreKind.allCases,
    [[4], [2], [0], [3, 5], [3, 3], [3, 4, 2]])
  func gaps(_ kind: StoreKind, _ sequences: [Int]) async throws {
    let store = try await open(kind, Array(Sample.shortRun.prefix(2)))
    let events = sequences.map { Sample.event($0, .stepRetried(Sample.step, attempt: 1)) }
    let error = await refusal { () throws(StoreError) in try await store.append(events, to: run) }
    #expect(error?.code == .conflict)
    #expect(try await store.load(run).events == Array(Sample.shortRun.prefix(2)))
    try await store.append(Array(Sample.shortRun.suffix(2)), to: run)
    #expect(try await store.load(run).events == Sample.shortRun)
  }

  @Test("Of many who append the same next event, one wins", arguments: StoreKind.allCases)
  func oneWinner(_ kind: StoreKind) async throws {
    let store = try await open(kind)
    let run = run
    let refusals = await withTaskGroup(of: StoreError?.self) { group in
      for writer in 1...8 {
        group.addTask {
          await refusal { () throws(StoreError) in
            try await store.append(
              [Sample.event(1, .runStarted(by: "writer \(writer)", resumed: false))], to: run)
          }
        }
      }
      return await group.reduce(into: []) { $0.append($1) }
    }
    #expect(refusals.filter { $0 == nil }.count == 1)
    #expect(refusals.compactMap(\.?.code) == Array(repeating: .conflict, count: 7))
    #expect(try await store.load(run).events.count == 1)
  }

  @Test("A cancelled task still records what happened", arguments: StoreKind.allCases)
  func cancelledTask(_ kind: StoreKind) async throws {
    let store = try await open(kind)
    let run = run
    let task = Task {
      withUnsafeCurrentTask { $0?.cancel() }
      try await store.append(Sample.shortRun, to: run)
      return try await store.load(run).events.count
    }
    #expect(try await task.value == 4)
  }

  @Test("Runs are listed newest first with how they ended", arguments: StoreKind.allCases)
  func list(_ kind: StoreKind) async throws {
    let store = try kind.open(in: directory)
    let stop = Sample.event(2, .runStopped(.needsOperator(Sample.step)))
    let histories: [(id: String, minutes: Double, events: [RunEvent])] = [
      ("done", 1, Sample.shortRun),
      ("resumed", 4, [Sample.shortRun[0], stop, Sample.event(3, .runStarted(by: "eve", resumed: true))]),
      (
        "answered", 3,
        [Sample.shortRun[0], stop, Sample.event(3, .stepDecided(Sample.step, attempt: 1, .done, by: "eve"))]
      ),
      ("cut-off", 2, Array(Sample.shortRun.prefix(2))),
      ("b-same-time", 0, []), ("a-same-time", 0, []),
    ]
    for history in histories {
      let record = Sample.record(
        history.id, cluster: "c-" + history.id, createdAt: Sample.start + history.minutes * 60)
      try await store.create(record)
      try await store.append(history.events, to: record.id)
    }
    let list = try await store.list()
    #expect(list.map(\.id.text) == ["resumed", "answered", "cut-off", "done", "b-same-time", "a-same-time"])
    #expect(list.map(\.outcome) == [nil, .needsOperator(Sample.step), nil, .completed, nil, nil])
    #expect(list[0].cluster == "c-resumed")
    #expect(list[0].title == Sample.record("", cluster: "c-resumed").plan.title)
    #expect(list[0].createdAt == Sample.start + 240)
  }
}

/// What every `RunStore` does with output.
@Suite("The contract of a run store: output")
struct OutputContract {
  // Lives as long as the suite's value, which is longer than any store in it.
  private let directory: TemporaryDirectory
  private let run = RunID("run-1")

  init() throws { directory = try TemporaryDirectory() }

  private func open(_ kind: StoreKind) async throws -> any RunStore {
    let store = try kind.open(in: directory)
    try await store.create(Sample.record("run-1"))
    return store
  }

  @Test("Output comes back in order, of one step or of all", arguments: StoreKind.allCases)
  func order(_ kind: StoreKind) async throws {
    let store = try await open(kind)
    let records = [
      Sample.output("b1\n"), Sample.output("a1\0\n", step: "a"), Sample.output("b2 ü\n", attempt: 2),
      Sample.output("a2\n", step: "a"),
    ]
    try await store.appendOutput(Array(records.prefix(3)) + [Sample.output("")], to: run)
    try await store.appendOutput(Array(records.suffix(1)), to: run)
    #expect(try await store.output(of: run, step: nil) == records)
    #expect(try await store.output(of: run, step: StepID("a")) == [records[1], records[3]])
    #expect(try await store.output(of: run, step: StepID("none")).isEmpty)
  }

  @Test("Only the newest output of a step is kept, with a line that says so", arguments: StoreKind.allCases)
  func bounded(_ kind: StoreKind) async throws {
    let store = try await open(kind)
    let lines = (0..<300).map { number in
      Sample.output("\(number) ".padding(toLength: 1023, withPad: "x", startingAt: 0) + "\n")
    }
    try await store.appendOutput([Sample.output("other\n", step: "other")], to: run)
    try await store.appendOutput(Array(lines.prefix(200)), to: run)
    try await store.appendOutput(Array(lines.suffix(100)), to: run)
    let kept = try await store.output(of: run, step: Sample.step)
    #expect(kept.first?.text == "[pawl: 45056 bytes of earlier output were dropped]\n")
    #expect(kept.dropFirst().map(\.text) == lines.suffix(256).map(\.text))
    let all = try await store.output(of: run, step: nil)
    #expect(all.map(\.text) == ["other\n"] + kept.map(\.text))
  }

  @Test("A single large piece is cut between characters", arguments: StoreKind.allCases)
  func largePiece(_ kind: StoreKind) async throws {
    let store = try await open(kind)
    let text = String(repeating: "€", count: OutputLimit.bytesPerStep)
    try await store.appendOutput([Sample.output(text)], to: run)
    let kept = try await store.output(of: run, step: Sample.step)
    // 256 KiB are 87381 signs of three bytes and one byte more.
    let dropped = 3 * (OutputLimit.bytesPerStep - 87_381)
    #expect(
      kept.map(\.text) == [
        "[pawl: \(dropped) bytes of earlier output were dropped]\n", String(repeating: "€", count: 87_381),
      ])
  }
}

/// What every `RunStore` does with requests from other terminals.
@Suite("The contract of a run store: requests")
struct RequestContract {
  // Lives as long as the suite's value, which is longer than any store in it.
  private let directory: TemporaryDirectory
  private let run = RunID("run-1")

  init() throws { directory = try TemporaryDirectory() }

  @Test("Requests come back in order, numbered per run, and are answered once", arguments: StoreKind.allCases)
  func requests(_ kind: StoreKind) async throws {
    let store = try kind.open(in: directory)
    try await store.create(Sample.record("run-1"))
    try await store.create(Sample.record("run-2"))
    let actions: [ControlAction] = [.pause(reason: "lunch"), .approve(Sample.step, .redo), .cancelNow]
    var numbers: [Int] = []
    for action in actions {
      numbers.append(try await store.request(action, of: run, by: "eve@ops2", at: Sample.start))
    }
    #expect(numbers == [1, 2, 3])
    #expect(try await store.request(.cancel, of: RunID("run-2"), by: "eve@ops2", at: Sample.start) == 1)
    try await store.answer(2, of: run, with: ControlAnswer(accepted: true, "Noted."))
    try await store.answer(2, of: run, with: ControlAnswer(accepted: false, "Too late."))
    let kept = try await store.requests(of: run, after: 0)
    #expect(kept.map(\.action) == actions)
    #expect(kept.map(\.answer) == [nil, ControlAnswer(accepted: true, "Noted."), nil])
    #expect(kept.allSatisfy { $0.by == "eve@ops2" && $0.time == Sample.start })
    #expect(try await store.requests(of: run, after: 2) == [kept[2]])
  }

  @Test("An unknown run has no requests", arguments: StoreKind.allCases)
  func unknownRun(_ kind: StoreKind) async throws {
    let store = try kind.open(in: directory)
    let unknown = RunID("nobody")
    let errors = [
      await refusal { () throws(StoreError) in
        _ = try await store.request(.cancel, of: unknown, by: "e", at: Sample.start)
      },
      await refusal { () throws(StoreError) in _ = try await store.requests(of: unknown, after: 0) },
      await refusal { () throws(StoreError) in
        try await store.answer(1, of: unknown, with: ControlAnswer(accepted: true, ""))
      },
    ]
    #expect(errors.map(\.?.code) == [.notFound, .notFound, .notFound])
  }
}

/// What every `RunStore` does with locks.
@Suite("The contract of a run store: locks")
struct LockContract {
  // Lives as long as the suite's value, which is longer than any store in it.
  private let directory: TemporaryDirectory

  init() throws { directory = try TemporaryDirectory() }

  @Test(
    "A held cluster is refused, naming the holder; other clusters are free", arguments: StoreKind.allCases)
  func held(_ kind: StoreKind) async throws {
    let store = try kind.open(in: directory)
    let lock = try await store.lock(cluster: "prod", for: Sample.holder("run-1"))
    let error = await refusal { () throws(StoreError) in
      _ = try await store.lock(cluster: "prod", for: Sample.holder("run-2"))
    }
    #expect(error?.code == .locked)
    #expect(error?.holder == Sample.holder("run-1"))
    #expect(error?.message.contains("run-1 by anna@ops1 (process 4711) since 2026-11-21T10:45:12Z") == true)
    let other = try await store.lock(cluster: "test", for: Sample.holder("run-3"))
    #expect(other.epoch == 1)
    lock.release()
  }

  @Test("A released lock is free, and each taking has a higher epoch", arguments: StoreKind.allCases)
  func release(_ kind: StoreKind) async throws {
    let store = try kind.open(in: directory)
    let first = try await store.lock(cluster: "prod", for: Sample.holder("run-1"))
    first.release()
    let second = try await store.lock(cluster: "prod", for: Sample.holder("run-2"))
    first.release()
    let error = await refusal { () throws(StoreError) in
      _ = try await store.lock(cluster: "prod", for: Sample.holder("run-3"))
    }
    #expect(error?.holder?.run == RunID("run-2"))
    #expect(first.epoch == 1)
    #expect(second.epoch == 2)
  }

  @Test("A lock that nobody keeps is free", arguments: StoreKind.allCases)
  func dropped(_ kind: StoreKind) async throws {
    let store = try kind.open(in: directory)
    _ = try await store.lock(cluster: "prod", for: Sample.holder("run-1"))
    let again = try await store.lock(cluster: "prod", for: Sample.holder("run-2"))
    #expect(again.epoch == 2)
  }

  @Test("Clusters with odd names have a lock of their own", arguments: StoreKind.allCases)
  func oddNames(_ kind: StoreKind) async throws {
    let store = try kind.open(in: directory)
    let long = String(repeating: "n", count: 300)
    let names = ["a/b", "a_b", "a%2Fb", "../../x", "..", ".", "", "ä", "A", "a", long, long + "n", "a\u{0}b"]
    var locks: [any RunLock] = []
    for name in names { locks.append(try await store.lock(cluster: name, for: Sample.holder(name))) }
    #expect(locks.map(\.epoch) == Array(repeating: 1, count: names.count))
    let error = await refusal { () throws(StoreError) in
      _ = try await store.lock(cluster: long, for: Sample.holder("late"))
    }
    #expect(error?.holder?.run == RunID(long))
    locks.forEach { $0.release() }
  }
}
