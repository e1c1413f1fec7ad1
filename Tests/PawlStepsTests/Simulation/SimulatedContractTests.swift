import PawlContracts
import PawlModel
import PawlSimulation
import PawlSteps
import Testing

@Suite("The simulated cluster keeps the contracts of the ports")
struct SimulatedContractTests {
  @Test("HostSession", arguments: HostSessionContract.names)
  func hostSession(name: String) async throws {
    let cluster = SimulatedCluster(.demo())
    // What no real program does for a test: it never ends.
    await cluster.inject(SimulatedFault(.hang, at: "dpkg --configure -a"))
    await cluster.inject(SimulatedFault(.overrun, at: "apt-get update"))
    let subject = HostSessionContract.Subject(
      session: try await cluster.session(to: "worker-1"),
      counted: HostCommand(["systemctl", "restart", "kubelet"], ["kubelet", "--version"]),
      timesCounted: { await cluster.ledger.count },
      endless: HostCommand(["dpkg", "--configure", "-a"], asRoot: true, timeoutSeconds: 3600),
      overlong: HostCommand(["apt-get", "update"], asRoot: true, timeoutSeconds: 1))
    try await HostSessionContract.run(name, on: subject)
  }

  @Test("HTTPProbe", arguments: HTTPProbeContract.names)
  func httpProbe(name: String) async throws {
    var state = SimulatedState.demo()
    state.web = [
      "http://a.example/": HTTPAnswer(status: 200, body: "all well"),
      "http://a.example/b": HTTPAnswer(status: 404, body: "no such page"),
      "http://a.example/c": HTTPAnswer(status: 302),
    ]
    let subject = HTTPProbeContract.Subject(
      probe: SimulatedCluster(state), well: "http://a.example/", missing: "http://a.example/b",
      moved: "http://a.example/c", closed: "http://b.example/",
      signed: ("http://a.example/", "/srv/ca.crt"))
    try await HTTPProbeContract.run(name, on: subject)
  }

  @Test("ClusterClient", arguments: ClusterClientContract.names)
  func clusterClient(name: String) async throws {
    var state = SimulatedState.demo()
    state.budgets.append(
      SimulatedBudget(namespace: "shop", name: "db", selector: ["app": "orders-db"], .minAvailable(1)))
    let disk = "kubernetes.io/aws-ebs/vol-1"
    for node in state.nodes.keys { state.attachedVolumes[node, default: []].insert(disk) }
    let cluster = SimulatedCluster(state)
    let database = await cluster.state.pods.values.first { $0.name == "orders-db-0" }?.node ?? ""
    let subject = ClusterClientContract.Subject(
      client: cluster, worker: "worker-1", evictable: ("shop", "app=cart"),
      guarded: ("shop", "app=orders-db"), daemonSet: ("kube-system", "kube-proxy"),
      volume: (database, "data-orders-db-0", "shop", "data-orders-db-0"), disk: disk)
    try await ClusterClientContract.run(name, on: subject)
  }
}

extension HostCommand {
  /// Two programs as root.
  fileprivate init(_ first: [String], _ second: [String]) {
    self.init(steps: [first, second], asRoot: true, timeoutSeconds: 60)
  }
}
