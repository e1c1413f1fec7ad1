package import PawlEngine
import PawlModel
package import PawlPlan

/// Waits until the workloads whose pods a node's turn moved have as many ready pods as before it.
package struct GateWorkloadsRecovered: ReadOnlyAction {
  package static let spec = ActionSpec(
    name: "gate/workloads-recovered", version: 1,
    summary: "Waits until the workloads that had pods on a node are as ready as before its turn.",
    reversibility: .readOnly, retry: RetryPolicy(attempts: 1), timeoutSeconds: 600, estimateSeconds: 15,
    comesAfter: NodeBaseline.action, proof: .cluster,
    title: { "Wait for the workloads that ran on \($0.node) to be ready again" }, freeze: NodeName.freeze)

  private let node: String

  package init(step: PlanStep) throws(StepFailure) {
    node = try StepParameters(step).node()
  }

  package func perform(_ environment: ActionEnvironment) async throws(StepFailure) -> StepOutcome {
    let workloads = try NodeBaseline.read(in: environment).workloads
    guard !workloads.isEmpty else {
      return StepOutcome("No workloads ran on \(node) before its turn.", changed: false)
    }
    let proof = try await Gate(environment: environment, subject: node).wait(
      { () async throws(StepFailure) in try await Self.look(workloads, environment.cluster) },
      failure: { failure($0, of: workloads, seconds: $1) })
    return StepOutcome(
      "\(GateText.count(workloads.count, "workload")) of \(node) ready again \(proof.when): \(proof.text).",
      changed: false)
  }

  private static func look(
    _ workloads: [NodeBaseline.Workload], _ cluster: StepCluster
  ) async throws(StepFailure) -> Gate.Sight {
    var seen: [String] = []
    var missing: [String] = []
    for workload in workloads {
      let now = try await cluster.controller(
        workload.kind, namespace: workload.namespace, name: workload.name)
      guard let now else {
        seen.append("\(workload.fullName) is gone")
        continue
      }
      // It may have been scaled down since; what was short before need not become better.
      let wanted = min(workload.ready, now.desired)
      let numbers = "\(workload.fullName) has \(now.ready) of \(now.desired) ready"
      if now.ready < wanted {
        missing.append("\(numbers), \(workload.ready) before")
      } else {
        seen.append(now.ready < now.desired ? "\(numbers), as before" : numbers)
      }
    }
    return missing.isEmpty ? .holds(GateText.joined(seen)) : .lacks(missing)
  }

  private func failure(
    _ missing: [String], of workloads: [NodeBaseline.Workload], seconds: Int
  ) -> StepFailure {
    let namespaces = Set(
      workloads.filter { workload in missing.contains { $0.hasPrefix(workload.fullName + " ") } }
        .map(\.namespace)
    ).sorted()
    return StepFailure(
      code: "workloads-not-recovered",
      message:
        "\(missing.count) of \(GateText.count(workloads.count, "workload")) that ran on \(node) did not "
        + "recover within \(seconds) s: \(GateText.joined(missing)).",
      causes: missing, retry: .temporary,
      hint: "`kubectl get pods,events -n \(namespaces.first ?? "NAMESPACE")` says why; who runs "
        + "\(namespaces.joined(separator: ", ")) can help. Then run `pawl resume`: the gate looks again.")
  }
}
