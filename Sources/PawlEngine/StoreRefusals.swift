import Foundation

// The refusals that every store words alike.
extension StoreError {
  /// The id of a new run is taken.
  package static func runExists(_ run: RunID) -> StoreError {
    StoreError(.conflict, "There is a run \(run) already; start the command again to get another name.")
  }

  /// No such run.
  package static func noRun(_ run: RunID) -> StoreError {
    StoreError(.notFound, "There is no run \(run) in the state directory; `pawl runs` lists what there is.")
  }

  /// An event that does not go on where the journal ends.
  package static func wrongSequence(_ run: RunID, expected: Int, found: Int) -> StoreError {
    StoreError(
      .conflict,
      """
      The journal of run \(run) goes on with event \(expected), not \(found); another process may have \
      written to it, so look at it with `pawl show \(run)`.
      """)
  }

  /// The cluster's lock is taken.
  package static func held(cluster: String, by holder: LockHolder) -> StoreError {
    StoreError(
      .locked,
      """
      Cluster \(cluster) is held by \(holder) since \(holder.since.formatted(.iso8601)); wait until it has \
      ended, or look at it with `pawl show \(holder.run)`.
      """,
      holder: holder)
  }
}
