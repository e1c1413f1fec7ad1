package import PawlEngine
import PawlModel
package import PawlPlan

/// Waits until a node reports a kubelet version and has stayed Ready for some samples.
package struct NodeWaitReady: ReadOnlyAction {
  package static let spec = ActionSpec(
    name: "node/wait-ready", version: 1, summary: "Waits until a node is Ready at a version, and stays so.",
    parameters: [
      .init("version", .version, "The kubelet version that the node must report."),
      .init(
        "afterBoot", .bool, default: .bool(false),
        "Whether the node must report the present boot of its host: what it said before a reboot does not count."
      ),
    ] + Sampling.parameters(default: sampling),
    reversibility: .readOnly, retry: RetryPolicy(attempts: 2), timeoutSeconds: 300, estimateSeconds: 20,
    title: { "Wait for \($0.node) to be Ready at \($0.text("version"))" }, freeze: NodeName.freeze)

  /// A kubelet that has just started can be Ready for a moment and fail then.
  private static let sampling = Sampling(needed: 3, window: 3, intervalSeconds: 2)

  private let node: String
  private let version: KubernetesVersion
  private let sampling: Sampling
  /// The host whose present boot counts; nil when any does.
  private let bootedHost: String?

  package init(step: PlanStep) throws(StepFailure) {
    let parameters = StepParameters(step)
    node = try parameters.node()
    version = try parameters.version("version")
    sampling = try Sampling(parameters, default: Self.sampling)
    bootedHost = try parameters.bool("afterBoot", default: false) ? parameters.host() : nil
  }

  package func perform(_ environment: ActionEnvironment) async throws(StepFailure) -> StepOutcome {
    let deadline = environment.deadline()
    let report: @Sendable (String) -> Void = { environment.status($0) }
    let wanted = Wanted(version: version, bootID: try await bootID(environment))
    let holds: Bool
    do throws(StepFailure) {
      holds = try await deadline.retrying(report: report) { () async throws(StepFailure) -> Bool in
        try await settle(environment, wanted, deadline, report)
      }
    } catch {
      guard error.code == "api-timed-out" else { throw error }
      throw await timedOut(environment, wanted)
    }
    guard holds else { throw await timedOut(environment, wanted) }
    return StepOutcome("\(node) is Ready at \(version.tag), \(sampling.text).", changed: false)
  }

  /// Whether enough of the last samples were good before the time was up.
  private func settle(
    _ environment: ActionEnvironment, _ wanted: Wanted, _ deadline: Deadline,
    _ report: @escaping @Sendable (String) -> Void
  ) async throws(StepFailure) -> Bool {
    let name = node
    var window = SampleWindow(sampling)
    while !window.holds, !deadline.isOver {
      if window.lastIsGood {
        report("\(name): Ready in \(window.progress ?? "one look")")
        try await deadline.pause(seconds: sampling.intervalSeconds)
        let node = try await environment.cluster.node(named: name)
        window.add(wanted.trouble(with: node) == nil)
      } else {
        let limit = deadline.remainingSeconds
        _ = try await environment.cluster.waitForNode(named: name, timeoutSeconds: limit) { node in
          guard let trouble = wanted.trouble(with: node) else { return true }
          report("\(name): waits because \(trouble)")
          return false
        }
        window.add(true)
      }
    }
    return window.holds
  }

  /// What the node has to report.
  private struct Wanted: Sendable {
    let version: KubernetesVersion
    /// nil for any.
    let bootID: String?

    /// What is not yet as it should be; nil when all is.
    func trouble(with node: ClusterNode?) -> String? {
      guard let node else { return "the API server knows no such node" }
      if node.kubeletVersion != version {
        return "its kubelet reports \(node.kubeletVersion?.tag ?? "no version"), not \(version.tag)"
      }
      if let bootID, node.bootID != bootID {
        return "its kubelet has not reported since the host's last boot"
      }
      return node.ready ? nil : "it is not Ready\(node.readyMessage.map { ": \($0)" } ?? "")"
    }
  }

  /// The boot id of the host; nil when it does not count.
  private func bootID(_ environment: ActionEnvironment) async throws(StepFailure) -> String? {
    guard let bootedHost else { return nil }
    let answer = try await environment.host(bootedHost).look(["cat", "/proc/sys/kernel/random/boot_id"])
    return answer.output.trimmingBlanks()
  }

  /// Why the node is not as it should be, or why that can't be told.
  private func timedOut(_ environment: ActionEnvironment, _ wanted: Wanted) async -> StepFailure {
    let name = node
    let why: String
    do throws(StepFailure) {
      let latest = try await environment.cluster.node(named: name)
      why = wanted.trouble(with: latest) ?? "it does not stay Ready"
    } catch {
      return error
    }
    return StepFailure(
      code: "node-not-ready", message: "\(node) was not Ready at \(version.tag) in time: \(why).",
      retry: .temporary,
      hint: "See `journalctl -u kubelet -n 50` on the host; then run `pawl resume`.")
  }
}
