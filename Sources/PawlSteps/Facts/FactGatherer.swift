import PawlEngine
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
  /// Names the scratch directory on the hosts: no two gatherings share one.
  private let scratchName: String

  /// Makes a gatherer.
  /// - Parameters:
  ///   - cordonAnnotation: the node annotation that names the run which cordoned it.
  ///   - parallelHosts: how many hosts are asked at once.
  ///   - scratchName: part of the name of a directory that hosts have for a moment; letters and digits.
  package init(
    hosts: any HostSessions, cluster: any ClusterClient,
    cordonAnnotation: String = "pawl.dev/cordoned-by", parallelHosts: Int = 16,
    scratchName: String = String(UInt64.random(in: .min ... .max), radix: 16)
  ) {
    self.hosts = hosts
    self.cluster = cluster
    self.cordonAnnotation = cordonAnnotation
    self.parallelHosts = max(1, parallelHosts)
    self.scratchName = scratchName
  }

  /// Gathers. Bounded by each command's own limit.
  /// - Parameter patches: whether it is asked what there is to patch, for which hosts read their package lists anew.
  package func gather(for inventory: Inventory, patches: Bool = false) async -> FactReport {
    async let clusterAnswer = readCluster()
    var answers = await onEach(inventory.hosts) { host in await read(host) }
    if patches { answers = await readPatches(inventory, answers) }
    let (clusterFacts, clusterProblems) = await clusterAnswer
    if let clusterFacts, let sources = MinorSources(inventory.packages, clusterFacts, scratch: scratchName) {
      answers = await readSources(sources, inventory.hosts, answers)
    }
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

  /// Asks the API server alone: for what needs no host, and has to work when a host is gone.
  package func gatherCluster() async -> FactReport {
    let (facts, problems) = await readCluster()
    return FactReport(facts: facts.map { Facts(cluster: $0, hosts: [:]) }, hosts: [:], problems: problems)
  }

  private struct HostAnswer: Sendable {
    var facts: HostFacts?
    var problems: [CheckProblem] = []
    var error: HostError?
  }

  private func onEach(
    _ all: [Host], _ ask: @escaping @Sendable (Host) async -> HostAnswer
  ) async -> [String: HostAnswer] {
    await withTaskGroup(of: (String, HostAnswer).self) { group in
      var waiting = all[...]
      for host in waiting.prefix(parallelHosts) { group.addTask { (host.name, await ask(host)) } }
      waiting = waiting.dropFirst(parallelHosts)
      var answers: [String: HostAnswer] = [:]
      while let (name, answer) = await group.next() {
        answers[name] = answer
        if let host = waiting.popFirst() { group.addTask { (host.name, await ask(host)) } }
      }
      return answers
    }
  }

  private func read(_ host: Host) async -> HostAnswer {
    do {
      let session = try await hosts.session(to: host.name)
      var (facts, problems) = try await HostReader.read(host, over: session)
      // They lie where only root reads.
      if facts?.sudo == true {
        problems += try await session.runsWithJobs().map { Self.leftover(of: $0, on: host.name) }
      }
      return HostAnswer(facts: facts, problems: problems)
    } catch {
      return HostAnswer(error: error)
    }
  }

  private static func leftover(of run: RunID, on host: String) -> CheckProblem {
    CheckProblem(
      .warning, subject: host, code: "run-files",
      message: "\(host) keeps files of Pawl's run \(run), which is under way or did not finish.",
      hint: "Go on with 'pawl resume \(run)', or give it up and run 'pawl release \(run)'.")
  }

  /// The answers with what there is to patch.
  private func readPatches(
    _ inventory: Inventory, _ answers: [String: HostAnswer]
  ) async -> [String: HostAnswer] {
    let able = inventory.hosts.filter { answers[$0.name]?.facts?.sudo == true }
    let found = await onEach(able) { host in
      guard var answer = answers[host.name], let manager = answer.facts?.packageManager else {
        return HostAnswer()
      }
      do throws(HostError) {
        let (facts, problem) = try await PatchReader(
          host: host, session: try await hosts.session(to: host.name), manager: manager,
          policy: inventory.policy.patch, scratch: scratchName
        ).read()
        answer.facts?.patch = facts
        if let problem { answer.problems.append(problem) }
        return answer
      } catch {
        return HostAnswer(error: error)
      }
    }
    return answers.merging(found) { $1 }
  }

  /// The answers with the offers of the minors' own repositories instead of those of the hosts' present sources.
  private func readSources(
    _ sources: MinorSources, _ all: [Host], _ answers: [String: HostAnswer]
  ) async -> [String: HostAnswer] {
    // Without root the question can't be asked; the checks say so.
    let able = all.filter { !$0.isBastion && answers[$0.name]?.facts?.sudo == true }
    let offers = await onEach(able) { host in
      guard var answer = answers[host.name], var facts = answer.facts else { return HostAnswer() }
      do throws(HostError) {
        let session = try await hosts.session(to: host.name)
        let (offers, problems) = try await sources.read(on: host.name, over: session)
        facts.offer(offers)
        answer.problems += problems
        answer.facts = facts
        return answer
      } catch {
        return HostAnswer(error: error)
      }
    }
    return answers.merging(offers) { $1 }
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
