import Foundation
import PawlContracts
import PawlEngine
import PawlSimulation
import PawlSteps
import Synchronization
import Testing

@Suite("The cluster's lock")
struct ClusterLockTests {
  private let cluster = SimulatedCluster(.demo())

  private func request(
    _ owner: String, run: String, takeOver: Bool = false, lowestEpoch: Int = 1, patience: Int = 120,
    clock: (any Clock<Duration>)? = nil, secondsOff: Double = 0, said: Said = Said()
  ) -> ClusterLockRequest {
    let start = Date(timeIntervalSince1970: 1_800_000_000 + secondsOff)
    return ClusterLockRequest(
      LockHolder(run: RunID(run), owner: owner, processID: 7, since: start), in: cluster, takeOver: takeOver,
      lowestEpoch: lowestEpoch, patienceSeconds: patience, clock: clock ?? cluster.clock,
      now: { start }, say: { said.add($0) })
  }

  private func lease() async throws -> ClusterLease? {
    try await cluster.lease(namespace: "kube-system", name: "pawl")
  }

  @Test("ClusterLeases, simulated", arguments: ClusterLeasesContract.names)
  func contract(name: String) async throws {
    try await ClusterLeasesContract.run(
      name, on: .init(leases: SimulatedCluster(.demo()), namespace: "kube-system"))
  }

  @Test("The lease names its holder, and the next holder has a higher epoch")
  func epochGrows() async throws {
    let first = try await request("alice@ops-1", run: "run-1").acquire()
    let held = try #require(try await lease())
    #expect(held.lockHolder?.description == "run run-1 by alice@ops-1 (process 7)")
    #expect(held.holder == "alice@ops-1/run-1/7" && held.durationSeconds == ClusterLock.durationSeconds)
    #expect(held.transitions == first.epoch)
    #expect(await first.release() == nil)
    let freed = try #require(try await lease())
    #expect(!freed.isHeld && freed.lockHolder == nil && freed.transitions == first.epoch)
    let second = try await request("bob@ops-2", run: "run-2").acquire()
    #expect(second.epoch == first.epoch + 1)
    #expect(second.cluster == first.cluster)
  }

  @Test("Of two contenders one gets it; the other is told who, since when, for what and what to do")
  func contenders() async throws {
    let outcomes = await withTaskGroup(of: Result<Int, ClusterLockError>.self) { group in
      for name in ["one", "two"] {
        group.addTask {
          do throws(ClusterLockError) {
            return .success(try await request("\(name)@ops-\(name)", run: "run-\(name)").acquire().epoch)
          } catch {
            return .failure(error)
          }
        }
      }
      var all: [Result<Int, ClusterLockError>] = []
      for await outcome in group { all.append(outcome) }
      return all
    }
    var epochs: [Int] = []
    var refusals: [ClusterLockError] = []
    for outcome in outcomes {
      switch outcome {
      case .success(let epoch): epochs.append(epoch)
      case .failure(let error): refusals.append(error)
      }
    }
    #expect(epochs == [1])
    let refusal = try #require(refusals.first)
    let holder = try #require(try await lease()?.lockHolder)
    #expect(refusal.code == .held && refusal.holder == holder)
    for part in [holder.run.text, holder.owner, "2027-01-15T08:00:00Z", "0 s ago", "wait until it has ended"]
    {
      #expect(refusal.message.contains(part), "\(refusal.message)")
    }
  }

