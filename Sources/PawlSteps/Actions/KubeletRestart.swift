package import PawlEngine
import PawlModel
package import PawlPlan

/// Starts the kubelet that is installed.
package struct KubeletRestart: Action {
  package static let spec = ActionSpec(
    name: "kubelet/restart", version: 1, summary: "Restarts the kubelet, so that the installed version runs.",
    parameters: [.init("version", .version, "The version that the kubelet has then.")],
    reversibility: .final, retry: RetryPolicy(attempts: 3, delaySeconds: 10), timeoutSeconds: 180,
    estimateSeconds: 12, title: { "Restart the kubelet of \($0.node)" },
    effects: { site in
      site.version("version").map { [.kubeletRunning(node: site.node, version: $0)] } ?? []
    },
    freeze: NodeName.freeze)

  package static let hostChanges = 1

  private static let commands = [["systemctl", "daemon-reload"], ["systemctl", "restart", "kubelet"]]
  private static let look = ["systemctl", "is-active", "kubelet"]
  private static let samples = 10

  private let host: String
  private let node: String
  private let version: KubernetesVersion
  private let timeoutSeconds: Int

  package init(step: PlanStep) throws(StepFailure) {
    let parameters = StepParameters(step)
    host = try parameters.host()
    node = try parameters.node()
    version = try parameters.version("version")
    timeoutSeconds = step.timeoutSeconds
  }

  package func probe(_ environment: ActionEnvironment) async throws(StepFailure) -> ProbeVerdict {
    let name = node
    let reported = try await environment.cluster.node(named: name)?.kubeletVersion
    let target = try await environment.host(host)
    if reported == version, try await target.look(Self.look).succeeded {
      return .done(StepOutcome("The kubelet of \(node) was found running \(version.tag).", changed: true))
    }
    switch environment.earlierCommands {
    case .none: return .notStarted
    case .unfinished(let reason):
      return .torn("the restart was interrupted (\(reason)); restarting again is harmless")
    }
  }

  package func perform(_ environment: ActionEnvironment) async throws(StepFailure) -> StepOutcome {
    let target = try await environment.host(host)
    environment.status("the kubelet of \(node) restarts")
    let result = try await target.change(
      HostCommand(
        steps: Self.commands, environment: ["LC_ALL": "C"], asRoot: true, timeoutSeconds: timeoutSeconds))
    guard result.succeeded else {
      throw failure(
        "could not be restarted on \(host) (\(result.ending))", causes: Array(result.lines.suffix(10)))
    }
    return StepOutcome("Restarted the kubelet of \(node).", changed: true)
  }

  package func verify(_ environment: ActionEnvironment) async throws(StepFailure) {
    let target = try await environment.host(host)
    let deadline = environment.deadline()
    var state = "unknown"
    for _ in 0..<Self.samples {
      let result = try await target.look(Self.look)
      if result.succeeded { return }
      state = result.lines.first ?? result.ending
      environment.status("\(node): waits for the kubelet's unit, which is \(state)")
      try await deadline.pause(seconds: 3)
    }
    throw failure("is not active on \(host) after its restart: its unit is \(state)", causes: [])
  }

  private func failure(_ text: String, causes: [String]) -> StepFailure {
    StepFailure(
      code: "kubelet-not-active", message: "The kubelet \(text).", causes: causes, retry: .temporary,
      hint: "See `journalctl -u kubelet -n 50` on \(host).")
  }
}
