package import Foundation
package import PawlPlan
import Synchronization

/// A `RunStore` that lives as long as its process: for simulations, demonstrations and tests.
package final class MemoryRunStore: RunStore {
  private struct Run {
    var record: RunRecord
    var events: [RunEvent] = []
    var output: [OutputRecord] = []
    var requests: [ControlRequest] = []
    /// Bytes kept and dropped of each step's output.
    var keptBytes: [StepID: Int] = [:]
    var droppedBytes: [StepID: Int] = [:]
  }

  private struct State {
    var runs: [RunID: Run] = [:]
    var holders: [String: LockHolder] = [:]
    var epochs: [String: Int] = [:]
  }

  private let state = Mutex(State())

  /// Makes an empty store.
  package init() {}

  package func create(_ record: RunRecord) async throws(StoreError) {
    try state.withLock { state throws(StoreError) in
      guard state.runs[record.id] == nil else { throw .runExists(record.id) }
      state.runs[record.id] = Run(record: record)
    }
  }

  package func append(_ events: [RunEvent], to run: RunID) async throws(StoreError) {
    try change(run) { stored throws(StoreError) in
      for (event, expected) in zip(events, (stored.events.count + 1)...) where event.sequence != expected {
        throw .wrongSequence(run, expected: expected, found: event.sequence)
      }
      stored.events += events
    }
  }

  package func load(_ run: RunID) async throws(StoreError) -> (record: RunRecord, events: [RunEvent]) {
    let stored = try stored(run)
    return (stored.record, stored.events)
  }

  package func list() async throws(StoreError) -> [RunSummary] {
    state.withLock { Array($0.runs.values) }
      .sorted { ($0.record.createdAt, $0.record.id) > ($1.record.createdAt, $1.record.id) }
      .map { run in
        RunSummary(
          id: run.record.id, cluster: run.record.plan.cluster, title: run.record.plan.title,
          createdAt: run.record.createdAt,
          outcome: run.events.reduce(nil) { $1.kind.outcome(after: $0) })
      }
  }

  package func appendOutput(_ records: [OutputRecord], to run: RunID) async throws(StoreError) {
    try change(run) { stored throws(StoreError) in
      for record in records where !record.text.isEmpty {
        stored.output.append(record)
        stored.keptBytes[record.step, default: 0] += record.text.utf8.count
        Self.trim(&stored, step: record.step)
      }
    }
  }

  package func output(of run: RunID, step: StepID?) async throws(StoreError) -> [OutputRecord] {
    let stored = try stored(run)
    let records = stored.output.filter { step == nil || $0.step == step }
    return OutputLimit.withMarkers(records, dropped: stored.droppedBytes)
  }

  package func request(
    _ action: ControlAction, of run: RunID, by owner: String, at time: Date
  ) async throws(StoreError) -> Int {
    try change(run) { stored throws(StoreError) in
      let number = stored.requests.count + 1
      stored.requests.append(ControlRequest(number: number, by: owner, time: time, action: action))
      return number
    }
  }

  package func requests(of run: RunID, after number: Int) async throws(StoreError) -> [ControlRequest] {
    try stored(run).requests.filter { $0.number > number }
  }

  package func answer(_ number: Int, of run: RunID, with answer: ControlAnswer) async throws(StoreError) {
    try change(run) { stored throws(StoreError) in
      guard let index = stored.requests.firstIndex(where: { $0.number == number && $0.answer == nil }) else {
        return
      }
      stored.requests[index].answer = answer
    }
  }

  package func lock(cluster: String, for holder: LockHolder) async throws(StoreError) -> any RunLock {
    let epoch = try state.withLock { state throws(StoreError) in
      if let other = state.holders[cluster] { throw .held(cluster: cluster, by: other) }
      state.holders[cluster] = holder
      state.epochs[cluster, default: 0] += 1
      return state.epochs[cluster, default: 0]
    }
    return MemoryLock(store: self, cluster: cluster, epoch: epoch)
  }

  fileprivate func unlock(_ cluster: String) {
    state.withLock { $0.holders[cluster] = nil }
  }

  private func stored(_ run: RunID) throws(StoreError) -> Run {
    guard let stored = state.withLock({ $0.runs[run] }) else { throw .noRun(run) }
    return stored
  }

  /// Changes a run where it lies: a copy for each event would cost more the longer the journal is.
  private func change<Result: Sendable>(
    _ run: RunID, _ body: (inout Run) throws(StoreError) -> Result
  ) throws(StoreError) -> Result {
    try state.withLock { state throws(StoreError) in
      guard let place = state.runs.index(forKey: run) else { throw .noRun(run) }
      return try body(&state.runs.values[place])
    }
  }

  /// Drops the oldest output of a step until it is within its limit.
  private static func trim(_ run: inout Run, step: StepID) {
    var excess = run.keptBytes[step, default: 0] - OutputLimit.bytesPerStep
    while excess > 0, let oldest = run.output.firstIndex(where: { $0.step == step }) {
      let bytes = Array(run.output[oldest].text.utf8)
      let end = OutputLimit.end(of: bytes, dropping: excess)
      if end.isEmpty {
        run.output.remove(at: oldest)
      } else {
        run.output[oldest].text = String(decoding: end, as: UTF8.self)
      }
      let dropped = bytes.count - end.count
      run.keptBytes[step, default: 0] -= dropped
      run.droppedBytes[step, default: 0] += dropped
      excess -= dropped
    }
  }
}

/// A cluster's lock in a `MemoryRunStore`.
private final class MemoryLock: RunLock {
  let epoch: Int
  private let cluster: String
  private let store: Mutex<MemoryRunStore?>

  init(store: MemoryRunStore, cluster: String, epoch: Int) {
    self.store = Mutex(store)
    self.cluster = cluster
    self.epoch = epoch
  }

  deinit { release() }

  func release() {
    store.withLock { store in
      store?.unlock(cluster)
      store = nil
    }
  }
}
