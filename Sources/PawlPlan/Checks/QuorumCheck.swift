import PawlModel

/// Two etcd members can never spare one. That is known before anything is touched, so no run finds it out in the
/// middle, with its workers done.
struct QuorumCheck {
  let plan: Plan
  let inventory: Inventory
  let facts: Facts

  func refusals() -> [PlanRefusal] {
    let members = facts.cluster.controlPlane.filter { $0.etcd != nil }.map(\.node)
    guard members.count == 2 else { return [] }
    let asking = Set(plan.steps.filter { $0.uses == "cluster/check-quorum@v1" }.compactMap(\.host))
    guard let host = inventory.hosts.first(where: { asking.contains($0.name) && members.contains($0.node) })
    else { return [] }
    return [
      PlanRefusal(
        code: "quorum-at-risk",
        message:
          "etcd has 2 members, on \(members.joined(separator: " and ")), and needs both; without \(host.node) it "
          + "would stop.",
        hint:
          "Add a third control plane, or take one out of the cluster; or leave control planes out with --limit."
      )
    ]
  }
}
