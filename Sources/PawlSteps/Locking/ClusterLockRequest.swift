package import Foundation
package import PawlEngine

/// Asks for the cluster's lock.
package struct ClusterLockRequest: Sendable {
  private static let rounds = 5

  private let holder: LockHolder
  private let leases: any ClusterLeases
  private let takeOver: Bool
  private let lowestEpoch: Int
  private let patienceSeconds: Int
  private let clock: any Clock<Duration>
  private let now: @Sendable () -> Date
  private let say: @Sendable (String) -> Void

  /// - Parameters:
  ///   - holder: who asks. It must have this machine's own lock on the cluster: the same run on the same machine is
  ///     replaced without a question.
  ///   - takeOver: whether a holder that gives no sign of life is replaced.
  ///   - lowestEpoch: the epoch is not below it, also when the lease was removed.
  ///   - patienceSeconds: how long to wait for an API server that is away.
  ///   - clock: measures waits and the holder's silence.
  ///   - now: stamps the lease for people; nothing is decided by it.
  ///   - say: what the user should read while it takes time.
  package init(
    _ holder: LockHolder, in leases: any ClusterLeases, takeOver: Bool = false, lowestEpoch: Int = 1,
    patienceSeconds: Int = 120, clock: any Clock<Duration> = ContinuousClock(),
    now: @escaping @Sendable () -> Date = { Date() }, say: @escaping @Sendable (String) -> Void = { _ in }
  ) {
    self.holder = holder
    self.leases = leases
    self.takeOver = takeOver
    self.lowestEpoch = lowestEpoch
    self.patienceSeconds = patienceSeconds
    self.clock = clock
    self.now = now
    self.say = say
  }

  /// Takes the lock, keeps it renewed while the body works, and gives it back; says so when it was lost.
  ///
  /// - Throws: `ClusterLockError` when it can't be taken; whatever the body throws.
  package func holding<Result>(_ body: (ClusterLock) async throws -> Result) async throws -> Result {
    let lock = try await acquire()
    let renewing = Task {
      await lock.keepRenewed()
      if let lost = await lock.lost { say(lost.message) }
    }
    func end() async {
      renewing.cancel()
      await renewing.value
      if let complaint = await lock.release() { say(complaint) }
    }
    do {
      let result = try await body(lock)
      await end()
      return result
    } catch {
      await end()
      throw error
    }
  }

  /// Says early that somebody holds the cluster, before facts are gathered and questions asked; takes nothing.
  ///
  /// - Throws: `held`, and `forbidden`; other troubles are left to whoever looks at the cluster as a whole.
  package static func refuseIfHeld(in leases: any ClusterLeases) async throws(ClusterLockError) {
    let found: ClusterLease?
    do throws(ClusterError) {
      found = try await leases.lease(namespace: ClusterLock.namespace, name: ClusterLock.name)
    } catch  where error.code == .forbidden {
      throw ClusterLockError(error)
    } catch {
      return
    }
    if let found, found.isHeld { throw .held(found, now: Date()) }
  }

  /// Takes the lock, waiting for an API server that is away.
  package func acquire() async throws(ClusterLockError) -> ClusterLock {
    let patience = Deadline(seconds: patienceSeconds, clock: clock)
    while true {
      do throws(ClusterLockError) {
        return try await attempt()
      } catch  where error.code == .unreachable {
        if patience.isOver { throw error }
        say("\(error.message) Trying for another \(patience.remainingSeconds) s.")
        do throws(StepFailure) { try await patience.pause(seconds: 5) } catch {
          throw ClusterLockError(ClusterError(.cancelled, ""))
        }
      }
    }
  }

  private func attempt() async throws(ClusterLockError) -> ClusterLock {
    let cluster = try await asking { () throws(ClusterError) in try await leases.clusterIdentity() }
    for _ in 0..<Self.rounds {
      let found = try await read()
      var hasReplaced = false
      if let found, found.isHeld { hasReplaced = try await mayReplace(found) }
      var wanted = found ?? ClusterLease(namespace: ClusterLock.namespace, name: ClusterLock.name)
      wanted.take(
        holder, epoch: max(wanted.transitions + 1, lowestEpoch), seconds: ClusterLock.durationSeconds,
        at: now())
      do throws(ClusterError) {
        let kept =
          found == nil ? try await leases.createLease(wanted) : try await leases.updateLease(wanted)
        return ClusterLock(
          kept, of: cluster, hasReplaced: hasReplaced, in: leases, clock: clock, now: now)
      } catch  where error.code == .conflict || (error.code == .notFound && found != nil) {
        // Somebody was quicker: look again who has it.
        continue
      } catch {
        throw ClusterLockError(error)
      }
    }
    throw ClusterLockError(
      .failed, "The cluster's lock changes hands all the time; see who else runs Pawl here, then try again.")
  }

  private func read() async throws(ClusterLockError) -> ClusterLease? {
    try await asking { () throws(ClusterError) in
      try await leases.lease(namespace: ClusterLock.namespace, name: ClusterLock.name)
    }
  }

  /// Whether the holder may wake up; false when its process is known to have ended.
  ///
  /// - Throws: `held` unless its process has ended, or it is to be replaced and gives no sign of life for as long as
  ///   it promised one.
  private func mayReplace(_ lease: ClusterLease) async throws(ClusterLockError) -> Bool {
    if lease.lockHolder?.isEarlierProcess(of: holder) == true { return false }
    guard takeOver else { throw .held(lease, now: now()) }
    // Watched on our own clock: the holder's may be a day off.
    let silence = Deadline(
      seconds: min(max(lease.durationSeconds ?? ClusterLock.durationSeconds, 1), 300), clock: clock)
    say("Watching for \(silence.seconds) s whether \(ClusterLockError.words(lease, now: now())) is alive.")
    while true {
      let isLastLook = silence.isOver
      if let found = try await read(), found.isHeld, found.version != lease.version {
        throw .alive(found, now: now())
      }
      if isLastLook { break }
      do throws(StepFailure) { try await silence.pause(seconds: max(1, silence.seconds / 6)) } catch {
        throw ClusterLockError(ClusterError(.cancelled, ""))
      }
    }
    say("Taking over from \(ClusterLockError.words(lease, now: now())).")
    return true
  }

  private func asking<Answer>(
    _ call: () async throws(ClusterError) -> Answer
  ) async throws(ClusterLockError) -> Answer {
    do throws(ClusterError) { return try await call() } catch { throw ClusterLockError(error) }
  }
}
