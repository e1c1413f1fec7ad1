package import PawlEngine
import PawlModel
package import PawlPlan

/// Installs packages at exact versions, taking them off hold for it and putting back exactly the holds there were.
package struct AptInstall: UndoableAction {
  package static let spec = ActionSpec(
    name: "apt/install", version: 1, summary: "Installs packages at an exact version and keeps their holds.",
    parameters: [
      .init("packages", .stringList, "The packages to install."),
      .init("version", .version, "The Kubernetes version; the plan holds the exact package versions."),
    ],
    reversibility: .final, retry: RetryPolicy(attempts: 12, delaySeconds: 15), timeoutSeconds: 900,
    estimateSeconds: 20,
    title: { site in
      "Install \(names(site).joined(separator: " and ")) \(site.text("version")) on \(site.host?.name ?? "the host")"
    },
    effects: { site in
      guard names(site).contains("kubelet"), let version = site.version("version") else { return [] }
      return [.kubeletInstalled(node: site.node, version: version)]
    },
    freeze: PackageChoice.freeze)

  private static func names(_ site: ActionSpec.Site) -> [String] {
    guard case .list(let items) = site.parameters["packages"] else { return [] }
    return items.map(\.description)
  }

  package static let hostChanges = 1

  private let host: String
  private let packages: [(name: String, version: String)]
  /// Packages on hold when the plan was made.
  private let holds: [String]
  private let timeoutSeconds: Int

  package init(step: PlanStep) throws(StepFailure) {
    let parameters = StepParameters(step)
    host = try parameters.host()
    timeoutSeconds = step.timeoutSeconds
    holds = try parameters.texts("holds")
    let exact = try parameters.textMap("exact")
    var packages: [(name: String, version: String)] = []
    for name in try parameters.texts("packages") {
      guard let version = exact[name], !version.isEmpty else {
        throw StepFailure(
          code: "invalid-parameters", message: "Step \(step.id) has no exact version for \(name).",
          hint: "Plan again.")
      }
      packages.append((name, version))
    }
    self.packages = packages
  }

  private var description: String { packages.map { "\($0.name) \($0.version)" }.joined(separator: " and ") }

  private func state(on target: StepHost) async throws(StepFailure) -> PackageState {
    try await PackageState.read(packages.map(\.name), on: target)
  }

  package func probe(_ environment: ActionEnvironment) async throws(StepFailure) -> ProbeVerdict {
    let state = try await state(on: environment.host(host))
    let differences = differences(state)
    if differences.isEmpty {
      return .done(StepOutcome("\(description) found installed on \(host).", changed: true))
    }
    let installed = packages.filter { state.packages[$0.name]?.version == $0.version }
    if case .unfinished(let reason) = environment.earlierCommands {
      return .torn("\(differences.joined(separator: "; ")) on \(host) (\(reason))")
    }
    if installed.isEmpty, state.audit.isEmpty, missingHolds(state).isEmpty { return .notStarted }
    return .torn("\(differences.joined(separator: "; ")) on \(host)")
  }

  package func perform(_ environment: ActionEnvironment) async throws(StepFailure) -> StepOutcome {
    let target = try await environment.host(host)
    environment.status("apt-get installs \(description) on \(host)")
    let result = try await target.change(command)
    guard result.succeeded else {
      throw AptFailure.failure(
        of: result, doing: "Installing \(description)", code: "apt-install-failed", on: host)
    }
    let unchanged = result.lines.contains { $0.hasPrefix("0 upgraded, 0 newly installed,") }
    return StepOutcome(
      unchanged ? "\(description) was installed on \(host) already." : "Installed \(description) on \(host).",
      changed: !unchanged)
  }

  /// Packages stay as they are; only holds that a command took off and was killed before putting back are put back.
  package func undo(_ environment: ActionEnvironment) async throws(StepFailure) -> StepOutcome {
    let target = try await environment.host(host)
    let missing = missingHolds(try await state(on: target))
    guard !missing.isEmpty else {
      return StepOutcome("The packages on hold on \(host) are as before.", changed: false)
    }
    let names = missing.joined(separator: ", ")
    let result = try await target.change(AptCommands.restoreHolds(missing))
    guard result.succeeded, missingHolds(try await state(on: target)).isEmpty else {
      throw StepFailure(
        code: "holds-not-restored", message: "\(names) could not be put on hold again on \(host).",
        causes: Array(result.lines.suffix(5)), retry: .temporary, hint: "Run `apt-mark hold` there.")
    }
    return StepOutcome("\(names) on hold again on \(host).", changed: true)
  }

  private var command: HostCommand {
    HostCommand(
      steps: [AptCommands.repair] + (holds.isEmpty ? [] : [AptCommands.unhold(holds)])
        + [AptCommands.install(packages)],
      always: holds.isEmpty ? [] : [AptCommands.hold(holds)],
      environment: AptCommands.environment, asRoot: true, timeoutSeconds: timeoutSeconds)
  }

  package func verify(_ environment: ActionEnvironment) async throws(StepFailure) {
    let differences = differences(try await state(on: environment.host(host)))
    guard differences.isEmpty else {
      throw StepFailure(
        code: "package-not-as-planned",
        message: "After the installation, \(differences.joined(separator: "; ")) on \(host).",
        causes: differences, retry: .temporary, hint: "See `dpkg --audit` and `apt-mark showhold` there.")
    }
  }

  /// What is not as the plan wants it, one phrase each.
  private func differences(_ state: PackageState) -> [String] {
    var differences: [String] = []
    for (name, version) in packages {
      guard let package = state.packages[name] else {
        differences.append("\(name) is not installed")
        continue
      }
      if package.version != version { differences.append("\(name) is at \(package.version), not \(version)") }
      if !package.configured { differences.append("\(name) is unpacked but not configured") }
    }
    differences += missingHolds(state).map { "\($0) is no longer on hold" }
    if let first = state.audit.first { differences.append("dpkg --audit says: \(first)") }
    return differences
  }

  private func missingHolds(_ state: PackageState) -> [String] { holds.filter { !state.held.contains($0) } }
}
