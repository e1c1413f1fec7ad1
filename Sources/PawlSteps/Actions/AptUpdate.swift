package import PawlEngine
import PawlModel
package import PawlPlan

/// Reads the package lists of a host anew. A source that can't be fetched is a failure: apt would go on with old lists.
package struct AptUpdate: Action {
  package static let spec = ActionSpec(
    name: "apt/update", version: 1, summary: "Reads the host's package lists anew.",
    // The lists are a cache: nothing that runs is changed.
    reversibility: .readOnly, retry: RetryPolicy(attempts: 4, delaySeconds: 15), timeoutSeconds: 300,
    estimateSeconds: 10, title: { "Update the package lists on \($0.host?.name ?? "the host")" })

  package static let hostChanges = 1

  private let host: String
  private let timeoutSeconds: Int

  package init(step: PlanStep) throws(StepFailure) {
    host = try StepParameters(step).host()
    timeoutSeconds = step.timeoutSeconds
  }

  package func probe(_ environment: ActionEnvironment) async throws(StepFailure) -> ProbeVerdict {
    switch environment.earlierCommands {
    case .none: .notStarted
    case .unfinished(let reason): .torn("apt-get update was interrupted (\(reason)); it can be done again")
    }
  }

  package func perform(_ environment: ActionEnvironment) async throws(StepFailure) -> StepOutcome {
    let target = try await environment.host(host)
    environment.status("apt-get update runs on \(host)")
    let command = HostCommand(
      steps: [AptCommands.update], environment: AptCommands.environment, asRoot: true,
      timeoutSeconds: timeoutSeconds)
    let result = try await target.change(command)
    if let source = AptFailure.missedSources(in: result).first {
      throw StepFailure(
        code: "repository-unreachable",
        message: "apt-get update on \(host) could not read a source: \(source).",
        causes: AptFailure.missedSources(in: result), retry: .temporary,
        hint: "Check the host's network, proxy, clock and package sources.")
    }
    guard result.succeeded else {
      throw AptFailure.failure(of: result, doing: "apt-get update", code: "apt-update-failed", on: host)
    }
    return StepOutcome("The package lists on \(host) are up to date.", changed: true)
  }

  /// Nothing more to see: an update that missed no source is its own proof.
  package func verify(_ environment: ActionEnvironment) async throws(StepFailure) {}
}
