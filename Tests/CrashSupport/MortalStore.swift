import Foundation
import PawlEngine
import PawlPlan
import PawlSimulation
import Synchronization

/// When the process is killed.
package enum Death: Sendable, Hashable {
  /// The journal has that many events; nothing that follows from the last one is begun.
  case afterEvent(Int)
  /// The journal has that many events and the next ones are lost: what was being done is done, nobody wrote it down.
  case beforeEvent(after: Int)
  /// The cluster has seen that many effects; the command that made the last one goes on by itself.
  case afterEffect(Int)
}

/// A store whose process can be killed: from then on nothing is kept and the cluster is out of reach.
final class MortalStore: RunStore {
  private let kept = MemoryRunStore()
  private let cluster: SimulatedCluster
  private let death = Mutex<Death?>(nil)

  init(cluster: SimulatedCluster) { self.cluster = cluster }

  /// Says when the next process dies; nil for never.
  func schedule(_ death: Death?) { self.death.withLock { $0 = death } }

  func append(_ events: [RunEvent], to run: RunID) async throws(StoreError) {
    let length = try await kept.load(run).events.count
    switch death.withLock({ $0 }) {
    case .afterEvent(let limit) where length + events.count >= limit:
      // A batch is written as a whole by the real store; half of one must be bearable all the same.
      try await kept.append(Array(events.prefix(max(0, limit - length))), to: run)
      throw await die()
    case .beforeEvent(let limit) where length + events.count > limit:
      try await kept.append(Array(events.prefix(max(0, limit - length))), to: run)
      throw await die()
    case .afterEffect(let limit):
      if await cluster.ledger.count >= limit { throw await die() }
      try await kept.append(events, to: run)
    case .afterEvent, .beforeEvent, nil:
      try await kept.append(events, to: run)
    }
  }

  private func die() async -> StoreError {
    await cluster.cutOff(afterEffects: 0)
    return StoreError(.inputOutput, "The process was killed.")
  }

  func create(_ record: RunRecord) async throws(StoreError) { try await kept.create(record) }

  func load(_ run: RunID) async throws(StoreError) -> (record: RunRecord, events: [RunEvent]) {
    try await kept.load(run)
  }

  func list() async throws(StoreError) -> [RunSummary] { try await kept.list() }

  func appendOutput(_ records: [OutputRecord], to run: RunID) async throws(StoreError) {
    try await kept.appendOutput(records, to: run)
  }

  func output(of run: RunID, step: StepID?) async throws(StoreError) -> [OutputRecord] {
    try await kept.output(of: run, step: step)
  }

  func request(
    _ action: ControlAction, of run: RunID, by owner: String, at time: Date
  ) async throws(StoreError) -> Int {
    try await kept.request(action, of: run, by: owner, at: time)
  }

  func requests(of run: RunID, after number: Int) async throws(StoreError) -> [ControlRequest] {
    try await kept.requests(of: run, after: number)
  }

  func answer(_ number: Int, of run: RunID, with answer: ControlAnswer) async throws(StoreError) {
    try await kept.answer(number, of: run, with: answer)
  }

  func lock(cluster: String, for holder: LockHolder) async throws(StoreError) -> any RunLock {
    try await kept.lock(cluster: cluster, for: holder)
  }
}
