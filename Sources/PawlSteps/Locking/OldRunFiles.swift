package import Foundation
package import PawlEngine

/// What remote commands of runs that stopped long ago left on hosts. Nobody goes on with those; if somebody does,
/// steps without an outcome are probed by what they did instead of by their files.
package struct OldRunFiles: Sendable {
  /// From this age on a run's files are old.
  package static let days = 14

  private let hosts: any HostSessions
  private let hostNames: [String]
  private let keeping: Set<RunID>
  private let limit: Date

  /// - Parameter keeping: runs whose files stay whatever their age, such as those that can still be resumed here.
  package init(hosts: any HostSessions, hostNames: [String], keeping: Set<RunID>, now: Date) {
    self.hosts = hosts
    self.hostNames = hostNames
    self.keeping = keeping
    limit = now.addingTimeInterval(-Double(Self.days) * 86_400)
  }

  /// Removes them; commands that still run keep theirs. A host that can't be asked is passed over.
  ///
  /// - Returns: what was removed, by host, then by run.
  package func remove() async -> [Leftovers.Jobs] {
    await withTaskGroup(of: [Leftovers.Jobs].self) { group in
      for host in hostNames { group.addTask { await remove(from: host) } }
      var removed: [Leftovers.Jobs] = []
      for await part in group { removed += part }
      return removed.sorted { ($0.host, $0.run) < ($1.host, $1.run) }
    }
  }

  private func remove(from host: String) async -> [Leftovers.Jobs] {
    var removed: [Leftovers.Jobs] = []
    do throws(HostError) {
      let session = try await hosts.session(to: host)
      for run in try await session.runsWithJobs() where isOld(run) {
        try await session.removeJobs(of: run)
        removed.append(Leftovers.Jobs(host: host, run: run))
      }
    } catch {
      // Whoever looks at the host next says why it can't be asked, and names the files that are still there.
      return removed
    }
    return removed
  }

  private func isOld(_ run: RunID) -> Bool {
    guard !keeping.contains(run), let created = run.createdAt else { return false }
    return created < limit
  }
}
