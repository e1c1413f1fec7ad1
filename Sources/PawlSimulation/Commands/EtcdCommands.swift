import PawlSteps

/// etcd on hosts of its own, as a unit of systemd: the answer to `EtcdQuestion`.
extension CommandInterpreter {
  func etcdMembers() -> CommandScript {
    guard isRoot else { return .failing(1, "sudo: a password is required") }
    guard host.runsEtcd else { return .printing([]) }
    let members = state.hosts.values.filter(\.hasEtcd).sorted { $0.name < $1.name }
    let list = members.map { "\(id($0)), started, \($0.name), \(url($0, 2380)), \(url($0, 2379)), false" }
    let health = members.map {
      $0.runsEtcd
        ? "\(url($0, 2379)) is healthy: successfully committed proposal: took = 2ms"
        : "\(url($0, 2379)) is unhealthy: failed to commit proposal: context deadline exceeded"
    }
    let own = ["pawl-etcd-process \(host.name)", "pawl-etcd-urls \(url(host, 2379))"]
    return .printing(
      own + ["pawl-etcd-list"] + list + ["pawl-etcd-status 0", "pawl-etcd-health"] + health + [
        "pawl-etcd-status \(members.allSatisfy(\.runsEtcd) ? 0 : 1)"
      ])
  }

  private func url(_ host: SimulatedHost, _ port: Int) -> String { "https://\(host.name):\(port)" }

  private func id(_ host: SimulatedHost) -> String {
    String(host.name.utf8.reduce(1) { $0 &* 31 &+ UInt64($1) }, radix: 16)
  }
}
