import PawlEngine
import PawlModel

/// dnf and rpm. Written from dnf(8), dnf-automatic(8) and rpm(8); tried on their documented outputs only.
struct DnfPort: PackagePort {
  let updateUnits = [
    "dnf-automatic.timer", "dnf-automatic-install.timer", "dnf-makecache.timer", "packagekit.service",
  ]

  private static let environment = ["LC_ALL": "C"]

  /// As an ordinary user dnf keeps its cache in a directory of that user.
  func questions(scratch: String) -> [HostCommand] {
    [
      ["dnf", "-q", "--refresh", "check-update"], ["dnf", "-q", "updateinfo", "list", "--security"],
      ["rpm", "-qa", "--qf", Self.format],
    ].map { HostCommand(steps: [$0], environment: Self.environment, asRoot: false, timeoutSeconds: 180) }
  }

  private static let format = #"%{NAME}.%{ARCH}\t%{EVR}\n"#

  func upgrades(in answers: [HostCommandResult]) throws(FactError) -> PackageOffers {
    guard answers.count == 3 else { throw FactError("three answers were expected") }
    // 100 says that there are updates, 0 that there are none.
    guard [0, 100].contains(answers[0].status) else { throw FactError(answers[0].failureSummary) }
    let advised = Set(
      try answers[1].successfulLines().flatMap { $0.split(whereSeparator: \.isWhitespace).map(String.init) })
    let installed = try Self.installed(in: answers[2])
    let offers = Self.offers(in: answers[0]).filter { package in
      !KubernetesPackages.all.contains(String(package.name.prefix { $0 != "." }))
    }.sorted { $0.name < $1.name }
    func upgrades(to packages: [ExactPackage]) -> [PackageUpgrade] {
      packages.map {
        PackageUpgrade(name: $0.name, installed: installed[$0.name]?.last, candidate: $0.version)
      }
    }
    return PackageOffers(
      upgrades: upgrades(to: offers),
      security: upgrades(
        to: offers.filter {
          advised.contains(Self.nevra($0)) || advised.contains(Self.nevra($0, epoch: false))
        }))
  }

  /// `NAME.ARCH  VERSION  REPOSITORY`; long names break the line. What follows "Obsoleting Packages" is no update.
  private static func offers(in result: HostCommandResult) -> [ExactPackage] {
    var packages: [ExactPackage] = []
    var words: [String] = []
    for line in result.outputLines {
      if line.hasPrefix("Obsoleting Packages") { break }
      if line.hasPrefix("Security:") || line.hasPrefix("Last metadata") { continue }
      words += line.split(whereSeparator: \.isWhitespace).map(String.init)
      while words.count >= 3 {
        packages.append(ExactPackage(name: words[0], version: withoutEpochZero(words[1])))
        words.removeFirst(3)
      }
    }
    return packages
  }

  private static func installed(in result: HostCommandResult) throws(FactError) -> [String: [String]] {
    var installed: [String: [String]] = [:]
    for line in result.outputLines {
      let fields = line.split(separator: "\t")
      // `package NAME is not installed`
      guard fields.count == 2 else { continue }
      installed[String(fields[0]), default: []].append(withoutEpochZero(String(fields[1])))
    }
    return installed
  }

  private static func withoutEpochZero(_ version: String) -> String {
    version.hasPrefix("0:") ? String(version.dropFirst(2)) : version
  }

  /// `name-epoch:version-release.arch`, what dnf takes for exactly one package.
  private static func nevra(_ package: ExactPackage, epoch: Bool = true) -> String {
    let dot = package.name.lastIndex(of: ".") ?? package.name.endIndex
    var version = package.version[...]
    if !epoch, let colon = version.firstIndex(of: ":") { version = version[version.index(after: colon)...] }
    return "\(package.name[..<dot])-\(version)\(package.name[dot...])"
  }

  private func upgrade(_ packages: [ExactPackage], _ options: [String]) -> [String] {
    ["dnf", "-y", "-q"] + options + ["upgrade"] + packages.map { Self.nevra($0) }
  }

  func download(_ packages: [ExactPackage]) -> [[String]] {
    [upgrade(packages, ["--refresh", "--downloadonly"])]
  }

  /// dnf has no exact answer to that without a question being asked.
  func preview(_ packages: [ExactPackage]) -> [String]? { nil }
  func changes(in preview: HostCommandResult) -> [ExactPackage] { [] }

  func install(_ packages: [ExactPackage]) -> [[String]] { [upgrade(packages, ["--cacheonly"])] }

  /// An upgrade leaves rpm's reasons as they are.
  func markAutomatic(_ names: [String]) -> [[String]] { [] }
  func unmarked(_ names: [String]) -> [String]? { nil }

  func state(of packages: [ExactPackage]) -> [[String]] {
    [["rpm", "-q", "--qf", Self.format] + packages.map(\.name)]
  }

  func differences(
    from packages: [ExactPackage], in answers: [HostCommandResult]
  ) throws(FactError) -> (phrases: [String], someInstalled: Bool) {
    guard let answer = answers.first, answer.status < 127 else { throw FactError("rpm did not answer") }
    let installed = try Self.installed(in: answer)
    // Of a kernel several versions are installed at once.
    let missing = packages.filter { installed[$0.name]?.contains($0.version) != true }
    let phrases = missing.map { package in
      "\(package.name) is \(installed[package.name]?.last.map { "at \($0)" } ?? "not installed"), "
        + "not at \(package.version)"
    }
    return (phrases, missing.count < packages.count)
  }

  func failure(of result: HostCommandResult, doing what: String, on host: String) -> StepFailure {
    let lines = Array(result.lines.suffix(10))
    let waits = lines.contains { $0.contains("lock") }
    return StepFailure(
      code: waits ? "package-lock-held" : "package-upgrade-failed",
      message: "\(what) failed on \(host): \(lines.last ?? result.ending).", causes: lines,
      retry: waits ? .temporary : result.retry, hint: "The whole output is in `pawl logs`.")
  }
}
