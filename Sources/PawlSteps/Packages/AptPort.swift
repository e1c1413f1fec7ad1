import PawlEngine
import PawlModel

/// apt and dpkg. Facts: apt-get(8), apt-mark(8), unattended-upgrades' documentation.
struct AptPort: PackagePort {
  let updateUnits = ["apt-daily.timer", "apt-daily-upgrade.timer", "unattended-upgrades.service"]

  /// Stands between the upgrade to the newest versions and the one that prefers archives of security updates.
  private static let divider = "-- security first --"

  /// apt works on a copy of the host's lists that is gone afterwards: what has not changed since is not fetched again.
  ///
  /// A later version in another archive hides that of a security archive, so that the upgrade is asked for twice: the
  /// second time archives whose suite ends in `-security` go first (`APT::Default-Release`, apt_preferences(5); pins
  /// of single packages still count), and apt itself settles what depends on that.
  func questions(scratch: String) -> [HostCommand] {
    let directory = "/var/tmp/pawl-lists-\(scratch)"
    let options = [
      "Dir::State::Lists=\(directory)/lists", "Dir::Cache=\(directory)/cache", "Acquire::Retries=1",
      "Acquire::http::Timeout=20", "Acquire::https::Timeout=20",
    ].flatMap { ["-o", $0] }
    // A new kernel is a new package: plain `upgrade` keeps it back.
    let upgrade = ["apt-get", "-s", "-q", "--with-new-pkgs", "upgrade"] + options
    let upgrades = HostCommand(
      steps: [
        ["mkdir", "-m", "711", directory],
        ["mkdir", "-m", "755"]
          + ["cache", "cache/archives", "cache/archives/partial"].map { "\(directory)/\($0)" },
        ["cp", "-rp", "/var/lib/apt/lists", "\(directory)/lists"],
        ["apt-get", "update", "-q"] + options,
        upgrade, ["echo", Self.divider], upgrade + ["-o", "APT::Default-Release=a=*-security"],
      ],
      always: [["rm", "-rf", directory]], environment: AptCommands.environment, asRoot: true,
      timeoutSeconds: 180)
    return [upgrades, HostCommand(["apt-mark", "showauto"])]
  }

  func upgrades(in answers: [HostCommandResult]) throws(FactError) -> PackageOffers {
    guard answers.count == 2 else { throw FactError("two answers were expected") }
    if let missed = AptFailure.missedSources(in: answers[0]).first {
      throw FactError("a package source can't be read: \(missed)")
    }
    guard answers[0].succeeded else {
      let trouble = AptFailure.repositoryTrouble(in: answers[0].lines)
      throw FactError(trouble.map { "\($0.meaning): \($0.line)" } ?? answers[0].failureSummary)
    }
    let halves = answers[0].outputLines.split(
      separator: Self.divider, maxSplits: 1, omittingEmptySubsequences: false)
    guard halves.count == 2 else { throw FactError("apt-get's answer is cut off") }
    let automatic = Set(try answers[1].successfulLines())
    return PackageOffers(
      upgrades: try Self.upgrades(in: halves[0], automatic) { _ in true },
      security: try Self.upgrades(in: halves[1], automatic, where: \.isSecurity))
  }

  private static func upgrades(
    in lines: some Sequence<String>, _ automatic: Set<String>, where isWanted: (AptSimulation) -> Bool
  ) throws(FactError) -> [PackageUpgrade] {
    var upgrades: [PackageUpgrade] = []
    for line in lines where line.hasPrefix("Inst ") {
      guard let found = AptSimulation(line) else { throw FactError("a line can't be read: '\(line)'") }
      guard isWanted(found), !KubernetesPackages.all.contains(bare(found.name)) else { continue }
      upgrades.append(
        PackageUpgrade(
          name: found.name, installed: found.installed, candidate: found.candidate,
          automatic: found.installed == nil || automatic.contains(bare(found.name))))
    }
    return upgrades.sorted { $0.name < $1.name }
  }

  func download(_ packages: [ExactPackage]) -> [[String]] {
    [AptCommands.update, AptCommands.install(packages.map(\.pair), ["--no-remove", "--download-only"])]
  }

