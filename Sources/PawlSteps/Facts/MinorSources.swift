package import PawlModel

/// Finds out what the repositories of single minors offer a host, without touching the host's own apt state: apt
/// works on a source list and a state directory of its own for that.
struct MinorSources: Sendable {
  /// How many minors past the cluster's own are looked at.
  static let lookAhead = 4
  private static let updateSeconds = 120

  private let template: String
  /// The cluster's minor first.
  let minors: [MinorVersion]
  private let directory: String

  /// nil when the inventory has no template.
  init?(_ packages: PackageSource, _ cluster: ClusterFacts, scratch: String) {
    guard let template = packages.sourceTemplate else { return nil }
    let servers = cluster.controlPlane.compactMap(\.apiServer) + [cluster.serverVersion]
    var minor = (servers.min() ?? cluster.serverVersion).minorVersion
    var minors = [minor]
    for _ in 0..<Self.lookAhead {
      minor = minor.next
      minors.append(minor)
    }
    self.template = template
    self.minors = minors
    directory = "/tmp/pawl-sources-\(scratch)"
  }

  /// Versions on offer by package, newest first, and what is wrong with repositories. Ends at the first minor past the
  /// cluster's own that is not to be had: minors can't be skipped, so what comes later does not matter.
  func read(
    on host: String, over session: any HostSession
  ) async throws(HostError) -> (offers: [String: [String]], problems: [CheckProblem]) {
    var offers: [String: [String]] = [:]
    var problems: [CheckProblem] = []
    for minor in minors {
      guard let line = PackageSource.line(of: template, for: minor) else { break }
      let answer = MinorRepository(minor: minor, host: host).read(try await session.run(question(line)))
      switch answer {
      case .offers(let found): offers.merge(found) { $1 + $0 }
      case .missing: break
      case .unusable(let problem): problems.append(problem)
      }
      if minor != minors.first, !answer.isOffer { break }
    }
    if offers.isEmpty {
      // Not one of them: no upgrade is possible, whatever its target is.
      problems = problems.isEmpty ? [noRepository(host)] : problems.map { $0.asError }
    }
    return (offers, problems)
  }

  private func noRepository(_ host: String) -> CheckProblem {
    CheckProblem(
      subject: host, code: "no-minor-repository",
      message: "\(host) finds no repository for \(minors[0]) or \(minors[1]) by the inventory's source line.",
      hint: "Compare packages.sourceTemplate in the inventory with the repository's address; "
        + "{minor} becomes \(minors[0]).")
  }

  /// `apt-get update` and `apt-cache madison` on a directory that is gone afterwards. Others may enter it, as apt
  /// fetches as a user of its own, but not write there, and its name can't be guessed.
  func question(_ line: String) -> HostCommand {
    let list = "\(directory)/source.list"
    let options =
      [
        "Dir::Etc::SourceList=\(list)", "Dir::Etc::SourceParts=-", "Dir::State::Lists=\(directory)/lists",
        "Dir::Cache=\(directory)/cache", "APT::Get::List-Cleanup=0", "Acquire::Retries=1",
        "Acquire::http::Timeout=20", "Acquire::https::Timeout=20",
      ].flatMap { ["-o", $0] }
    return HostCommand(
      steps: [
        ["mkdir", "-m", "711", directory],
        ["mkdir", "-m", "755"]
          + ["lists", "lists/partial", "cache", "cache/archives", "cache/archives/partial"]
          .map { "\(directory)/\($0)" },
        ["tee", list],
        ["apt-get", "update", "-q"] + options,
        ["apt-cache", "madison"] + options + KubernetesPackages.versioned,
      ],
      always: [["rm", "-rf", directory]], environment: AptCommands.environment,
      standardInput: Array((line + "\n").utf8), asRoot: true, timeoutSeconds: Self.updateSeconds)
  }
}

/// How the answer for one minor on one host reads. Pure.
package struct MinorRepository: Sendable {
  package enum Answer: Sendable, Hashable {
    /// Versions of this minor by package, newest first.
    case offers([String: [String]])
    /// There is no repository for the minor, or nothing of the minor is in it.
    case missing
    case unusable(CheckProblem)

    var isOffer: Bool { if case .offers = self { true } else { false } }
  }

  let minor: MinorVersion
  let host: String

  /// Makes a reader of answers.
  package init(minor: MinorVersion, host: String) {
    self.minor = minor
    self.host = host
  }

  /// Reads what `MinorSources.question` said.
  package func read(_ result: HostCommandResult) -> Answer {
    // apt may call it a success when it fetched nothing; its complaints say more than its status.
    let lines = result.lines
    let complaints = lines.filter { line in
      ["W:", "E:", "Err:"].contains(where: line.hasPrefix) || line.hasPrefix("  ")
    }
    let offers = offers(in: result.outputLines)
    if result.succeeded, !offers.isEmpty { return .offers(offers) }
    let trouble = AptFailure.repositoryTrouble(in: lines.filter { $0.hasPrefix("W:") || $0.hasPrefix("E:") })
    if Self.isMissing(complaints) { return .missing }
    if result.succeeded, trouble == nil { return .missing }
    let said = trouble?.line ?? complaints.last?.trimmingBlanks() ?? result.failureSummary
    return .unusable(
      CheckProblem(
        .warning, subject: host, code: trouble?.code ?? "repository-unusable",
        message:
          "\(host) can't use the repository of \(minor): \(trouble?.meaning ?? "apt-get update failed") (\(said)).",
        hint: trouble?.hint
          ?? "Run `apt-get update` there with the source line of \(minor) and see what it says."
      ))
  }

  /// The server answered, and knows no such repository. Some answer 403 for what is not there.
  private static func isMissing(_ complaints: [String]) -> Bool {
    complaints.contains { $0.contains(" 404 ") || $0.contains(" 403 ") || $0.contains("File not found") }
  }

  private func offers(in lines: [String]) -> [String: [String]] {
    let madison = lines.filter { line in
      KubernetesPackages.versioned.contains { line.hasPrefix($0 + " ") } && line.contains("|")
    }
    let all: [String: [String]]
    do { all = try HostFact.offers(inMadison: madison) } catch { return [:] }
    return all.mapValues { versions in
      versions.filter { PackageFacts.kubernetesVersion(ofPackage: $0)?.minorVersion == minor }
    }.filter { !$0.value.isEmpty }
  }
}

extension CheckProblem {
  var asError: CheckProblem {
    var problem = self
    problem.severity = .error
    return problem
  }
}

extension HostFacts {
  /// Replaces what the host's present sources offer: they are rewritten before anything is installed.
  mutating func offer(_ offers: [String: [String]]) {
    for name in KubernetesPackages.versioned {
      guard packages[name] != nil || offers[name] != nil else { continue }
      packages[name, default: PackageFacts(installed: nil, held: false, available: [])].available =
        offers[name] ?? []
    }
  }
}
