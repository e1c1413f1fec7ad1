import PawlSimulation
import PawlSteps
import Testing

@Suite("The simulated cluster keeps the contracts of the ports")
struct SimulatedContractTests {
  @Test("HostSession", arguments: HostSessionContract.cases.map(\.name))
  func hostSession(name: String) async throws {
    let contract = HostSessionContract {
      let cluster = SimulatedCluster(.demo())
      // What no real program does for a test: it never ends.
      await cluster.inject(SimulatedFault(.hang, at: "dpkg --configure -a"))
      return HostSessionContract.Subject(
        session: try await cluster.session(to: "worker-1"),
        counted: HostCommand(["systemctl", "restart", "kubelet"], ["kubelet", "--version"]),
        timesCounted: { await cluster.ledger.count },
        endless: HostCommand(["dpkg", "--configure", "-a"], asRoot: true, timeoutSeconds: 3600))
    }
    try await contract.run(try #require(HostSessionContract.cases.first { $0.name == name }).check)
  }

  @Test("ClusterClient", arguments: ClusterClientContract.cases.map(\.name))
  func clusterClient(name: String) async throws {
    let contract = ClusterClientContract {
      ClusterClientContract.Subject(
        client: SimulatedCluster(.demo()), worker: "worker-1", evictable: ("shop", "app=cart"),
        daemonSet: ("kube-system", "kube-proxy"))
    }
    try await contract.run(try #require(ClusterClientContract.cases.first { $0.name == name }).check)
  }
}

extension HostCommand {
  /// Two programs as root.
  fileprivate init(_ first: [String], _ second: [String]) {
    self.init(steps: [first, second], asRoot: true, timeoutSeconds: 60)
  }
}
