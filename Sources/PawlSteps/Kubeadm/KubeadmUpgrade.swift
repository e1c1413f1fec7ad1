import PawlEngine
import PawlModel
import PawlPlan

/// What `kubeadm/upgrade-apply` and `kubeadm/upgrade-node` have in common.
struct KubeadmUpgrade: Sendable {
  let host: String
  let node: String
  let version: KubernetesVersion
  let command: [String]
  let changesControlPlane: Bool
  let failureCode: String
  let timeoutSeconds: Int

  init(
    step: PlanStep, version: KubernetesVersion, command: [String], changesControlPlane: Bool,
    failureCode: String
  ) throws(StepFailure) {
    let parameters = StepParameters(step)
    self.host = try parameters.host()
    self.node = try parameters.node()
    self.version = version
    self.command = command
    self.changesControlPlane = changesControlPlane
    self.failureCode = failureCode
    self.timeoutSeconds = step.timeoutSeconds
  }

  private var name: String { command.joined(separator: " ") }

  /// kubeadm can be run again at any point. A command that began and did not end well has left something undone, even
  /// when the pods run the new version already: the pods come first, shared configuration and add-ons later.
  func probe(_ environment: ActionEnvironment) async throws(StepFailure) -> ProbeVerdict {
    if case .unfinished(let reason) = environment.earlierCommands {
      return .torn("`\(name)` did not end well on \(host) (\(reason)); running it again completes it")
    }
    guard changesControlPlane else { return .notStarted }
    let node = node
    let pods = try await environment.cluster.pods(onNode: node, namespace: ControlPlanePods.namespace)
    let reached = ControlPlanePods(pods).components(at: version)
    if reached.isEmpty { return .notStarted }
    if reached.count == ControlPlanePods.components.count {
      return .done(StepOutcome("The control plane of \(node) was found at \(version.tag).", changed: true))
    }
    let left = ControlPlanePods.components.filter { !reached.contains($0) }
    return .torn(
      "\(reached.joined(separator: " and ")) of \(node) run \(version.tag), \(left.joined(separator: " and ")) "
        + "not yet; running `\(name)` again completes it")
  }

  func perform(_ environment: ActionEnvironment) async throws(StepFailure) -> StepOutcome {
    let target = try await environment.host(host)
    environment.status("\(name) runs on \(host)")
    let result = try await target.change(
      HostCommand(
        steps: [command], environment: ["LC_ALL": "C"], asRoot: true, timeoutSeconds: timeoutSeconds))
    guard result.succeeded else {
      let backups =
        "kubeadm keeps the manifests and etcd data from before in /etc/kubernetes/tmp on \(host). "
      throw KubeadmFailure.failure(
        of: result, doing: name, code: failureCode, on: host,
        hint: (changesControlPlane ? backups : "")
          + "Correct what kubeadm names, then run `pawl resume`: running kubeadm again is safe.")
    }
    let what = changesControlPlane ? "control plane" : "kubelet configuration"
    return StepOutcome("Upgraded the \(what) of \(node) to \(version.tag).", changed: true)
  }
}
