package import PawlEngine
package import PawlSteps

extension SimulatedCluster: HostSessions {
  package func session(to host: String) async throws(HostError) -> any HostSession {
    try reach(host)
    return SimulatedSession(host: host, cluster: self)
  }

  func reach(_ host: String) throws(HostError) {
    settle()
    guard let machine = world.state.hosts[host] else {
      throw HostError(.unreachable, "The simulated cluster has no host \(host); correct the inventory.")
    }
    let isBehindBastion = world.state.hosts.values.contains { $0.isBastion && !$0.poweredOn }
    guard machine.poweredOn, !isBehindBastion, !world.unreachableHosts.contains(host), !world.isCutOff else {
      throw HostError(
        .unreachable,
        "\(host) can't be reached: the connection timed out; see that it is up and on the network.")
    }
  }

  /// Runs a short command to its end.
  func run(_ command: HostCommand, on host: String) async throws(HostError) -> HostCommandResult {
    try reach(host)
    let link = strikeLink(command, on: host)
    if link == .loseLinkBefore { throw linkLost(host) }
    let id = world.start(command, on: host, key: nil)
    defer { world.jobs[id] = nil }
    return try await watch(id, on: host, link: link) { _ in }
  }

  /// Runs a command under a key, or goes on watching the one that has the key.
  func runDetached(
    _ command: HostCommand, key: JobKey, epoch: Int, on host: String,
    onOutput: @Sendable (String) -> Void
  ) async throws(HostError) -> HostCommandResult {
    try reach(host)
    let highest = world.epochs[host] ?? 0
    guard epoch >= highest else {
      throw HostError(
        .fenced,
        "\(host) has seen a later run (\(highest), this is \(epoch)): another Pawl holds the cluster now.")
    }
    world.epochs[host] = epoch
    let link = strikeLink(command, on: host)
    if link == .loseLinkBefore { throw linkLost(host) }
    let known = world.jobKeys[host]?[key]
    let id = known ?? world.start(command, on: host, key: key)
    return try await watch(id, on: host, link: link, onOutput: onOutput)
  }

  func jobState(_ key: JobKey, on host: String) throws(HostError) -> JobState {
    try reach(host)
    guard let id = world.jobKeys[host]?[key], let job = world.jobs[id] else { return .absent }
    return switch job.state {
    case .running: .running
    case .finished: .finished(job.result)
    case .lost(let reason): .lost(reason)
    }
  }

  /// Ends a command; as on a real host, its processes are given a moment after the first signal.
  func terminate(_ key: JobKey, on host: String) async throws(HostError) {
    try reach(host)
    if let id = world.jobKeys[host]?[key], world.jobs[id]?.state == .running {
      _ = try await waitOnHost(host, until: now + SimulatedTimes.termination) { _ in false }
    }
    world.end(key, on: host)
  }

  func runsWithJobs(on host: String) throws(HostError) -> [RunID] {
    try reach(host)
    return Set((world.jobKeys[host] ?? [:]).keys.map(\.run)).sorted { $0.text < $1.text }
  }

  func removeJobs(of run: RunID, on host: String) throws(HostError) {
    try reach(host)
    var running: [String] = []
    for (key, id) in world.jobKeys[host] ?? [:] where key.run == run {
      if world.jobs[id]?.state == .running {
        running.append(key.name)
      } else {
        world.jobs[id] = nil
        world.jobKeys[host]?[key] = nil
      }
    }
    guard running.isEmpty else {
      throw HostError(
        .failed, "\(host) still runs commands of \(run): \(running.sorted().joined(separator: ", ")).")
    }
  }

  // MARK: Watching

  /// Passes a job's output on until it ends.
  private func watch(
    _ id: Int, on host: String, link: SimulatedFault.Effect?, onOutput: @Sendable (String) -> Void
  ) async throws(HostError) -> HostCommandResult {
    guard let job = world.jobs[id] else { throw linkLost(host) }
    if link == .loseLinkDuring { throw linkLost(host) }
    let deadline = now + .seconds(job.command.timeoutSeconds)
    var passedOn = 0
    while true {
      let seen = passedOn
      let moved = try await waitOnHost(host, until: deadline) { world in
        world.isCutOff || (world.jobs[id].map { $0.hasNews(after: seen) } ?? true)
      }
      guard let job = world.jobs[id], !world.isCutOff else { throw linkLost(host) }
      if link == nil { job.lines.dropFirst(passedOn).forEach(onOutput) }
      passedOn = job.lines.count
      switch job.state {
      case .finished where link == .loseLinkAfter: throw linkLost(host)
      case .finished: return job.result
      case .lost(let reason): throw HostError(.failed, "A command on \(host) was lost. \(reason)")
      case .running where job.hangsForever:
        await hang { $0.jobs[id]?.state != .running || $0.isCutOff }
        if Task.isCancelled { throw cancelled(host) }
      case .running where !moved: throw timedOut(id, job)
      case .running: continue
      }
    }
  }

  private func timedOut(_ id: Int, _ job: SimulatedJob) -> HostError {
    world.end(id)
    return HostError(
      .timedOut,
      "'\(job.current.joined(separator: " "))' on \(job.host) ran longer than \(job.command.timeoutSeconds) s; "
        + "see what it waits for.")
  }

  private func waitOnHost(
    _ host: String, until deadline: Duration, _ condition: (borrowing SimulatedWorld) -> Bool
  ) async throws(HostError) -> Bool {
    do {
      return try await wait(until: deadline, condition)
    } catch {
      throw cancelled(host)
    }
  }

  private func cancelled(_ host: String) -> HostError {
    HostError(.cancelled, "Watching a command on \(host) was given up; it may still run there.")
  }

  private func strikeLink(_ command: HostCommand, on host: String) -> SimulatedFault.Effect? {
    let text = command.steps.map { $0.joined(separator: " ") }.joined(separator: "; ")
    return world.faults.strike(text, host: host) { $0.isOfLink }
  }

  private func linkLost(_ host: String) -> HostError {
    HostError(.linkLost, "The link to \(host) fell; it is taken up again when the host answers.")
  }
}

/// One host of a simulated cluster.
package struct SimulatedSession: HostSession {
  package let host: String
  let cluster: SimulatedCluster

  package func run(_ command: HostCommand) async throws(HostError) -> HostCommandResult {
    try await cluster.run(command, on: host)
  }

  package func runDetached(
    _ command: HostCommand, key: JobKey, epoch: Int, onOutput: @escaping @Sendable (String) -> Void
  ) async throws(HostError) -> HostCommandResult {
    try await cluster.runDetached(command, key: key, epoch: epoch, on: host, onOutput: onOutput)
  }

  package func jobState(_ key: JobKey) async throws(HostError) -> JobState {
    try await cluster.jobState(key, on: host)
  }

  package func terminate(_ key: JobKey) async throws(HostError) {
    try await cluster.terminate(key, on: host)
  }

  package func runsWithJobs() async throws(HostError) -> [RunID] {
    try await cluster.runsWithJobs(on: host)
  }

  package func removeJobs(of run: RunID) async throws(HostError) {
    try await cluster.removeJobs(of: run, on: host)
  }
}
