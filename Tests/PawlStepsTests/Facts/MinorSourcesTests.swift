import PawlModel
import PawlSimulation
import PawlSteps
import Testing

/// apt's real words, shortened.
private enum AptWords {
  static let offers = """
    deb https://packages.example/v1.30/deb/ /
    Get:1 https://packages.example/v1.30/deb InRelease [1,186 B]
    Fetched 12 kB in 0s (44 kB/s)
    Reading package lists...
       kubeadm | 1.30.14-1.1 | https://packages.example/v1.30/deb  Packages
       kubeadm | 1.30.13-1.1 | https://packages.example/v1.30/deb  Packages
       kubelet | 1.30.14-1.1 | https://packages.example/v1.30/deb  Packages
       kubelet | 1.29.9-1.1 | https://packages.example/v1.30/deb  Packages
    """
  static let notFound = """
    Err:2 http://packages.example/v1.33 ./ Release
      404  File not found [IP: 192.0.2.9 80]
    Reading package lists...
    """
  static let noRelease =
    "E: The repository 'http://packages.example/v1.33 ./ Release' does not have a Release file."
  static let forbidden = "E: Failed to fetch https://packages.example/v1.33/deb/InRelease  403  Forbidden\n"
  static let notSigned = "E: The repository 'https://packages.example/v1.33/deb  InRelease' is not signed.\n"
  static let refused = """
    W: Failed to fetch http://packages.example/v1.30/./InRelease  Could not connect to packages.example:80
    W: Some index files failed to download. They have been ignored, or old ones used instead.
    """
  static let expired = """
    W: GPG error: https://packages.example/v1.30/deb  InRelease: The following signatures were invalid: EXPKEYSIG 234
    E: The repository 'https://packages.example/v1.30/deb  InRelease' is not signed.
    """
}

@Suite("Repositories of one minor each")
struct MinorSourcesTests {
  private static let template = "deb https://packages.example/v{minor}/deb/ /"

  private let cluster: SimulatedCluster
  private let inventory: Inventory

  init() {
    var state = SimulatedState.demo()
    state.repositoryPerMinor = true
    for name in state.hosts.keys { state.point(name, at: "1.29") }
    cluster = SimulatedCluster(state)
    var inventory = SimulatedCluster.demoInventory
    inventory.packages.sourceTemplate = Self.template
    self.inventory = inventory
  }

  private func gather(_ inventory: Inventory? = nil) async -> FactReport {
    await FactGatherer(hosts: cluster, cluster: cluster, scratchName: "test").gather(
      for: inventory ?? self.inventory)
  }

  @Test("every minor's versions are on offer, and no host is changed")
  func looksAhead() async throws {
    let before = await cluster.snapshot
    let report = await gather()
    #expect(report.problems == [])
    let facts = try #require(report.facts)
    for host in facts.hosts.values {
      #expect(host.packages["kubeadm"]?.available == ["1.31.14-1.1", "1.30.14-1.1", "1.29.15-1.1"])
      #expect(host.packages["kubeadm"]?.installed == "1.29.15-1.1")
    }
    #expect(await cluster.snapshot == before)
    let touched = await cluster.ledger.filter { record in
      if case .fileWritten(_, let path, _) = record.change {
        !path.hasPrefix("/tmp/pawl-sources-test")
      } else {
        true
      }
    }
    #expect(touched == [])
  }

  @Test("without a template only the present source's minor is seen, and nothing is written anywhere")
  func withoutTemplate() async throws {
    let facts = try #require(await gather(SimulatedCluster.demoInventory).facts)
    #expect(facts.hosts["cp-1"]?.packages["kubelet"]?.available == ["1.29.15-1.1"])
    #expect(await cluster.ledger == [])
  }

  @Test("a minor that is missing on one host is missing in that host's facts, and ends its look ahead")
  func gap() async throws {
    await cluster.inject(
      SimulatedFault(
        .fail(status: 100, "E: Failed to fetch x  404  Not Found"), at: "apt-get update", on: "worker-1"))
    let report = await gather()
    // The fault strikes once: the cluster's own minor, which may be gone from the server.
    #expect(report.problems == [])
    #expect(
      report.facts?.hosts["worker-1"]?.packages["kubelet"]?.available == ["1.31.14-1.1", "1.30.14-1.1"])
  }

  @Test("a template that leads nowhere is an error of each host, with what to compare")
  func wrongTemplate() async {
    var wrong = inventory
    wrong.packages.sourceTemplate = "deb https://packages.example/{minor}/deb/ /"
    let problems = await gather(wrong).problems
    #expect(problems.map(\.subject) == ["cp-1", "worker-1", "worker-2", "worker-3"])
    #expect(problems.allSatisfy { $0.code == "no-minor-repository" && $0.severity == .error })
    #expect(problems.first?.message.contains("1.29 or 1.30") == true)
  }

  @Test("a host without sudo is left to its own check")
  func withoutSudo() async {
    await cluster.edit { $0.hosts["worker-2"]?.sudo = false }
    let report = await gather()
    #expect(report.problems == [])
    #expect(report.facts?.hosts["worker-2"]?.packages["kubelet"]?.available == ["1.29.15-1.1"])
  }

  // MARK: - Answers

  private func read(_ output: String, _ errors: String = "", status: Int = 0) -> MinorRepository.Answer {
    MinorRepository(minor: MinorVersion(major: 1, minor: 30), host: "cp-1").read(
      HostCommandResult(status: status, output: output, errorOutput: errors))
  }

  @Test("only the minor's own versions count")
  func offers() {
    #expect(
      read(AptWords.offers)
        == .offers(["kubeadm": ["1.30.14-1.1", "1.30.13-1.1"], "kubelet": ["1.30.14-1.1"]]))
  }

  @Test(
    "a server that knows no such repository",
    arguments: [
      (AptWords.notFound, AptWords.noRelease, 100), ("", AptWords.forbidden + AptWords.notSigned, 100),
      ("Reading package lists...\n", "", 0),
    ])
  func missing(_ output: String, _ errors: String, _ status: Int) {
    #expect(read(output, errors, status: status) == .missing)
  }

  @Test(
    "a repository that can't be used is named with host, minor, cause and next action",
    arguments: [
      (AptWords.refused, 0, "repository-unreachable", "Could not connect to packages.example:80", "network"),
      (AptWords.expired, 100, "repository-signature", "EXPKEYSIG 234", "Renew"),
      (
        "mkdir: cannot create directory: Read-only file system\n", 1, "repository-unusable", "Read-only",
        "Run"
      ),
    ])
  func unusable(_ errors: String, _ status: Int, _ code: String, _ says: String, _ hint: String) {
    guard case .unusable(let problem) = read("", errors, status: status) else {
      Issue.record("it counts as usable")
      return
    }
    #expect(problem.code == code && problem.subject == "cp-1" && problem.severity == .warning)
    #expect(problem.message.hasPrefix("cp-1 can't use the repository of 1.30: "))
    #expect(problem.message.contains(says), "\(problem.message)")
    #expect(problem.hint?.contains(hint) == true)
  }
}

extension SimulatedState {
  /// Points a host at the repository of a minor, as an administrator would have.
  mutating func point(_ host: String, at minor: String) {
    hosts[host]?.files["/etc/apt/sources.list.d/kubernetes.list"] =
      "deb https://packages.example/v\(minor)/deb/ /\n"
    updateLists(of: host)
  }
}
