import PawlModel

/// Reads what the API server says into facts.
struct ClusterReader {
  let cluster: any ClusterClient
  /// The annotation that names the run which cordoned a node.
  let cordonAnnotation: String

  /// The cluster's facts and what is wrong with single objects.
  /// - Throws: when the API server can't be used.
  func read() async throws(ClusterError) -> (facts: ClusterFacts, problems: [CheckProblem]) {
    let version = try await cluster.serverVersion()
    let nodes = try await cluster.nodes().sorted { $0.name < $1.name }
    let pods = try await cluster.pods(node: nil, namespace: nil, labels: nil)
    let budgets = try await cluster.budgets()
    var problems: [CheckProblem] = []
    var facts: [NodeFacts] = []
    for node in nodes {
      guard let kubelet = node.kubeletVersion else {
        problems.append(unreadableKubelet(node.name))
        continue
      }
      facts.append(nodeFacts(node, kubelet: kubelet, pods: pods))
    }
    return (
      ClusterFacts(
        serverVersion: version, nodes: facts,
        controlPlane: nodes.compactMap { controlPlane(of: $0, pods: pods) },
        podDisruptionBudgets: blockedBudgets(budgets)),
      problems
    )
  }

  private func nodeFacts(_ node: ClusterNode, kubelet: KubernetesVersion, pods: [ClusterPod]) -> NodeFacts {
    let live = pods.filter { $0.node == node.name && $0.phase != "Succeeded" && $0.phase != "Failed" }
    return NodeFacts(
      name: node.name, isControlPlane: node.isControlPlane, kubeletVersion: kubelet, ready: node.ready,
      cordoned: node.unschedulable, cordonedByRun: node.annotations[cordonAnnotation], podCount: live.count)
  }

  private func unreadableKubelet(_ node: String) -> CheckProblem {
    CheckProblem(
      subject: node, code: "unreadable-kubelet-version",
      message: "The node \(node) reports no kubelet version that can be read.",
      hint: "See what 'kubectl get node \(node) -o wide' says and restart its kubelet.")
  }

  /// The versions of the static pods of a node; nil for a node that is no control plane and runs none of them.
  private func controlPlane(of node: ClusterNode, pods: [ClusterPod]) -> ControlPlaneFacts? {
    let own = pods.filter { $0.node == node.name && $0.namespace == "kube-system" }
    func tag(_ component: String) -> String? {
      own.first { $0.labels["tier"] == "control-plane" && $0.labels["component"] == component }
        .flatMap { $0.images.first }.flatMap(imageTag)
    }
    func version(_ component: String) -> KubernetesVersion? {
      tag(component).flatMap(KubernetesVersion.init(parsing:))
    }
    let facts = ControlPlaneFacts(
      node: node.name, apiServer: version("kube-apiserver"),
      controllerManager: version("kube-controller-manager"), scheduler: version("kube-scheduler"),
      etcd: tag("etcd"))
    return node.isControlPlane || facts.apiServer != nil ? facts : nil
  }

  private func blockedBudgets(_ budgets: [ClusterBudget]) -> [PodDisruptionBudgetFacts] {
    budgets
      .filter { $0.disruptionsAllowed <= 0 && $0.expectedPods > 0 }
      .sorted { ($0.namespace, $0.name) < ($1.namespace, $1.name) }
      .map {
        PodDisruptionBudgetFacts(
          namespace: $0.namespace, name: $0.name, disruptionsAllowed: $0.disruptionsAllowed,
          currentHealthy: $0.currentHealthy, desiredHealthy: $0.desiredHealthy)
      }
  }
}

/// The tag of an image reference, `v1.20.15` of `host:5000/path/kube-apiserver:v1.20.15@sha256:…`; nil without one.
func imageTag(_ reference: String) -> String? {
  let withoutDigest = reference.prefix { $0 != "@" }
  guard let name = withoutDigest.split(separator: "/").last, let colon = name.lastIndex(of: ":") else {
    return nil
  }
  return String(name[name.index(after: colon)...])
}
