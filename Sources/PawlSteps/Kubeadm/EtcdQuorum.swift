/// The members of a stacked etcd, as pods and nodes tell: one on each control-plane node.
struct EtcdQuorum: Sendable, Hashable {
  /// The nodes that have a member, in order; empty when etcd runs elsewhere.
  let members: [String]
  /// Those whose member is well.
  let healthy: Set<String>

  /// - Parameter pods: the pods with `component=etcd` in `kube-system`.
  init(pods: [ClusterPod], nodes: [ClusterNode]) {
    guard !pods.isEmpty else {
      (members, healthy) = ([], [])
      return
    }
    // A control plane whose pod is not there has a member all the same: one that is down.
    members = Set(nodes.filter(\.isControlPlane).map(\.name) + pods.compactMap(\.node)).sorted()
    let ready = Set(nodes.filter(\.ready).map(\.name))
    let running = pods.filter { $0.phase == "Running" && $0.ready && !$0.terminating }
    healthy = Set(running.compactMap(\.node)).intersection(ready)
  }

  /// Members that have to answer.
  var needed: Int { members.count / 2 + 1 }

  private func left(without node: String) -> Int { healthy.subtracting([node]).count }

  /// Whether enough members are left while a node is away.
  func keeps(without node: String) -> Bool { left(without: node) >= needed }

  /// `3 members, 2 healthy (not cp-3), 2 needed; taking cp-2 leaves 1`.
  func arithmetic(without node: String) -> String {
    let down = members.filter { !healthy.contains($0) }
    let names = down.isEmpty ? "" : " (not \(down.joined(separator: ", ")))"
    return
      "\(members.count) members, \(healthy.count) healthy\(names), \(needed) needed; taking \(node) leaves "
      + "\(left(without: node))"
  }
}
