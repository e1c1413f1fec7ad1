import PawlSteps

/// Something that keeps pods alive.
package struct SimulatedWorkload: Sendable, Hashable {
  /// How pods are placed and replaced.
  package enum Kind: Sendable, Hashable {
    /// Replaced at once, anywhere, under a new name.
    case deployment
    /// Replaced under its own name when the old pod is gone.
    case statefulSet
    /// One on each node, cordoned or not.
    case daemonSet
  }

  package var kind: Kind
  package var namespace: String
  package var name: String
  /// Not used for a DaemonSet.
  package var replicas: Int
  package var labels: [String: String]
  package var image: String
  package var hasEmptyDir: Bool
  /// Whether each of its pods has a claim, `data-POD`, for a volume of the same name; for a StatefulSet.
  package var hasVolume: Bool

  /// Makes a workload; its pods carry the label `app` with its name.
  package init(
    _ kind: Kind, namespace: String, name: String, replicas: Int = 1, image: String,
    hasEmptyDir: Bool = false,
    hasVolume: Bool = false
  ) {
    self.kind = kind
    self.namespace = namespace
    self.name = name
    self.replicas = replicas
    self.labels = ["app": name]
    self.image = image
    self.hasEmptyDir = hasEmptyDir
    self.hasVolume = hasVolume
  }

  /// The controller that owns its pods.
  var owner: ClusterPod.Owner {
    switch kind {
    case .deployment: .init(kind: "ReplicaSet", name: "\(name)-6f7d9c58b")
    case .statefulSet: .init(kind: "StatefulSet", name: name)
    case .daemonSet: .init(kind: "DaemonSet", name: name)
    }
  }

  /// Whether a pod is its own.
  func owns(_ pod: ClusterPod) -> Bool { pod.namespace == namespace && pod.controller == owner }
}

extension SimulatedState {
  /// A workload as its controllers show it: a Deployment has a ReplicaSet of its own.
  func controller(_ kind: ClusterController.Kind, namespace: String, name: String) -> ClusterController? {
    let here = workloads.filter { $0.namespace == namespace }
    let workload: SimulatedWorkload?
    var owner: ClusterPod.Owner?
    switch kind {
    case .deployment: workload = here.first { $0.kind == .deployment && $0.name == name }
    case .replicaSet:
      workload = here.first { $0.kind == .deployment && $0.owner.name == name }
      owner = workload.map { .init(kind: "Deployment", name: $0.name) }
    case .statefulSet: workload = here.first { $0.kind == .statefulSet && $0.name == name }
    case .daemonSet: workload = here.first { $0.kind == .daemonSet && $0.name == name }
    case .replicationController: workload = nil
    }
    guard let workload else { return nil }
    return ClusterController(
      kind: kind, namespace: namespace, name: name,
      desired: workload.kind == .daemonSet ? nodes.count : workload.replicas,
      ready: pods.values.count { workload.owns($0) && $0.ready && !$0.terminating }, owner: owner)
  }
}

/// A disruption budget.
package struct SimulatedBudget: Sendable, Hashable {
  /// What it asks for.
  package enum Demand: Sendable, Hashable {
    case minAvailable(Int)
    case maxUnavailable(Int)
  }

  package var namespace: String
  package var name: String
  /// All of them must match.
  package var selector: [String: String]
  package var demand: Demand
  /// Whether pods that run and are not ready may always go (`unhealthyPodEvictionPolicy: AlwaysAllow`).
  package var allowsUnhealthy: Bool

  /// Makes a budget.
  package init(
    namespace: String, name: String, selector: [String: String], _ demand: Demand,
    allowsUnhealthy: Bool = false
  ) {
    self.namespace = namespace
    self.name = name
    self.selector = selector
    self.demand = demand
    self.allowsUnhealthy = allowsUnhealthy
  }

  /// Whether the budget speaks of pods with these labels.
  func selects(_ labels: [String: String]) -> Bool { selector.allSatisfy { labels[$0.key] == $0.value } }
}

/// A budget's arithmetic at one time.
struct BudgetStatus: Sendable, Hashable {
  var expected: Int
  var healthy: Int
  var desired: Int

  /// How many healthy pods may go now.
  var allowed: Int { expected == 0 ? 0 : max(0, healthy - desired) }
}

extension SimulatedState {
  /// The budget's arithmetic: expected pods are what the controllers want, healthy ones are Ready and not about to go.
  func status(of budget: SimulatedBudget) -> BudgetStatus {
    let expected =
      workloads
      .filter { $0.namespace == budget.namespace && budget.selects($0.labels) }
      .reduce(0) { sum, workload in sum + (workload.kind == .daemonSet ? nodes.count : workload.replicas) }
    let healthy = pods.values.count {
      $0.namespace == budget.namespace && budget.selects($0.labels) && $0.ready && !$0.terminating
    }
    let desired =
      switch budget.demand {
      case .minAvailable(let number): number
      case .maxUnavailable(let number): max(0, expected - number)
      }
    return BudgetStatus(expected: expected, healthy: healthy, desired: desired)
  }

  /// The budgets that speak of a pod.
  func budgets(of pod: ClusterPod) -> [SimulatedBudget] {
    budgets.filter { $0.namespace == pod.namespace && $0.selects(pod.labels) }
  }

  /// Nodes that take new pods, in order of name.
  var schedulableNodes: [SimulatedNode] {
    nodes.values
      .filter { $0.controlPlane == nil && !$0.unschedulable && unreadiness(of: $0) == nil }
      .sorted { $0.name < $1.name }
  }

  /// Where a new pod of a workload goes: to the node with the fewest of its kind, then the fewest at all.
  func place(for workload: SimulatedWorkload) -> String? {
    func load(_ node: SimulatedNode) -> (Int, Int, String) {
      let here = pods.values.filter { $0.node == node.name && !$0.terminating }
      return (here.count { workload.owns($0) }, here.count, node.name)
    }
    return schedulableNodes.min { load($0) < load($1) }?.name
  }
}
