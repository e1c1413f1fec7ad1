/// Which members of an etcd vote and which of them are well.
struct EtcdQuorum: Sendable, Hashable {
  /// Their names, each once, or the nodes that they run on; empty when none is seen.
  let members: [String]
  /// Those that are well.
  let healthy: Set<String>

  /// From what etcd itself says.
  init(members: [String], healthy: Set<String>) {
    self.members = members.sorted()
    self.healthy = healthy
  }

  /// A stacked etcd, as pods and nodes tell: one member on each control-plane node.
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

  /// `3 members, 2 healthy (not cp-3)`.
  var count: String {
    let down = members.filter { !healthy.contains($0) }
    let names = down.isEmpty ? "" : " (not \(down.joined(separator: ", ")))"
    return "\(GateText.count(members.count, "member")), \(healthy.count) healthy\(names)"
  }

  /// `3 members, 2 healthy (not cp-3), 2 needed; taking cp-2 leaves 1`.
  func arithmetic(without node: String) -> String {
    "\(count), \(needed) needed; taking \(node) leaves \(left(without: node))"
  }
}
