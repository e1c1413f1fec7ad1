import Foundation
import PawlEngine
import PawlModel
import PawlSteps
import PawlStore

/// One run per cluster: this machine's lock first, then the cluster's.
struct ClusterLocking {
  let store: any RunStore
  /// Whether a holder of the cluster's lock that gives no sign of life is replaced.
  var takeOver: Bool

  /// Holds both while the body works, and gives them back the other way round on every path.
  ///
  /// - Throws: `StoreError` or `ClusterLockError` when somebody else holds it; whatever the body throws.
  func holding<Result>(
    _ inventory: Inventory, for run: RunID, world: World, _ body: (ClusterLock) async throws -> Result
  ) async throws -> Result {
    let holder = LockHolder(
      run: run, owner: RunWorkflow.owner, processID: ProcessInfo.processInfo.processIdentifier, since: Date())
    let local = try await store.lock(cluster: inventory.name, for: holder)
    defer { local.release() }
    let request = ClusterLockRequest(
      holder, in: world.leases, takeOver: takeOver, lowestEpoch: local.epoch, clock: world.clock,
      say: { Console.error($0) })
    return try await request.holding { lock in
      if lock.hasReplaced {
        let complaints = await lock.raiseFence(on: world.hosts, named: inventory.hosts.map(\.name))
        for complaint in complaints { Console.error("warning: \(complaint)") }
      }
      return try await body(lock)
    }
  }
}

extension LockOptions {
  /// Refuses before anything is looked at when somebody holds the cluster and is not to be replaced.
  func refuseIfHeld(_ world: World) async throws(ClusterLockError) {
    if !takeOver { try await ClusterLockRequest.refuseIfHeld(in: world.leases) }
  }
}

extension StateOptions {
  /// The store of the state directory.
  func openStore() throws -> SQLiteRunStore {
    try SQLiteRunStore(directory: directory, digest: { SHA256.hex(of: $0) })
  }
}
