import Foundation
package import PawlEngine

/// Why the cluster's lock could not be taken or kept.
package struct ClusterLockError: Error, Sendable, Hashable, CustomStringConvertible {
  /// The kind of trouble.
  package enum Code: String, Sendable, Hashable {
    /// Somebody else has it.
    case held
    /// It was ours, and is not any more.
    case lost
    case forbidden, unreachable, unauthorized, cancelled, failed
  }

  package let code: Code
  /// One sentence with the cause and the next thing to do.
  package let message: String
  /// For `held` and `lost`: who has it, when that is a Pawl.
  package let holder: LockHolder?

  /// Makes an error.
  package init(_ code: Code, _ message: String, holder: LockHolder? = nil) {
    self.code = code
    self.message = message
    self.holder = holder
  }

  package var description: String { message }
}

extension ClusterLockError {
  /// Held, and nobody asked for a take-over.
  static func held(_ lease: ClusterLease, now: Date) -> ClusterLockError {
    let away = isStale(lease, now: now)
    let next =
      away
      ? "its process seems to be gone, so go on with it there by `pawl resume`, or replace it with --take-over"
      : "wait until it has ended, or stop it there with Ctrl-C"
    return ClusterLockError(
      .held, "The cluster is held by \(words(lease, now: now)); \(next).", holder: lease.lockHolder)
  }

  /// A take-over was asked for, and the holder gave a sign of life.
  static func alive(_ lease: ClusterLease, now: Date) -> ClusterLockError {
    ClusterLockError(
      .held,
      """
      The cluster is held by \(words(lease, now: now)), and it has just renewed its lock, so it is not replaced; \
      stop it there with Ctrl-C first.
      """, holder: lease.lockHolder)
  }

  /// Was ours; `lease` says whose it is now, nil or free for nobody's.
  static func lost(to lease: ClusterLease?, now: Date) -> ClusterLockError {
    let what =
      lease.flatMap { $0.isHeld ? "\(words($0, now: now)) has taken the cluster over from this run" : nil }
      ?? "somebody gave back the lock that this run held on the cluster"
    let sentence = what.prefix(1).uppercased() + what.dropFirst()
    return ClusterLockError(
      .lost,
      "\(sentence); nothing more is done here. When the cluster is free again, `pawl resume` goes on.",
      holder: lease?.lockHolder)
  }

  /// From what the API server said.
  init(_ error: ClusterError) {
    switch error.code {
    case .forbidden:
      self.init(
        .forbidden,
        """
        The cluster's lock can't be taken: \(error.message) Pawl needs get, create and update on leases \
        (coordination.k8s.io) in namespace kube-system, and get on the namespace kube-system itself.
        """)
    case .unreachable, .timedOut:
      self.init(.unreachable, "The cluster's lock can't be taken: \(error.message)")
    case .unauthorized:
      self.init(.unauthorized, "The cluster's lock can't be taken: \(error.message)")
    case .cancelled: self.init(.cancelled, "Taking the cluster's lock was cancelled.")
    case .notFound, .conflict, .failed:
      self.init(.failed, "The cluster's lock can't be taken: \(error.message)")
    }
  }

  /// Whether the holder's last sign of life is older than it promised. Two machines' clocks are compared, so this
  /// chooses words only.
  private static func isStale(_ lease: ClusterLease, now: Date) -> Bool {
    guard let renewed = lease.renewedAt, let seconds = lease.durationSeconds else { return true }
    return now.timeIntervalSince(renewed) > Double(seconds)
  }

  /// `run R by alice@ops-2 (process 7) since …, last renewed 12 s ago`.
  static func words(_ lease: ClusterLease, now: Date) -> String {
    let who = lease.lockHolder?.description ?? "'\(lease.holder ?? "")', which is no Pawl"
    let since = lease.acquiredAt.map { " since \($0.formatted(.iso8601))" } ?? ""
    let renewed = lease.renewedAt.map {
      ", last renewed \(max(0, Int(now.timeIntervalSince($0)))) s ago"
    }
    return who + since + (renewed ?? "")
  }
}
