import Foundation
package import PawlEngine

/// How a lock's holder is written into its lease, and read back.
extension ClusterLease {
  private static let run = "pawl.dev/run"
  private static let owner = "pawl.dev/owner"
  private static let process = "pawl.dev/process"

  /// Who holds it, when that is a Pawl; nil when it is free or held by something else.
  package var lockHolder: LockHolder? {
    guard isHeld, let run = annotations[Self.run], let owner = annotations[Self.owner] else { return nil }
    return LockHolder(
      run: RunID(run), owner: owner, processID: annotations[Self.process].flatMap(Int32.init) ?? 0,
      since: acquiredAt ?? Date(timeIntervalSince1970: 0))
  }

  /// Whether anybody holds it.
  package var isHeld: Bool { !(holder ?? "").isEmpty }

  /// Writes a holder in.
  mutating func take(_ newHolder: LockHolder, epoch: Int, seconds: Int, at time: Date) {
    holder = Self.identity(newHolder)
    durationSeconds = seconds
    acquiredAt = time
    renewedAt = time
    transitions = epoch
    annotations[Self.run] = newHolder.run.text
    annotations[Self.owner] = newHolder.owner
    annotations[Self.process] = String(newHolder.processID)
  }

  /// Takes the holder out; the epoch stays.
  mutating func free(at time: Date) {
    holder = nil
    renewedAt = time
    for key in [Self.run, Self.owner, Self.process] { annotations[key] = nil }
  }

  /// Whether it is still held as `other` says: same holder, same epoch.
  func isHeld(as other: ClusterLease) -> Bool {
    isHeld && holder == other.holder && transitions == other.transitions
  }

  /// `user@machine/run/process`.
  private static func identity(_ holder: LockHolder) -> String {
    "\(holder.owner)/\(holder.run)/\(holder.processID)"
  }
}

extension LockHolder {
  /// The machine in `user@machine`.
  private var machine: Substring {
    owner[(owner.lastIndex(of: "@").map(owner.index(after:)) ?? owner.startIndex)...]
  }

  /// Whether this is the same run on the same machine. Whoever has that machine's own lock on the cluster knows
  /// that the other process has ended.
  func isEarlierProcess(of holder: LockHolder) -> Bool { run == holder.run && machine == holder.machine }
}
