import Foundation
package import PawlEngine

/// The cluster's lock while it is held: one run per cluster, across machines.
///
/// It is a lease, `kube-system/pawl`. Its transitions are the lock's epoch, which only grows, and which hosts compare
/// with the highest one they have seen. So an API server that is away ends nothing: renewing goes on trying, and a
/// run that was replaced meanwhile is refused by the hosts.
package actor ClusterLock {
  /// Where the lease is.
  package static let namespace = "kube-system"
  package static let name = "pawl"
  /// How long a holder that gives no sign of life keeps it.
  package static let durationSeconds = 45

  /// Grows with each holder of this cluster's lock.
  package nonisolated let epoch: Int
  /// The UID of the cluster's namespace kube-system: hosts keep epochs under it.
  package nonisolated let cluster: String
  /// Whether it was taken from a holder that gave no sign of life, and that may wake up.
  package nonisolated let hasReplaced: Bool
  private let leases: any ClusterLeases
  private let clock: any Clock<Duration>
  private let now: @Sendable () -> Date
  /// As the API server last had it.
  private var lease: ClusterLease
  /// Until then nobody else can have taken it.
  private var confirmed: Deadline
  private var isOver = false
  /// Why it is not ours any more; nil while it is.
  package private(set) var lost: ClusterLockError?

  init(
    _ lease: ClusterLease, of cluster: String, hasReplaced: Bool, in leases: any ClusterLeases,
    clock: any Clock<Duration>, now: @escaping @Sendable () -> Date
  ) {
    self.lease = lease
    self.cluster = cluster
    self.hasReplaced = hasReplaced
    self.leases = leases
    self.clock = clock
    self.now = now
    epoch = lease.transitions
    confirmed = Deadline(seconds: Self.durationSeconds, clock: clock)
  }

  /// Renews every third of the duration until the task is cancelled or the lock is lost.
  package func keepRenewed() async {
    while lost == nil, !isOver {
      do { try await clock.sleep(for: .seconds(Self.durationSeconds / 3)) } catch { return }
      await renew()
    }
  }

  /// Says that the holder lives. An API server that is away or refuses changes nothing: the next time will do.
  package func renew() async {
    guard lost == nil, !isOver else { return }
    do throws(ClusterError) {
      do throws(ClusterError) {
        try await write()
      } catch  where error.code == .conflict || error.code == .notFound {
        // Somebody wrote it, or our own last write got through without its answer.
        if try await isStillOurs() { try await write() }
      }
    } catch {
      return
    }
  }

  private func write() async throws(ClusterError) {
    var next = lease
    next.renewedAt = now()
    let sent = Deadline(seconds: Self.durationSeconds, clock: clock)
    accept(try await leases.updateLease(next), sent)
  }

  private func accept(_ kept: ClusterLease, _ sent: Deadline) {
    lease = kept
    confirmed = sent
  }

  /// Looks who holds the lease. One that was removed is made again with the epoch that it had.
  private func isStillOurs() async throws(ClusterError) -> Bool {
    let sent = Deadline(seconds: Self.durationSeconds, clock: clock)
    guard let found = try await leases.lease(namespace: Self.namespace, name: Self.name) else {
      var again = lease
      again.version = nil
      accept(try await leases.createLease(again), sent)
      return true
    }
    guard found.isHeld(as: lease) else {
      if !isOver { lost = .lost(to: found, now: now()) }
      return false
    }
    lease.version = found.version
    return true
  }

  /// Gives the lock back; its epoch stays.
  ///
  /// - Returns: a sentence when that could not be done and the lease names a holder that is gone.
  package func release() async -> String? {
    isOver = true
    guard lost == nil else { return nil }
    let limit = Deadline(seconds: 10, clock: clock)
    while true {
      do throws(ClusterError) {
        try await free()
        return nil
      } catch {
        let isLate = limit.isOver || error.code == .forbidden
        if !isLate {
          do { try await limit.pause(seconds: 2) } catch { return Self.leftBehind }
          continue
        }
        return Self.leftBehind
      }
    }
  }

  private static let leftBehind = """
    The cluster's lock could not be given back, because the API server does not answer; the same run takes it up \
    again by itself, another one needs --take-over.
    """

  private func free() async throws(ClusterError) {
    var next = lease
    next.free(at: now())
    do throws(ClusterError) {
      lease = try await leases.updateLease(next)
    } catch  where error.code == .conflict {
      guard try await isStillOurs() else { return }
      next.version = lease.version
      lease = try await leases.updateLease(next)
    } catch  where error.code == .notFound {
      return
    }
  }
}

extension ClusterLock: EffectGate {
  /// The lock is ours as far as can be known. After a time in which nothing was confirmed (this process was frozen,
  /// or the API server away) the API server is asked first.
  package func confirm() async throws(ClusterLockError) {
    if lost == nil, confirmed.isOver { await renew() }
    if let lost { throw lost }
  }

  /// Before an effect.
  package func check() async throws(StepFailure) {
    do throws(ClusterLockError) {
      try await confirm()
    } catch {
      throw StepFailure(code: StepFailure.lockLost, message: error.message)
    }
  }
}
