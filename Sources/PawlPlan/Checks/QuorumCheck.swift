import PawlModel

/// Two etcd members can never spare one. That is known before anything is touched, so no run finds it out in the
/// middle, with its workers done.
struct QuorumCheck {
  let plan: Plan
  let inventory: Inventory
  let facts: Facts

  func refusals() -> [PlanRefusal] {
    let stacked = facts.cluster.controlPlane.filter { $0.etcd != nil }.map(\.node)
    let others = inventory.hosts.filter { $0.roles.contains(.etcd) }
    if stacked.count == 2, let host = host(in: ["cluster/check-quorum@v1"], among: stacked) {
      return [
        refusal(
          stacked, host,
          hint: "Add a third control plane, or take one out of the cluster; or leave control planes out")
      ]
    }
    // Where control planes have members in static pods, the hosts are not all there are.
    if stacked.isEmpty, others.count == 2,
      let host = host(in: ["etcd/check-members@v1", "host/reboot@v1"], among: others.map(\.node))
    {
      return [
        refusal(others.map(\.node), host, hint: "Add a third etcd host, or leave etcd hosts out")
      ]
    }
    return []
  }

  /// The first of the nodes for which the plan has a step of one of the actions.
  private func host(in actions: Set<String>, among nodes: [String]) -> Host? {
    let named = Set(plan.steps.filter { actions.contains($0.uses) }.compactMap(\.host))
    return inventory.hosts.first { named.contains($0.name) && nodes.contains($0.node) }
  }

  private func refusal(_ members: [String], _ host: Host, hint: String) -> PlanRefusal {
    PlanRefusal(
      code: "quorum-at-risk",
      message:
        "etcd has 2 members, on \(members.joined(separator: " and ")), and needs both; without \(host.node) it "
        + "would stop.",
      hint: "\(hint) with --limit.")
  }
}
