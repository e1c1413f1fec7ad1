package import PawlEngine
import PawlModel
package import PawlPlan

/// Proves that etcd keeps its quorum while one node is away, before that node is touched.
///
/// Members are counted by their static pods, one on each control-plane node, and are healthy when pod and node are
/// ready. The API server has to call itself ready too, which it does only while etcd answers it.
package struct ClusterCheckQuorum: ReadOnlyAction {
  package static let spec = ActionSpec(
    name: "cluster/check-quorum", version: 1,
    summary: "Waits until etcd can spare the member on a node; refuses when it never can.",
    reversibility: .readOnly, retry: RetryPolicy(attempts: 1), timeoutSeconds: 180, estimateSeconds: 1,
    proof: .moment,
    title: { "Check that etcd keeps its quorum without \($0.node)" }, freeze: NodeName.freeze)

  private let node: String

  package init(step: PlanStep) throws(StepFailure) {
    node = try StepParameters(step).node()
  }

  package func perform(_ environment: ActionEnvironment) async throws(StepFailure) -> StepOutcome {
    let proof = try await Gate(environment: environment, subject: node).wait(
      { () async throws(StepFailure) in try await look(environment.cluster) },
      failure: { missing, seconds in
        StepFailure(
          code: "quorum-at-risk",
          message: "\(node) was not touched, because etcd could not spare it within \(seconds) s: "
            + "\(GateText.joined(missing)).",
          causes: missing, retry: .temporary,
          hint:
            "Make the other members well first (`kubectl -n kube-system get pods -l component=etcd -o wide`); "
            + "then run `pawl resume`.")
      })
    return StepOutcome("etcd: \(proof.text).", changed: false)
  }

  private func look(_ cluster: StepCluster) async throws(StepFailure) -> Gate.Sight {
    guard try await cluster.isReady() else {
      return .lacks(["the API server is not ready, so etcd may not answer"])
    }
    let pods = try await cluster.pods(namespace: ControlPlanePods.namespace, labels: "component=etcd")
    let quorum = EtcdQuorum(pods: pods, nodes: try await cluster.nodes())
    guard quorum.members.contains(node) else {
      return .holds("\(node) has no member in a static pod, so taking it takes none away")
    }
    if quorum.members.count == 1 {
      return .holds(
        "1 member, on \(node): the API server is away while it restarts, and nothing can spare it")
    }
    guard quorum.members.count > 2 else {
      throw StepFailure(
        code: "quorum-at-risk",
        message: "\(node) was not touched: \(quorum.arithmetic(without: node)), so etcd would stop.",
        hint:
          "Add a third control plane, or take this one out of the cluster and upgrade the other by itself.")
    }
    return quorum.keeps(without: node)
      ? .holds(quorum.arithmetic(without: node)) : .lacks([quorum.arithmetic(without: node)])
  }
}
