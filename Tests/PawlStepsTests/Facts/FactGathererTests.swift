import PawlEngine
import PawlModel
import PawlSimulation
import PawlSteps
import Testing

/// Facts of the demo cluster's hosts as it is made.
private let freshHost = HostFacts(
  operatingSystem: "Debian GNU/Linux 12 (bookworm)", architecture: "x86_64", bootID: "", sudo: true,
  packages: [
    "kubeadm": PackageFacts(
      installed: "1.29.15-1.1", held: true, available: ["1.31.14-1.1", "1.30.14-1.1", "1.29.15-1.1"]),
    "kubelet": PackageFacts(
      installed: "1.29.15-1.1", held: true, available: ["1.31.14-1.1", "1.30.14-1.1", "1.29.15-1.1"]),
    "kubectl": PackageFacts(
      installed: "1.29.15-1.1", held: true, available: ["1.31.14-1.1", "1.30.14-1.1", "1.29.15-1.1"]),
    "kubernetes-cni": PackageFacts(installed: "1.4.0-1.1", held: false, available: []),
    "cri-tools": PackageFacts(installed: "1.30.1-1.1", held: false, available: []),
  ],
  freeBytes: ["/": 20_480_000_000, "/var": 20_480_000_000, "/etc": 20_480_000_000],
  containerRuntime: "containerd",
  kubeletActive: true)

@Suite("Gathering facts")
struct FactGathererTests {
  let cluster = SimulatedCluster(.demo())
  let inventory = SimulatedCluster.demoInventory

  private func gather(_ inventory: Inventory? = nil) async -> FactReport {
    await FactGatherer(hosts: cluster, cluster: cluster, parallelHosts: 2).gather(
      for: inventory ?? self.inventory)
  }

