import PawlModel

/// Reads every fact of one host and puts them together.
struct HostReader {
  let host: Host
  let session: any HostSession
  private var problems: [CheckProblem] = []

  init(host: Host, session: any HostSession) {
    self.host = host
    self.session = session
  }

  /// The host's facts; nil with at least one problem when something needed could not be read.
  /// - Throws: when the host can no longer be reached.
  static func read(
    _ host: Host, over session: any HostSession
  ) async throws(HostError) -> (facts: HostFacts?, problems: [CheckProblem]) {
    var reader = HostReader(host: host, session: session)
    let facts = try await reader.read()
    return (facts, reader.problems)
  }

  private mutating func read() async throws(HostError) -> HostFacts? {
    let system = try await ask(.operatingSystem)
    let audit = try await session.run(HostFact.brokenPackages.command)
    let hasDpkg = audit.status != 127
    // Without a package manager every further question would only repeat the same trouble.
    if !hasDpkg, try await session.run(HostCommand(["dnf", "--version"])).status == 127 {
      problems.append(withoutPackages(system))
      return nil
    }
    let audited = hasDpkg ? read(.brokenPackages, from: audit) : []
    let bootID = try await ask(.bootID)
    let architecture = try await ask(.architecture)
    let root = try await ask(.rootAccess)
    let installed = try await ask(hasDpkg ? .installedPackages : .installedByRPM)
    let held = hasDpkg ? try await ask(.heldPackages) : []
    let available = hasDpkg ? try await ask(.availablePackages) : [:]
    let disk = try await ask(.freeDisk)
    let units = try await ask(.activeUnits)
    guard let system, let bootID, let architecture, let root, let installed, let held, let available,
      let audited, let disk, let units
    else { return nil }
    let broken = installed.filter(\.value.broken).keys.sorted().filter { !audited.contains($0) }
    return HostFacts(
      operatingSystem: system, architecture: architecture, bootID: bootID, sudo: root,
      packages: packages(installed: installed, held: held, available: available), freeBytes: disk,
      containerRuntime: units.containerRuntime, kubeletActive: units.kubelet,
      brokenPackages: audited + broken,
      packageManager: hasDpkg ? .apt : .dnf)
  }

  /// The one fact in the plan's language for each package that somebody said something about.
  private func packages(
    installed: [String: InstalledPackage], held: Set<String>, available: [String: [String]]
  ) -> [String: PackageFacts] {
    var packages: [String: PackageFacts] = [:]
    for name in KubernetesPackages.all {
      let offers = available[name] ?? []
      guard installed[name] != nil || !offers.isEmpty else { continue }
      packages[name] = PackageFacts(
        installed: installed[name]?.version, held: held.contains(name), available: offers)
    }
    return packages
  }

  private func withoutPackages(_ system: String?) -> CheckProblem {
    CheckProblem(
      subject: host.name, code: "unsupported-os",
      message: "\(host.name) runs \(system ?? "an unknown system") and has neither dpkg nor dnf.",
      hint:
        "Pawl upgrades hosts with apt and patches those with apt or dnf; take the host out of the inventory.")
  }

  private mutating func ask<Value>(_ fact: HostFact<Value>) async throws(HostError) -> Value? {
    read(fact, from: try await session.run(fact.command))
  }

  /// The fact's value; nil, with a problem noted, when the answer can't be read.
  private mutating func read<Value>(_ fact: HostFact<Value>, from result: HostCommandResult) -> Value? {
    do {
      return try fact.parse(result)
    } catch {
      let command = fact.command.steps.map { $0.joined(separator: " ") }.joined(separator: "; ")
      problems.append(
        CheckProblem(
          subject: host.name, code: "unreadable-\(fact.name)",
          message: "The answer of \(host.name) to '\(command)' can't be used: \(error.message).",
          hint: "Run the command on \(host.name) and put right what it complains about."))
      return nil
    }
  }
}
