package import PawlModel

/// A check of one host by itself. Pure: what was not found out counts as not healthy.
package struct HostCheck: Sendable {
  /// Short and stable.
  package let name: String
  package let find: @Sendable (Host, HostFacts) -> [CheckProblem]

  /// Makes a check.
  package init(_ name: String, find: @escaping @Sendable (Host, HostFacts) -> [CheckProblem]) {
    self.name = name
    self.find = find
  }
}

/// A check of the cluster, or of hosts beside what the API server says. Pure, as `HostCheck` is.
package struct ClusterCheck: Sendable {
  /// Short and stable.
  package let name: String
  package let find: @Sendable (Inventory, Facts) -> [CheckProblem]

  /// Makes a check.
  package init(_ name: String, find: @escaping @Sendable (Inventory, Facts) -> [CheckProblem]) {
    self.name = name
    self.find = find
  }

  /// A check of each host that has a node, with what both sides say of it.
  static func perNode(
    _ name: String, find: @escaping @Sendable (Host, HostFacts, NodeFacts) -> [CheckProblem]
  ) -> ClusterCheck {
    ClusterCheck(name) { inventory, facts in
      inventory.hosts.flatMap { host -> [CheckProblem] in
        guard let own = facts.hosts[host.name], let node = facts.cluster.node(named: host.node) else {
          return []
        }
        return find(host, own, node)
      }
    }
  }
}

extension Host {
  /// Whether it runs a kubelet, and so has a node: an etcd host alone has none.
  var hasNode: Bool { roles.contains(.controlPlane) || roles.contains(.worker) }
}
