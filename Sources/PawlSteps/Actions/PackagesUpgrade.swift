package import PawlEngine
import PawlModel
package import PawlPlan

/// Installs the planned upgrades, and nothing else, while nothing else installs updates.
package struct PackagesUpgrade: UndoableAction {
  package static let spec = ActionSpec(
    name: "packages/upgrade", version: 1,
    summary: "Upgrades the host's packages to the versions of the plan; automatic updates wait meanwhile.",
    parameters: UpgradeChoice.parameters,
    reversibility: .final, retry: RetryPolicy(attempts: 12, delaySeconds: 15), timeoutSeconds: 1800,
    estimateSeconds: 60, needsPatchFacts: true,
    title: { "Upgrade the packages of \($0.host?.name ?? "the host")" }, freeze: UpgradeChoice.freeze)

  package static let hostChanges = 1

  private let choice: UpgradeChoice
  private let timeoutSeconds: Int

  package init(step: PlanStep) throws(StepFailure) {
    choice = try UpgradeChoice(step: step)
    timeoutSeconds = step.timeoutSeconds
  }

  package func probe(_ environment: ActionEnvironment) async throws(StepFailure) -> ProbeVerdict {
    let (differences, someInstalled) = try await state(on: environment.host(choice.host))
    if differences.isEmpty {
      return .done(StepOutcome("\(choice.count) found upgraded on \(choice.host).", changed: true))
    }
    let text = "\(differences.prefix(6).joined(separator: "; ")) on \(choice.host)"
    if case .unfinished(let reason) = environment.earlierCommands { return .torn("\(text) (\(reason))") }
    return someInstalled ? .torn(text) : .notStarted
  }

  package func perform(_ environment: ActionEnvironment) async throws(StepFailure) -> StepOutcome {
    let target = try await environment.host(choice.host)
    environment.status("upgrades \(choice.count) on \(choice.host)")
    let units = choice.updateUnits
    let result = try await target.change(
      HostCommand(
        steps: (units.isEmpty ? [] : [["systemctl", "stop"] + units]) + choice.port.install(choice.packages),
        always: afterwards(choice.automatic, units), environment: AptCommands.environment, asRoot: true,
        timeoutSeconds: timeoutSeconds))
    guard result.succeeded else {
      throw choice.port.failure(of: result, doing: "Upgrading \(choice.count)", on: choice.host)
    }
    return StepOutcome("Upgraded \(choice.count) on \(choice.host).", changed: true)
  }

  /// Packages stay as they are; only what a command that was killed did not put back is put back.
  package func undo(_ environment: ActionEnvironment) async throws(StepFailure) -> StepOutcome {
    let target = try await environment.host(choice.host)
    let (marks, units) = try await missing(on: target)
    guard !marks.isEmpty || !units.isEmpty else {
      return StepOutcome("Automatic updates and marks on \(choice.host) are as before.", changed: false)
    }
    let names = (marks + units).joined(separator: ", ")
    let result = try await target.change(
      HostCommand(
        steps: afterwards(marks, units), environment: AptCommands.environment, asRoot: true,
        timeoutSeconds: 60))
    guard result.succeeded, try await missing(on: target) == ([], []) else {
      throw StepFailure(
        code: "updates-not-restored", message: "\(names) could not be put back as before on \(choice.host).",
        causes: Array(result.lines.suffix(5)), retry: .temporary,
        hint: "See `apt-mark showmanual` and `systemctl list-timers` there.")
    }
    return StepOutcome("\(names) as before on \(choice.host).", changed: true)
  }

  /// What installing by name changes besides the packages is put back by these.
  private func afterwards(_ marks: [String], _ units: [String]) -> [[String]] {
    choice.port.markAutomatic(marks) + (units.isEmpty ? [] : [["systemctl", "start"] + units])
  }

  private func missing(on target: StepHost) async throws(StepFailure) -> (marks: [String], units: [String]) {
    var marks: [String] = []
    if let question = choice.port.unmarked(choice.automatic) {
      marks = try await target.look(question).outputLines
    }
    return (marks, try await stoppedUnits(on: target))
  }

  package func verify(_ environment: ActionEnvironment) async throws(StepFailure) {
    let (differences, _) = try await state(on: environment.host(choice.host))
    guard differences.isEmpty else {
      throw StepFailure(
        code: "packages-not-as-planned",
        message: "After the upgrade, \(differences.prefix(6).joined(separator: "; ")) on \(choice.host).",
        causes: differences, retry: .temporary, hint: "See the package manager's log there.")
    }
  }

  /// What is not as the plan wants it, and whether anything of the upgrade is there.
  private func state(
    on target: StepHost
  ) async throws(StepFailure) -> (differences: [String], someInstalled: Bool) {
    var answers: [HostCommandResult] = []
    for question in choice.port.state(of: choice.packages) { answers.append(try await target.look(question)) }
    let (marks, stopped) = try await missing(on: target)
    do throws(FactError) {
      let (phrases, someInstalled) = try choice.port.differences(from: choice.packages, in: answers)
      let others =
        marks.map { "\($0) is marked as chosen by an operator" } + stopped.map { "\($0) is not active" }
      return (phrases + others, someInstalled || !others.isEmpty)
    } catch {
      throw StepFailure(
        code: "package-database-unreadable",
        message: "The package database of \(choice.host) can't be read: \(error.message).", retry: .temporary)
    }
  }

  private func stoppedUnits(on target: StepHost) async throws(StepFailure) -> [String] {
    let units = choice.updateUnits
    guard !units.isEmpty else { return [] }
    let active = ActiveUnits.active(
      among: units, in: try await target.look(["systemctl", "is-active"] + units))
    return units.filter { !active.contains($0) }
  }
}
