package import PawlModel

/// What a gathering gave: facts as far as they go, and every problem that was met.
package struct FactReport: Sendable, Hashable {
  /// nil when the API server could not be read. Hosts that could not be read are missing from it.
  package var facts: Facts?
  /// The hosts that could be read, also when `facts` is nil.
  package var hosts: [String: HostFacts]
  /// In the order of the inventory, the cluster's own last.
  package var problems: [CheckProblem]

  /// Makes a report.
  package init(facts: Facts?, hosts: [String: HostFacts], problems: [CheckProblem]) {
    self.facts = facts
    self.hosts = hosts
    self.problems = problems
  }
}

/// Asks all hosts and the API server, without changing anything, and reports every problem at once.
package struct FactGatherer: Sendable {
  private let hosts: any HostSessions
  private let cluster: any ClusterClient
  private let cordonAnnotation: String
  private let parallelHosts: Int

  /// Makes a gatherer.
  /// - Parameters:
  ///   - cordonAnnotation: the node annotation that names the run which cordoned it.
  ///   - parallelHosts: how many hosts are asked at once.
  package init(
    hosts: any HostSessions, cluster: any ClusterClient,
    cordonAnnotation: String = "pawl.dev/cordoned-by", parallelHosts: Int = 16
  ) {
    self.hosts = hosts
    self.cluster = cluster
    self.cordonAnnotation = cordonAnnotation
    self.parallelHosts = max(1, parallelHosts)
  }

  /// Gathers. Bounded by each command's own limit.
  package func gather(for inventory: Inventory) async -> FactReport {
    async let clusterAnswer = readCluster()
    let answers = await readHosts(inventory.hosts)
    let (clusterFacts, clusterProblems) = await clusterAnswer
    var found: [String: HostFacts] = [:]
    var problems: [CheckProblem] = []
    var unreachable: [(host: String, error: HostError)] = []
    for host in inventory.hosts {
      guard let answer = answers[host.name] else { continue }
      found[host.name] = answer.facts
      problems += answer.problems
      if let error = answer.error { unreachable.append((host.name, error)) }
    }
    problems = UnreachableHosts.problems(unreachable, in: inventory) + problems + clusterProblems
    return FactReport(
      facts: clusterFacts.map { Facts(cluster: $0, hosts: found) }, hosts: found, problems: problems)
  }

  private struct HostAnswer: Sendable {
    var facts: HostFacts?
    var problems: [CheckProblem] = []
    var error: HostError?
  }

  private func readHosts(_ all: [Host]) async -> [String: HostAnswer] {
    await withTaskGroup(of: (String, HostAnswer).self) { group in
      var waiting = all[...]
      for host in waiting.prefix(parallelHosts) { group.addTask { (host.name, await read(host)) } }
      waiting = waiting.dropFirst(parallelHosts)
      var answers: [String: HostAnswer] = [:]
      while let (name, answer) = await group.next() {
        answers[name] = answer
        if let host = waiting.popFirst() { group.addTask { (host.name, await read(host)) } }
      }
      return answers
    }
  }

  private func read(_ host: Host) async -> HostAnswer {
    do {
      let session = try await hosts.session(to: host.name)
      let (facts, problems) = try await HostReader.read(host, over: session)
      return HostAnswer(facts: facts, problems: problems)
    } catch {
      return HostAnswer(error: error)
    }
  }

  private func readCluster() async -> (ClusterFacts?, [CheckProblem]) {
    do {
      let (facts, problems) = try await ClusterReader(cluster: cluster, cordonAnnotation: cordonAnnotation)
        .read()
      return (facts, problems)
    } catch {
      return (nil, [Self.problem(error)])
    }
  }

  private static func problem(_ error: ClusterError) -> CheckProblem {
    let kind: CheckProblem.Kind
    switch error.code {
    case .unreachable, .unauthorized, .timedOut, .cancelled: kind = .unreachable
    case .forbidden, .notFound, .conflict, .failed: kind = .refusal
    }
    return CheckProblem(
      kind: kind, subject: "cluster", code: "api-\(kebabCase(error.code.rawValue))", message: error.message)
  }
}