  @Test(
    "Whoever looks first is told of the holder; a free cluster and one that is away are no reason to stop")
  func earlyLook() async throws {
    try await ClusterLockRequest.refuseIfHeld(in: cluster)
    let lock = try await request("alice@ops-1", run: "run-1").acquire()
    let refusal = await #expect(throws: ClusterLockError.self) {
      try await ClusterLockRequest.refuseIfHeld(in: cluster)
    }
    #expect(refusal?.code == .held && refusal?.holder?.run == RunID("run-1"))
    _ = await lock.release()
    try await ClusterLockRequest.refuseIfHeld(in: cluster)
    await cluster.takeAPIServerAway(for: .seconds(300))
    try await ClusterLockRequest.refuseIfHeld(in: cluster)
    let forbidden = await #expect(throws: ClusterLockError.self) {
      try await ClusterLockRequest.refuseIfHeld(in: ForbiddenLeases())
    }
    #expect(forbidden?.code == .forbidden)
  }

  @Test("A holder that is gone is replaced only when that is asked for, and after it was watched")
  func staleTakeOver() async throws {
    let gone = try await request("alice@ops-1", run: "run-1").acquire()
    await cluster.advance(by: .seconds(100_000))
    let refusal = await #expect(throws: ClusterLockError.self) {
      _ = try await request("bob@ops-2", run: "run-2").acquire()
    }
    #expect(refusal?.code == .held)
    let before = await cluster.now
    let said = Said()
    let next = try await request("bob@ops-2", run: "run-2", takeOver: true, said: said).acquire()
    #expect(next.epoch == gone.epoch + 1)
    #expect(await cluster.now - before >= .seconds(ClusterLock.durationSeconds))
    #expect(said.all.contains { $0.contains("Taking over from run run-1 by alice@ops-1") }, "\(said.all)")
  }

  @Test("A day between two machines' clocks changes nothing", arguments: [-86_400.0, 86_400])
  func clocksApart(secondsOff: Double) async throws {
    let gone = try await request("alice@ops-1", run: "run-1", secondsOff: secondsOff).acquire()
    let before = await cluster.now
    let next = try await request("bob@ops-2", run: "run-2", takeOver: true).acquire()
    #expect(next.epoch == gone.epoch + 1)
    #expect(await cluster.now - before >= .seconds(ClusterLock.durationSeconds))
    let clock = HookedClock(TestClock()) { await next.renew() }
    await #expect(throws: ClusterLockError.self) {
      _ = try await request(
        "carol@ops-3", run: "run-3", takeOver: true, clock: clock, secondsOff: secondsOff
      ).acquire()
    }
  }

  @Test("A holder that gives a sign of life while it is watched is not replaced")
  func liveHolderStays() async throws {
    let holder = try await request("alice@ops-1", run: "run-1").acquire()
    // Renews at each look of the other one.
    let clock = HookedClock(TestClock()) { await holder.renew() }
    let refusal = await #expect(throws: ClusterLockError.self) {
      _ = try await request("bob@ops-2", run: "run-2", takeOver: true, clock: clock).acquire()
    }
    #expect(refusal?.code == .held)
    #expect(refusal?.message.contains("has just renewed") == true, "\(refusal?.message ?? "")")
    #expect(await holder.lost == nil)
  }

  @Test("The same run on the same machine takes its lock up again at once; on another machine it does not")
  func ownRunResumes() async throws {
    let first = try await request("alice@ops-1", run: "run-1").acquire()
    let before = await cluster.now
    let second = try await request("root@ops-1", run: "run-1").acquire()
    #expect(second.epoch == first.epoch + 1)
    #expect(await cluster.now - before < .seconds(5))
    await #expect(throws: ClusterLockError.self) {
      _ = try await request("alice@ops-2", run: "run-1").acquire()
    }
    await #expect(throws: ClusterLockError.self) {
      _ = try await request("alice@ops-1", run: "run-2").acquire()
    }
  }

  @Test("An API server that is away ends nothing: the lock is renewed when it is back")
  func outage() async throws {
    let lock = try await request("alice@ops-1", run: "run-1").acquire()
    let before = try #require(try await lease()?.version)
    await cluster.takeAPIServerAway(for: .seconds(300))
    await cluster.advance(by: .seconds(200))
    await lock.renew()
    try await lock.check()
    await cluster.advance(by: .seconds(200))
    await lock.renew()
    try await lock.check()
    #expect(try await lease()?.version != before)
    #expect(await lock.lost == nil)
  }

  @Test("Taking it waits for an API server that is away, for a while")
  func waitsForServer() async throws {
    await cluster.takeAPIServerAway(for: .seconds(60))
    #expect(try await request("alice@ops-1", run: "run-1").acquire().epoch == 1)
    await cluster.takeAPIServerAway(for: .seconds(3600))
    let error = await #expect(throws: ClusterLockError.self) {
      _ = try await request("alice@ops-1", run: "run-1", patience: 30).acquire()
    }
    #expect(error?.code == .unreachable)
  }

  @Test("A write whose answer was lost, and a lease that somebody removed, are mended by the next renewal")
  func mends() async throws {
    let lock = try await request("alice@ops-1", run: "run-1").acquire()
    await cluster.inject(SimulatedFault(.loseLinkAfter, at: "PUT leases"))
    await lock.renew()
    await lock.renew()
    #expect(await lock.lost == nil)
    await cluster.removeLease(namespace: "kube-system", name: "pawl")
    await lock.renew()
    #expect(await lock.lost == nil)
    #expect(try await lease()?.transitions == lock.epoch)
    #expect(await lock.release() == nil)
    #expect(try await lease()?.isHeld == false)
  }

  @Test("A removed lease does not bring old epochs back to the machine that knows higher ones")
  func lowestEpoch() async throws {
    #expect(try await request("alice@ops-1", run: "run-1", lowestEpoch: 9).acquire().epoch == 9)
  }

  @Test("Without the permission the refusal names the verbs")
  func forbidden() async throws {
    let error = await #expect(throws: ClusterLockError.self) {
      _ = try await ClusterLockRequest(
        LockHolder(run: RunID("run-1"), owner: "alice@ops-1", processID: 7, since: Date()),
        in: ForbiddenLeases(), clock: TestClock()
      ).acquire()
    }
    #expect(error?.code == .forbidden)
    #expect(error?.message.contains("get, create and update on leases") == true)
  }

  @Test("Whatever the body does, the lock is given back")
  func givenBack() async throws {
    struct Trouble: Error {}
    let clock = GatedClock()
    await #expect(throws: Trouble.self) {
      try await request("alice@ops-1", run: "run-1", clock: clock).holding { lock in
        #expect(lock.epoch == 1)
        #expect(try await lease()?.isHeld == true)
        throw Trouble()
      }
    }
    #expect(try await lease()?.isHeld == false)
  }

  @Test("The lock is renewed by itself, every third of its duration")
  func keepsRenewing() async throws {
    let clock = TestClock()
    let wakings = Said()
    let hooked = HookedClock(clock) {
      wakings.add("\(clock.seconds)")
      if wakings.all.count == 3 { throw CancellationError() }
    }
    let lock = try await request("alice@ops-1", run: "run-1", clock: hooked).acquire()
    let before = try #require(try await lease()?.version.flatMap(Int.init))
    await lock.keepRenewed()
    #expect(wakings.all == ["15", "30", "45"])
    #expect(try await lease()?.version.flatMap(Int.init) == before + 2)
  }
}