  @Test("everything there is to know of the demo cluster")
  func demoCluster() async throws {
    let report = await gather()
    #expect(report.problems == [])
    let facts = try #require(report.facts)
    #expect(facts.hosts.keys.sorted() == ["cp-1", "worker-1", "worker-2", "worker-3"])
    #expect(Set(facts.hosts.values.map(\.bootID)).count == 4)
    for var host in facts.hosts.values {
      host.bootID = ""
      #expect(host == freshHost)
    }
    let version = KubernetesVersion(1, 29, 15)
    #expect(facts.cluster.serverVersion == version)
    #expect(
      facts.cluster.controlPlane == [
        ControlPlaneFacts(
          node: "cp-1", apiServer: version, controllerManager: version, scheduler: version, etcd: "3.5.15-0")
      ])
    // Four static pods and two DaemonSets on cp-1; nine pods and two DaemonSets on three workers.
    #expect(
      facts.cluster.nodes == [
        NodeFacts(name: "cp-1", isControlPlane: true, kubeletVersion: version, ready: true, podCount: 6),
        NodeFacts(name: "worker-1", isControlPlane: false, kubeletVersion: version, ready: true, podCount: 5),
        NodeFacts(name: "worker-2", isControlPlane: false, kubeletVersion: version, ready: true, podCount: 5),
        NodeFacts(name: "worker-3", isControlPlane: false, kubeletVersion: version, ready: true, podCount: 5),
      ])
    #expect(facts.cluster.podDisruptionBudgets == [])
    #expect(await cluster.ledger == [])
  }

  @Test("what there is to patch, when it is asked for, without touching the hosts' lists")
  func patches() async throws {
    await cluster.edit { state in
      state.publishSystemUpdates()
      state.hosts["worker-2"]?.installed["libc6"] = "2.36-9+deb12u9"
      state.hosts["worker-3"]?.holds.formUnion(["libc6", "openssl", "linux-image-amd64"])
      state.hosts["worker-3"]?.activeUnits = []
      state.hosts["cp-1"]?.installed["linux-image-amd64"] = "6.1.119-1"
    }
    #expect(await gather().facts?.hosts["cp-1"]?.patch == nil)
    let before = await cluster.state.hosts
    let report = await FactGatherer(hosts: cluster, cluster: cluster).gather(for: inventory, patches: true)
    #expect(report.problems == [])
    #expect(await cluster.state.hosts == before)
    let found = try #require(report.facts).hosts.compactMapValues(\.patch)
    #expect(
      found["worker-1"]
        == PatchFacts(
          upgrades: [
            PackageUpgrade(
              name: "libc6", installed: "2.36-9+deb12u8", candidate: "2.36-9+deb12u9", automatic: true),
            PackageUpgrade(name: "linux-image-amd64", installed: "6.1.106-3", candidate: "6.1.119-1"),
            PackageUpgrade(name: "openssl", installed: "3.0.14-1", candidate: "3.0.16-1"),
          ],
          securityUpgrades: [
            PackageUpgrade(name: "openssl", installed: "3.0.14-1", candidate: "3.0.15-1")
          ], updateUnits: ["apt-daily.timer", "apt-daily-upgrade.timer"],
          services: ["containerd.service", "kubelet.service"]))
    #expect(found["worker-2"]?.upgrades.map(\.name) == ["linux-image-amd64", "openssl"])
    #expect(found["worker-3"]?.upgrades == [] && found["worker-3"]?.updateUnits == [])
    #expect(found["cp-1"]?.rebootReason == "kernel 6.1.119-1-amd64 is installed and 6.1.106-3-amd64 runs")
  }

  @Test("a package source that can't be read is a problem of that host")
  func unreadableSource() async {
    await cluster.inject(
      SimulatedFault(
        .fail(status: 100, "E: Failed to fetch https://packages.example: timed out"), at: "apt-get update",
        on: "worker-2"))
    let report = await FactGatherer(hosts: cluster, cluster: cluster).gather(for: inventory, patches: true)
    #expect(report.problems.map(\.code) == ["upgrades-unknown"] && report.problems.first?.severity == .error)
    #expect(report.facts?.hosts["worker-2"]?.patch == nil)
  }

  @Test("files of a run that did not finish are told, with both ways on")
  func leftovers() async throws {
    let job = JobKey(run: RunID("run-7"), name: "drain.1.1")
    _ = try await cluster.session(to: "worker-1").runDetached(
      HostCommand(["true"]), key: job, epoch: 1, onOutput: { _ in })
    let problems = await gather().problems
    #expect(problems.map(\.subject) == ["worker-1"])
    #expect(problems.first?.severity == .warning && problems.first?.code == "run-files")
    #expect(problems.first?.hint?.contains("pawl release run-7") == true)
  }

  @Test(
    "cordons with their run, budgets that allow nothing, half-configured packages and missing sudo are seen")
  func unhealthyCluster() async throws {
    await cluster.edit { state in
      state.nodes["worker-1"]?.unschedulable = true
      state.nodes["worker-1"]?.annotations = ["pawl.dev/cordoned-by": "run-7"]
      state.nodes["worker-2"]?.kubelet = .stopped
      state.budgets = [.init(namespace: "shop", name: "cart", selector: ["app": "cart"], .minAvailable(2))]
      state.hosts["worker-3"]?.unconfigured = ["kubelet"]
      state.hosts["cp-1"]?.sudo = false
    }
    let facts = try #require(await gather().facts)
    #expect(facts.cluster.node(named: "worker-1")?.cordonedByRun == "run-7")
    #expect(facts.cluster.node(named: "worker-1")?.cordoned == true)
    #expect(facts.cluster.node(named: "worker-2")?.ready == false)
    #expect(facts.hosts["worker-2"]?.kubeletActive == false)
    #expect(facts.hosts["worker-3"]?.brokenPackages == ["kubelet"])
    #expect(facts.hosts["cp-1"]?.sudo == false)
    #expect(facts.hosts["worker-1"]?.sudo == true)
    #expect(
      facts.cluster.podDisruptionBudgets == [
        PodDisruptionBudgetFacts(
          namespace: "shop", name: "cart", disruptionsAllowed: 0, currentHealthy: 2, desiredHealthy: 2)
      ])
  }

  @Test("hosts that can't be reached are all reported, the others are read")
  func unreachableHosts() async throws {
    await cluster.setReachable("worker-1", false)
    await cluster.setReachable("worker-3", false)
    let report = await gather()
    #expect(report.facts?.hosts.keys.sorted() == ["cp-1", "worker-2"])
    #expect(report.problems.map(\.subject) == ["worker-1", "worker-3"])
    #expect(report.problems.allSatisfy { $0.kind == .unreachable && $0.code == "unreachable" })
  }

  @Test("without an API server there are no facts, but the hosts' are kept for their checks")
  func noAPIServer() async {
    await cluster.takeAPIServerAway(for: .seconds(3600))
    let report = await gather()
    #expect(report.facts == nil)
    #expect(report.hosts.count == 4)
    #expect(report.problems.map(\.code) == ["api-unreachable"])
    #expect(report.problems.first?.kind == .unreachable)
  }

  @Test("an answer that can't be read is a problem of that host with the command in it")
  func unreadableAnswer() async {
    await cluster.inject(
      SimulatedFault(.fail(status: 2, "df: cannot read table"), at: "df -Pk", on: "worker-2"))
    let report = await gather()
    #expect(report.facts?.hosts["worker-2"] == nil)
    #expect(report.facts?.hosts.count == 3)
    #expect(report.problems.map(\.code) == ["unreadable-free-disk"])
    #expect(
      report.problems.first?.message
        == "The answer of worker-2 to 'df -Pk / /var /etc' can't be used: it ended with status 2: df: cannot read table."
    )
  }

  @Test("a host without dpkg is told apart from a broken one")
  func hostWithoutDpkg() async {
    await cluster.edit { $0.hosts["worker-2"]?.operatingSystem = "Rocky Linux 9.3" }
    await cluster.inject(
      SimulatedFault(.fail(status: 127, "dpkg: not found"), at: "dpkg --audit", on: "worker-2"))
    let report = await gather()
    #expect(report.problems.map(\.code) == ["unsupported-os"])
    #expect(report.problems.first?.message == "worker-2 runs Rocky Linux 9.3 and has neither dpkg nor dnf.")
  }

  @Test("a failure that several hosts share is one problem, of the bastion it names")
  func sharedFailure() async {
    let error = HostError(
      .hostKey, "The bastion bastion shows a key that is not in known_hosts; compare it and add it.")
    let hosts = FailingSessions(error: error)
    let report = await FactGatherer(hosts: hosts, cluster: cluster).gather(for: inventory)
    #expect(
      report.problems == [
        CheckProblem(kind: .unreachable, subject: "bastion", code: "host-key", message: error.message)
      ])
    #expect(report.facts?.hosts == [:])
  }
}

/// Refuses every session for the same reason.
private struct FailingSessions: HostSessions {
  let error: HostError

  func session(to host: String) async throws(HostError) -> any HostSession { throw error }
}
