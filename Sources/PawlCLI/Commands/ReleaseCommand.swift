import ArgumentParser
import Foundation
import PawlEngine
import PawlModel
import PawlSteps
import PawlStore

/// `pawl release [RUN]`
struct ReleaseCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "release",
    abstract: "Remove what a vanished run left on the cluster and its hosts, and only that.",
    discussion: """
      Shows first, then asks; without a terminal it only shows, unless --yes is given. It removes the cluster's \
      lock, cordons that carry a run's mark, and files of its remote commands, and puts packages on hold again \
      that a cut-off installation took off. A run that still renews its lock is \
      left alone (exit code 5), and so are nodes that somebody else cordoned.
      """)

  @Argument(help: "Only what this run left; without it what any run left.")
  var runID: String?

  @OptionGroup var approval: ApprovalOptions
  @OptionGroup var inventory: InventoryOptions
  @OptionGroup var state: StateOptions
  @OptionGroup var log: LogOptions

  func run() async throws {
    try await reportingFailures {
      let inventory = try self.inventory.load()
      let world = try World.real(inventory, log: log)
      return try await closing(world) { try await release(inventory, world) }
    }
  }

  private func release(_ inventory: Inventory, _ world: World) async throws -> ExitStatus {
    let store = try state.openStore()
    let journals = try await journals(of: inventory.name, in: store)
    let search = LeftoverSearch(
      cluster: world.cluster, leases: world.leases, hosts: world.hosts,
      hostNames: inventory.hosts.map(\.name),
      run: runID.map { RunID($0) }, journals: journals)
    let found = try await search.find()
    for sentence in found.unseen { Console.error("warning: \(sentence)") }
    if found.isEmpty {
      Console.line("Nothing of a run is left.")
    } else {
      show(found, journals)
      guard try isWanted() else { return .success }
      let locking = ClusterLocking(store: store, takeOver: found.lock != nil)
      try await locking.holding(inventory, for: RunID("pawl-release"), world: world) { lock in
        try await remove(found, search, lock: lock)
      }
      Console.line("The cluster is free.")
    }
    return found.unseen.isEmpty ? .success : .unreachable
  }

  /// This machine's unfinished runs of the cluster. A damaged one can't tell what it left on hold.
  private func journals(
    of cluster: String, in store: SQLiteRunStore
  ) async throws -> [RunID: StoppedRun] {
    var journals: [RunID: StoppedRun] = [:]
    for run in try await store.list() where run.outcome != .completed && run.cluster == cluster {
      do {
        let (record, events) = try await store.load(run.id)
        journals[run.id] = StoppedRun(
          plan: record.plan, state: try RunState(plan: record.plan, events: events))
      } catch let error as StoreError where error.code == .damaged {
        Console.error("warning: \(error.message)")
      }
    }
    return journals
  }

  private func show(_ found: Leftovers, _ journals: [RunID: StoppedRun]) {
    if let holder = found.lock {
      Console.line("The cluster's lock is held by \(holder) since \(holder.since.formatted(.iso8601)).")
    }
    for jobs in found.jobs { Console.line("\(jobs.host) has files of run \(jobs.run).") }
    for holds in found.holds {
      Console.line("\(holds.host): run \(holds.run) took \(holds.packages.joined(separator: ", ")) off hold.")
    }
    for cordon in found.cordons { Console.line("\(cordon.node) is cordoned by run \(cordon.run).") }
    for run in found.runs where journals[run] != nil {
      Console.line("Run \(run) is not finished. To go on with it instead: pawl resume \(run)")
    }
  }

  private func isWanted() throws(CommandFailure) -> Bool {
    if approval.yes { return true }
    guard Console.canAsk else {
      Console.line("Nothing was touched; --yes removes all of this.")
      return false
    }
    guard Console.ask("\nRemove all of this? Only 'yes' does: ") == "yes" else {
      throw CommandFailure(.failed, "Nothing was touched.")
    }
    return true
  }

  /// With the lock held, so that the vanished run has lost it. Commands that still run keep their nodes cordoned.
  private func remove(_ found: Leftovers, _ search: LeftoverSearch, lock: ClusterLock) async throws {
    for jobs in found.jobs {
      try await search.remove(jobs, under: lock)
      Console.line("The files of run \(jobs.run) on \(jobs.host) are removed.")
    }
    for holds in found.holds {
      try await search.restore(holds, under: lock)
      Console.line("\(holds.host): \(holds.packages.joined(separator: ", ")) on hold again.")
    }
    for cordon in found.cordons {
      try await search.uncordon(cordon, under: lock)
      Console.line("\(cordon.node) takes pods again.")
    }
  }
}
