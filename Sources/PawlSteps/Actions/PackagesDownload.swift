package import PawlEngine
import PawlModel
package import PawlPlan

/// Fetches the packages of an upgrade while the node is still in service, and proves that the upgrade would do what
/// the plan says: what goes wrong with sources, locks and dependencies goes wrong before anything is drained.
package struct PackagesDownload: Action {
  package static let spec = ActionSpec(
    name: "packages/download", version: 1,
    summary: "Reads the package lists anew and fetches the planned upgrades.",
    parameters: UpgradeChoice.parameters,
    // Lists and fetched packages are a cache: nothing that runs is changed.
    reversibility: .readOnly, retry: RetryPolicy(attempts: 4, delaySeconds: 15), timeoutSeconds: 1800,
    estimateSeconds: 30, needsPatchFacts: true,
    title: { "Fetch the upgrades of \($0.host?.name ?? "the host")" },
    freeze: UpgradeChoice.freeze)

  package static let hostChanges = 1

  private let choice: UpgradeChoice
  private let timeoutSeconds: Int

  package init(step: PlanStep) throws(StepFailure) {
    choice = try UpgradeChoice(step: step)
    timeoutSeconds = step.timeoutSeconds
  }

  package func probe(_ environment: ActionEnvironment) async throws(StepFailure) -> ProbeVerdict {
    switch environment.earlierCommands {
    case .none: .notStarted
    case .unfinished(let reason): .torn("fetching was interrupted (\(reason)); it can be done again")
    }
  }

  package func perform(_ environment: ActionEnvironment) async throws(StepFailure) -> StepOutcome {
    let target = try await environment.host(choice.host)
    environment.status("\(choice.count) are fetched to \(choice.host)")
    let result = try await target.change(
      HostCommand(
        steps: choice.port.download(choice.packages), environment: AptCommands.environment, asRoot: true,
        timeoutSeconds: timeoutSeconds))
    guard result.succeeded else {
      throw choice.port.failure(of: result, doing: "Fetching \(choice.count)", on: choice.host)
    }
    return StepOutcome("Fetched \(choice.count) to \(choice.host).", changed: true)
  }

  package func verify(_ environment: ActionEnvironment) async throws(StepFailure) {
    try await choice.requireNothingElse(on: environment.host(choice.host))
  }
}
