import PawlEngine

extension ClusterLock {
  /// Tells hosts of this lock before the run's own commands do: a holder that was replaced may wake up, reach a host
  /// and not the API server, which would tell it that it was replaced.
  ///
  /// - Returns: a sentence for each host that could not be told, sorted.
  package nonisolated func raiseFence(on hosts: any HostSessions, named names: [String]) async -> [String] {
    let fenced = hosts.fenced(for: cluster)
    return await withTaskGroup(of: String?.self) { group in
      for name in names {
        group.addTask {
          do throws(HostError) {
            _ = try await self.perform(HostCommand(["true"], asRoot: true), on: fenced.session(to: name))
            return nil
          } catch {
            return "\(name) could not be told that the cluster was taken over: \(error.message)"
          }
        }
      }
      var complaints: [String] = []
      for await complaint in group { if let complaint { complaints.append(complaint) } }
      return complaints.sorted()
    }
  }

  /// Runs a command with this lock's epoch, outside of any run, and leaves no files of it.
  nonisolated func perform(
    _ command: HostCommand, on session: any HostSession
  ) async throws(HostError) -> HostCommandResult {
    let run = RunID("pawl-lock-\(epoch)")
    let result = try await session.runDetached(
      command, key: JobKey(run: run, name: "command"), epoch: epoch
    ) { _ in }
    try await session.removeJobs(of: run)
    return result
  }
}