  func preview(_ packages: [ExactPackage]) -> [String]? {
    AptCommands.install(packages.map(\.pair), ["--no-remove", "-s"])
  }

  func changes(in preview: HostCommandResult) -> [ExactPackage] {
    preview.outputLines.compactMap { line in
      guard line.hasPrefix("Inst "), let found = AptSimulation(line) else { return nil }
      return ExactPackage(name: found.name, version: found.candidate)
    }
  }

  func install(_ packages: [ExactPackage]) -> [[String]] {
    [AptCommands.repair, AptCommands.install(packages.map(\.pair), ["--no-remove"])]
  }

  func markAutomatic(_ names: [String]) -> [[String]] {
    names.isEmpty ? [] : [["apt-mark", "auto"] + names]
  }

  func unmarked(_ names: [String]) -> [String]? {
    names.isEmpty ? nil : ["apt-mark", "showmanual"] + names
  }

  func state(of packages: [ExactPackage]) -> [[String]] {
    [AptCommands.query(packages.map(\.name)), AptCommands.audit]
  }

  func differences(
    from packages: [ExactPackage], in answers: [HostCommandResult]
  ) throws(FactError) -> (phrases: [String], someInstalled: Bool) {
    guard answers.count == 2, answers[0].status <= 1 else {
      throw FactError(answers.first?.failureSummary ?? "dpkg did not answer")
    }
    let state = PackageState(query: answers[0].output, holds: "", audit: answers[1].output)
    var phrases: [String] = []
    var someInstalled = false
    for package in packages {
      let found = state.packages[Self.bare(package.name)]
      if found?.version != package.version {
        phrases.append(
          "\(package.name) is \(found.map { "at \($0.version)" } ?? "not installed"), "
            + "not at \(package.version)")
      } else if found?.configured == false {
        phrases.append("\(package.name) is unpacked but not configured")
        someInstalled = true
      } else {
        someInstalled = true
      }
    }
    if let first = state.audit.first { phrases.append("dpkg --audit says: \(first)") }
    return (phrases, someInstalled || !state.audit.isEmpty)
  }

  func failure(of result: HostCommandResult, doing what: String, on host: String) -> StepFailure {
    AptFailure.failure(of: result, doing: what, code: "package-upgrade-failed", on: host)
  }

  /// Without the suffix of a foreign architecture, `libc6:i386`.
  private static func bare(_ name: String) -> String { String(name.prefix { $0 != ":" }) }
}

extension ExactPackage {
  fileprivate var pair: (name: String, version: String) { (name, version) }
}

/// A line that `apt-get -s` prints for each package it would install:
/// `Inst NAME [INSTALLED] (CANDIDATE ARCHIVE, ARCHIVE [ARCHITECTURE])`.
struct AptSimulation: Sendable, Hashable {
  let name: String
  let installed: String?
  let candidate: String
  /// `Debian-Security:12/stable-security`, `Ubuntu:22.04/jammy-updates`.
  let archives: [String]

  /// nil for a line of another form.
  init?(_ line: String) {
    guard let open = line.firstIndex(of: "("), let close = line[open...].firstIndex(of: ")") else {
      return nil
    }
    let head = line[..<open].split(separator: " ")
    guard head.count >= 2, head[0] == "Inst" else { return nil }
    name = String(head[1])
    installed =
      head.count > 2 && head[2].hasPrefix("[") ? String(head[2].dropFirst().prefix { $0 != "]" }) : nil
    let inner = line[line.index(after: open)..<close].split(separator: " ")
    guard let version = inner.first else { return nil }
    candidate = String(version)
    archives = inner.dropFirst().filter { !$0.hasPrefix("[") }.map {
      $0.last == "," ? String($0.dropLast()) : String($0)
    }
  }

  /// By the archive's label or name: `Debian-Security:12/stable-security`, `Ubuntu:22.04/jammy-security`.
  var isSecurity: Bool {
    archives.contains { $0.lowercased().hasPrefix("debian-security:") || $0.hasSuffix("-security") }
  }
}
