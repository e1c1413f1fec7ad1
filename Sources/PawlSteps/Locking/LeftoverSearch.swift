package import PawlEngine

/// Finds and removes what runs left behind, and only that.
package struct LeftoverSearch: Sendable {
  private let cluster: any ClusterClient
  private let leases: any ClusterLeases
  private let hosts: any HostSessions
  private let hostNames: [String]
  private let run: RunID?
  private let journals: [RunID: StoppedRun]

  /// - Parameters:
  ///   - hostNames: the inventory's hosts.
  ///   - run: only what this run left; nil for every run.
  ///   - journals: runs whose journals are at hand and that did not end: only they tell which packages were on hold.
  package init(
    cluster: any ClusterClient, leases: any ClusterLeases, hosts: any HostSessions, hostNames: [String],
    run: RunID?, journals: [RunID: StoppedRun] = [:]
  ) {
    self.cluster = cluster
    self.leases = leases
    self.hosts = hosts
    self.hostNames = hostNames
    self.run = run
    self.journals = journals
  }

  // MARK: Finding

  /// Looks, read-only.
  package func find() async throws(ClusterError) -> Leftovers {
    var found = Leftovers()
    found.cordons = try await cordons()
    let lease = try await leases.lease(namespace: ClusterLock.namespace, name: ClusterLock.name)
    if let holder = lease?.lockHolder, isWanted(holder.run) { found.lock = holder }
    await withTaskGroup(of: Leftovers.self) { group in
      for host in hostNames { group.addTask { await leftovers(on: host) } }
      for await part in group {
        found.jobs += part.jobs
        found.holds += part.holds
        found.unseen += part.unseen
      }
    }
    found.jobs.sort { ($0.host, $0.run) < ($1.host, $1.run) }
    found.holds.sort { ($0.host, $0.run) < ($1.host, $1.run) }
    found.unseen.sort()
    return found
  }

  private func isWanted(_ found: RunID) -> Bool { run == nil || run == found }

  private func cordons() async throws(ClusterError) -> [Leftovers.Cordon] {
    var found: [Leftovers.Cordon] = []
    for node in try await cluster.nodes() {
      if case .run(let marked) = CordonMark(of: node), isWanted(marked) {
        found.append(Leftovers.Cordon(node: node.name, run: marked))
      }
    }
    return found.sorted { $0.node < $1.node }
  }

  private func leftovers(on host: String) async -> Leftovers {
    var found = Leftovers()
    do throws(HostError) {
      let session = try await hosts.session(to: host)
      for run in try await session.runsWithJobs().filter(isWanted) {
        found.jobs.append(Leftovers.Jobs(host: host, run: run))
        let missing = try await lostHolds(journals[run]?.holdsAtRisk(on: host) ?? [], session)
        if !missing.isEmpty { found.holds.append(Leftovers.Holds(host: host, run: run, packages: missing)) }
      }
    } catch {
      found.unseen.append(error.message)
    }
    return found
  }

  private func lostHolds(
    _ packages: [String], _ session: any HostSession
  ) async throws(HostError) -> [String] {
    if packages.isEmpty { return [] }
    let fact = HostFact<Set<String>>.heldPackages
    let result = try await session.run(fact.command)
    do throws(FactError) {
      let held = try fact.parse(result)
      return packages.filter { !held.contains($0) }
    } catch {
      throw HostError(.failed, "The packages on hold on \(session.host) can't be listed: \(error.message).")
    }
  }

  // MARK: Removing

  /// Removes a run's files from a host.
  ///
  /// - Throws: `HostError`, naming them, when commands still run there, which are left alone; `ClusterLockError` when
  ///   the lock is lost.
  package func remove(_ jobs: Leftovers.Jobs, under lock: ClusterLock) async throws {
    try await lock.confirm()
    try await hosts.session(to: jobs.host).removeJobs(of: jobs.run)
  }

  /// Puts packages on hold again; to be called after the run's files are removed, because a command that still runs
  /// does it itself.
  ///
  /// - Throws: `HostError`; `ClusterLockError` when the lock is lost.
  package func restore(_ holds: Leftovers.Holds, under lock: ClusterLock) async throws {
    try await lock.confirm()
    let result = try await lock.perform(
      AptCommands.restoreHolds(holds.packages), on: hosts.fenced(for: lock.cluster).session(to: holds.host))
    guard result.succeeded else {
      throw HostError(.failed, "apt-mark hold on \(holds.host) failed: \(result.failureSummary).")
    }
  }

  /// Lets pods back on a node, if it still carries that run's mark.
  ///
  /// - Throws: `ClusterError`; `ClusterLockError` when the lock is lost.
  package func uncordon(_ cordon: Leftovers.Cordon, under lock: ClusterLock) async throws {
    try await lock.confirm()
    guard let node = try await cluster.node(named: cordon.node), CordonMark(of: node) == .run(cordon.run)
    else {
      return
    }
    try await cluster.patchNode(
      named: cordon.node, unschedulable: false, annotations: [CordonMark.annotation: nil])
  }
}
