package import PawlEngine
import PawlModel
package import PawlPlan

/// Lets kubeadm itself say, read-only, whether the cluster can be taken to a version.
package struct KubeadmUpgradePlan: ReadOnlyAction {
  package static let spec = ActionSpec(
    name: "kubeadm/upgrade-plan", version: 1, summary: "Asks kubeadm whether the cluster can be upgraded.",
    parameters: [.init("version", .version, "The version to upgrade to.")],
    reversibility: .readOnly, retry: RetryPolicy(attempts: 3, delaySeconds: 10), timeoutSeconds: 180,
    estimateSeconds: 15,
    title: { "Check on \($0.host?.name ?? "the host") that kubeadm can upgrade to \($0.text("version"))" })

  private let host: String
  private let version: KubernetesVersion
  private let timeoutSeconds: Int

  package init(step: PlanStep) throws(StepFailure) {
    let parameters = StepParameters(step)
    host = try parameters.host()
    version = try parameters.version("version")
    timeoutSeconds = step.timeoutSeconds
  }

  package func perform(_ environment: ActionEnvironment) async throws(StepFailure) -> StepOutcome {
    let target = try await environment.host(host)
    environment.status("kubeadm upgrade plan \(version.tag) runs on \(host)")
    let result = try await target.look(
      KubeadmCommand.upgradePlan(version), asRoot: true, timeoutSeconds: timeoutSeconds)
    environment.context.report(.output(result.output))
    guard result.succeeded else {
      throw KubeadmFailure.failure(
        of: result, doing: "kubeadm upgrade plan \(version.tag)", code: "kubeadm-upgrade-plan-failed",
        on: host,
        hint: "Nothing was changed. Correct what kubeadm names, then run `pawl resume`.")
    }
    return StepOutcome("kubeadm can upgrade the cluster to \(version.tag).", changed: false)
  }
}
