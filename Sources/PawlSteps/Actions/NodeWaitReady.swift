package import PawlEngine
import PawlModel
package import PawlPlan

/// Waits until a node reports a kubelet version and has stayed Ready for some samples.
package struct NodeWaitReady: ReadOnlyAction {
  package static let spec = ActionSpec(
    name: "node/wait-ready", version: 1, summary: "Waits until a node is Ready at a version, and stays so.",
    parameters: [.init("version", .version, "The kubelet version that the node must report.")],
    reversibility: .readOnly, retry: RetryPolicy(attempts: 2), timeoutSeconds: 300, estimateSeconds: 20,
    title: { "Wait for \($0.node) to be Ready at \($0.text("version"))" }, freeze: NodeName.freeze)

  /// A kubelet that has just started can be Ready for a moment and fail then.
  private static let samples = 3
  private static let sampleSpacingSeconds = 2

  private let node: String
  private let version: KubernetesVersion

  package init(step: PlanStep) throws(StepFailure) {
    let parameters = StepParameters(step)
    node = try parameters.node()
    version = try parameters.version("version")
  }

  package func perform(_ environment: ActionEnvironment) async throws(StepFailure) -> StepOutcome {
    let deadline = environment.deadline()
    let report: @Sendable (String) -> Void = { environment.status($0) }
    let last: ClusterNode?
    do throws(StepFailure) {
      last = try await deadline.retrying(report: report) { () async throws(StepFailure) -> ClusterNode? in
        try await settle(environment, deadline, report)
      }
    } catch {
      guard error.code == "api-timed-out" else { throw error }
      throw await timedOut(environment)
    }
    guard Self.trouble(last, version) == nil else { throw await timedOut(environment) }
    return StepOutcome("\(node) is Ready at \(version.tag).", changed: false)
  }

  /// The node after enough good samples in a row, or as it is when the time is up.
  private func settle(
    _ environment: ActionEnvironment, _ deadline: Deadline, _ report: @escaping @Sendable (String) -> Void
  ) async throws(StepFailure) -> ClusterNode? {
    let (name, version) = (node, version)
    var good = 0
    var latest: ClusterNode?
    while good < Self.samples, !deadline.isOver {
      if good > 0 { try await deadline.pause(seconds: Self.sampleSpacingSeconds) }
      if good > 0 {
        latest = try await environment.cluster.node(named: name)
        good = Self.trouble(latest, version) == nil ? good + 1 : 0
      } else {
        let limit = deadline.remainingSeconds
        latest = try await environment.cluster.waitForNode(named: name, timeoutSeconds: limit) { node in
          guard let trouble = Self.trouble(node, version) else { return true }
          report("\(name): waits because \(trouble)")
          return false
        }
        good = 1
      }
    }
    return latest
  }

  /// What is not yet as it should be; nil when all is.
  private static func trouble(_ node: ClusterNode?, _ version: KubernetesVersion) -> String? {
    guard let node else { return "the API server knows no such node" }
    if node.kubeletVersion != version {
      return "its kubelet reports \(node.kubeletVersion?.tag ?? "no version"), not \(version.tag)"
    }
    return node.ready ? nil : "it is not Ready\(node.readyMessage.map { ": \($0)" } ?? "")"
  }

  /// Why the node is not as it should be, or why that can't be told.
  private func timedOut(_ environment: ActionEnvironment) async -> StepFailure {
    let name = node
    let why: String
    do throws(StepFailure) {
      let latest = try await environment.cluster.node(named: name)
      why = Self.trouble(latest, version) ?? "it does not stay Ready"
    } catch {
      return error
    }
    return StepFailure(
      code: "node-not-ready", message: "\(node) was not Ready at \(version.tag) in time: \(why).",
      retry: .temporary,
      hint: "See `journalctl -u kubelet -n 50` on the host; then run `pawl resume`.")
  }
}
