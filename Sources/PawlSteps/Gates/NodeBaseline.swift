import Foundation
import PawlEngine
import PawlPlan

/// What ran on a node before its turn, and how well: what the gates after it compare with. What was short already
/// need not become better.
package struct NodeBaseline: Sendable, Hashable, Codable {
  /// A controller with pods on the node.
  package struct Workload: Sendable, Hashable, Codable {
    let kind: ClusterController.Kind
    let namespace: String
    let name: String
    let desired: Int
    let ready: Int

    var fullName: String { "\(namespace)/\(name)" }
    var isShort: Bool { ready < desired }
  }

  /// A DaemonSet with a pod on the node.
  package struct DaemonSet: Sendable, Hashable, Codable {
    let namespace: String
    let name: String
    /// Whether the pod was ready.
    let ready: Bool

    var fullName: String { "\(namespace)/\(name)" }
  }

  /// A disruption budget that speaks of pods on the node.
  package struct Budget: Sendable, Hashable, Codable {
    let namespace: String
    let name: String
    let healthy: Int
    let desired: Int
    let allowed: Int

    var fullName: String { "\(namespace)/\(name)" }
    var isShort: Bool { healthy < desired }
  }

  package var workloads: [Workload] = []
  package var daemonSets: [DaemonSet] = []
  package var budgets: [Budget] = []
  /// Pods that no gate waits for, because nothing tells how many of their kind should be ready: `shop/once (Job)`.
  package var uncounted: [String] = []

  /// The action whose outcome has it on record.
  static let action = "gate/baseline@v1"

  /// Reads the record that the step before the node's turn left.
  static func read(in environment: ActionEnvironment) throws(StepFailure) -> NodeBaseline {
    guard let text = environment.context.records[action] else {
      throw StepFailure(
        code: "no-baseline",
        message:
          "Step \(environment.step.id) has nothing to compare with: no \(action) was done before it on "
          + "\(environment.step.host ?? "its host").",
        hint: "Look at the workloads by hand; then `pawl approve` the step, or plan again.")
    }
    do {
      return try JSONDecoder().decode(NodeBaseline.self, from: Data(text.utf8))
    } catch {
      throw StepFailure(
        code: "no-baseline", message: "The record of \(action) can't be read by this Pawl.",
        causes: ["\(error)"], hint: "Resume the run with the version of Pawl that began it.")
    }
  }

  /// The form that is kept in the journal.
  func record() throws(StepFailure) -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    do { return String(decoding: try encoder.encode(self), as: UTF8.self) } catch {
      throw StepFailure(code: "no-baseline", message: "The baseline can't be written: \(error).")
    }
  }
}

extension NodeBaseline {
  /// Looks at the node as it is now.
  static func take(node: String, cluster: StepCluster) async throws(StepFailure) -> NodeBaseline {
    let pods = try await cluster.pods(onNode: node)
      .filter { $0.annotations["kubernetes.io/config.mirror"] == nil && !$0.hasEnded }
      .sorted { $0.fullName < $1.fullName }
    var baseline = NodeBaseline()
    var known: Set<String> = []
    for pod in pods {
      guard let owner = pod.controller else {
        baseline.uncounted.append("\(pod.fullName) (unmanaged)")
        continue
      }
      guard known.insert("\(pod.namespace)/\(owner.kind)/\(owner.name)").inserted else { continue }
      if owner.kind == ClusterController.Kind.daemonSet.rawValue {
        let ready = pods.contains { $0.controller == owner && $0.namespace == pod.namespace && $0.ready }
        baseline.daemonSets.append(DaemonSet(namespace: pod.namespace, name: owner.name, ready: ready))
      } else if let found = try await controller(owner, pod.namespace, cluster) {
        let workload = Workload(
          kind: found.kind, namespace: found.namespace, name: found.name, desired: found.desired,
          ready: found.ready)
        if !baseline.workloads.contains(where: { $0.kind == found.kind && $0.fullName == workload.fullName })
        {
          baseline.workloads.append(workload)
        }
      } else {
        baseline.uncounted.append("\(pod.fullName) (\(owner.kind))")
      }
    }
    baseline.budgets = try await cluster.budgets()
      .filter { budget in
        budget.expectedPods > 0
          && pods.contains { $0.namespace == budget.namespace && budget.selects($0.labels) }
      }
      .map {
        Budget(
          namespace: $0.namespace, name: $0.name, healthy: $0.currentHealthy, desired: $0.desiredHealthy,
          allowed: $0.disruptionsAllowed)
      }
    return baseline
  }

  /// The controller that says how many pods should be ready: of a ReplicaSet its Deployment, because a roll-out
  /// replaces the ReplicaSet. nil when it is gone, or of a kind that does not count.
  private static func controller(
    _ owner: ClusterPod.Owner, _ namespace: String, _ cluster: StepCluster
  ) async throws(StepFailure) -> ClusterController? {
    guard let kind = ClusterController.Kind(rawValue: owner.kind),
      let found = try await cluster.controller(kind, namespace: namespace, name: owner.name)
    else { return nil }
    guard let above = found.owner, let kind = ClusterController.Kind(rawValue: above.kind) else {
      return found
    }
    return try await cluster.controller(kind, namespace: namespace, name: above.name) ?? found
  }
}