/// Texts in the order they came.
final class Said: Sendable {
  private let texts = Mutex<[String]>([])
  var all: [String] { texts.withLock { $0 } }
  func add(_ text: String) { texts.withLock { $0.append(text) } }
}

/// A clock that does something after each sleep.
final class HookedClock: Clock, Sendable {
  private let base: TestClock
  private let afterSleep: @Sendable () async throws -> Void

  init(_ base: TestClock, afterSleep: @escaping @Sendable () async throws -> Void) {
    self.base = base
    self.afterSleep = afterSleep
  }

  var now: TestClock.Instant { base.now }
  var minimumResolution: Duration { .zero }

  func sleep(until deadline: TestClock.Instant, tolerance: Duration?) async throws {
    try await base.sleep(until: deadline, tolerance: tolerance)
    try await afterSleep()
  }
}

/// An API server that lets nobody near its leases.
private struct ForbiddenLeases: ClusterLeases {
  private func refuse() -> ClusterError { ClusterError(.forbidden, "The server forbids it.") }

  func clusterIdentity() async throws(ClusterError) -> String { "11111111-2222-4333-8444-555555555555" }
  func lease(namespace: String, name: String) async throws(ClusterError) -> ClusterLease? { throw refuse() }
  func createLease(_ lease: ClusterLease) async throws(ClusterError) -> ClusterLease { throw refuse() }
  func updateLease(_ lease: ClusterLease) async throws(ClusterError) -> ClusterLease { throw refuse() }
}
