import PawlSteps

/// etcd as a unit of systemd on hosts, or as the static pods of control planes: the answer to `EtcdQuestion`.
extension CommandInterpreter {
  func etcdMembers() -> CommandScript {
    guard isRoot else { return .failing(1, "sudo: a password is required") }
    let members = etcdCluster.sorted { $0.name < $1.name }
    guard runsEtcd(host), members.contains(host) else { return .printing([]) }
    let list = members.map { "\(id($0)), started, \($0.name), \(url($0, 2380)), \(url($0, 2379)), false" }
    let health = members.map {
      runsEtcd($0)
        ? "\(url($0, 2379)) is healthy: successfully committed proposal: took = 2ms"
        : "\(url($0, 2379)) is unhealthy: failed to commit proposal: context deadline exceeded"
    }
    let own = ["pawl-etcd-process \(host.name)", "pawl-etcd-urls \(url(host, 2379))"]
    return .printing(
      own + ["pawl-etcd-list"] + list + ["pawl-etcd-status 0", "pawl-etcd-health"] + health + [
        "pawl-etcd-status \(members.allSatisfy(runsEtcd) ? 0 : 1)"
      ])
  }

  /// The hosts of the etcd that the host is of: that outside of Kubernetes, or that of the control planes.
  private var etcdCluster: [SimulatedHost] {
    state.hosts.values.filter { host.hasEtcd ? $0.hasEtcd : state.nodes[$0.node]?.controlPlane != nil }
  }

  private func runsEtcd(_ host: SimulatedHost) -> Bool { host.hasEtcd ? host.runsEtcd : host.poweredOn }

  private func url(_ host: SimulatedHost, _ port: Int) -> String { "https://\(host.name):\(port)" }

  private func id(_ host: SimulatedHost) -> String {
    String(host.name.utf8.reduce(1) { $0 &* 31 &+ UInt64($1) }, radix: 16)
  }
}
