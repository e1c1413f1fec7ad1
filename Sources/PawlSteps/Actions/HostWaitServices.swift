package import PawlEngine
import PawlModel
package import PawlPlan

/// Waits until the units that a host of the cluster is there for are active, as they were when the plan was made.
package struct HostWaitServices: ReadOnlyAction {
  package static let spec = ActionSpec(
    name: "host/wait-services", version: 1,
    summary:
      "Waits until container runtime, kubelet and etcd are active on a host, as far as they were before.",
    reversibility: .readOnly, retry: RetryPolicy(attempts: 2), timeoutSeconds: 300, estimateSeconds: 10,
    needsPatchFacts: true, title: { "Wait for the services of \($0.host?.name ?? "the host")" },
    freeze: { site, facts throws(PlanRefusal) in
      ["services": .list(try UpgradeChoice.patchFacts(site, facts).patch.services.map { .string($0) })]
    })

  private let host: String
  private let services: [String]

  package init(step: PlanStep) throws(StepFailure) {
    host = try StepParameters(step).host()
    services = try StepParameters(step).texts("services")
  }

  package func perform(_ environment: ActionEnvironment) async throws(StepFailure) -> StepOutcome {
    guard !services.isEmpty else {
      return StepOutcome("\(host) has no services to wait for.", changed: false)
    }
    let target = try await environment.host(host)
    let deadline = environment.deadline()
    var missing = services
    while true {
      let answer = try await target.look(["systemctl", "is-active"] + services)
      let active = ActiveUnits.active(among: services, in: answer)
      missing = services.filter { !active.contains($0) }
      if missing.isEmpty {
        return StepOutcome("\(services.joined(separator: " and ")) active on \(host).", changed: false)
      }
      guard !deadline.isOver else { break }
      environment.status("\(host): waits for \(missing.joined(separator: " and "))")
      try await deadline.pause(seconds: 3)
    }
    throw StepFailure(
      code: "service-not-active",
      message: "\(missing.joined(separator: " and ")) not active on \(host) in time.",
      retry: .temporary, hint: "See `systemctl status \(missing[0])` there; then run `pawl resume`.")
  }
}
