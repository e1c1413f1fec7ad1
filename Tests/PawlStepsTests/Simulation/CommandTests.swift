import PawlEngine
import PawlModel
import PawlSimulation
import PawlSteps
import Testing

/// A command, what it ends with, and a part of what it says.
struct CommandCase: Sendable, CustomTestStringConvertible {
  var host = "cp-1"
  var command: String
  var asRoot = true
  var status: Int
  var says: String
  var spoil: @Sendable (inout SimulatedState) -> Void = { _ in }

  var testDescription: String { "\(host): \(command) \(says)" }
}

private let cases: [CommandCase] = [
  CommandCase(command: "reboot", status: 127, says: "no such command"),
  CommandCase(command: "apt-get update -q", asRoot: false, status: 100, says: "are you root"),
  CommandCase(command: "apt-get update -q", status: 1, says: "a password is required") {
    $0.hosts["cp-1"]?.sudo = false
  },
  CommandCase(
    command: "apt-get install -y kubeadm=1.30.14-1.1", status: 100, says: "Held packages were changed"),
  CommandCase(
    command: "apt-get install -y --allow-change-held-packages kubeadm=1.30.14-1.1", status: 0,
    says: "Unpacking kubeadm (1.30.14-1.1) over (1.29.15-1.1)"),
  CommandCase(
    command: "apt-get install -y kubeadm=1.33.0-1.1", status: 100, says: "Version '1.33.0-1.1' for 'kubeadm'"),
  CommandCase(command: "apt-get install -y helm=3.0", status: 100, says: "Unable to locate package"),
  CommandCase(
    command: "apt-get install -y kubeadm=1.29.15-1.1", status: 0, says: "already the newest version"),
  CommandCase(command: "apt-get install kubeadm=1.30.14-1.1", status: 1, says: "Abort") {
    $0.hosts["cp-1"]?.holds = []
  },
  CommandCase(
    command: "apt-get install -y kubeadm=1.30.14-*", status: 0, says: "Setting up kubeadm (1.30.14-1.1)"
  ) {
    $0.hosts["cp-1"]?.holds = []
  },
  CommandCase(command: "apt-get install -y kubeadm=1.29.15-1.1", status: 100, says: "downgraded") {
    $0.hosts["cp-1"]?.holds = []
    $0.hosts["cp-1"]?.installed["kubeadm"] = "1.30.14-1.1"
  },
  CommandCase(command: "apt-get install -y kubectl=1.30.14-1.1", status: 100, says: "dpkg was interrupted") {
    $0.hosts["cp-1"]?.unconfigured = ["kubeadm"]
  },
  CommandCase(command: "apt-mark hold kubeadm", status: 0, says: "was already set on hold"),
  CommandCase(command: "apt-mark unhold kubeadm kubelet", status: 0, says: "Canceled hold on kubelet."),
  CommandCase(command: "systemctl restart kubelet", asRoot: false, status: 4, says: "Access denied"),
  CommandCase(command: "systemctl restart kubelet", status: 1, says: "failed") {
    $0.hosts["cp-1"]?.unconfigured = ["kubelet"]
  },
  CommandCase(command: "kubeadm upgrade plan v1.29.15", status: 0, says: "kubeadm upgrade apply v1.29.15"),
  CommandCase(command: "kubeadm upgrade apply -y v1.30.14", status: 1, says: "newer than this kubeadm"),
  CommandCase(command: "kubeadm upgrade apply -y v1.31.14", status: 1, says: "skipping minors is not allowed")
  {
    $0.hosts["cp-1"]?.installed["kubeadm"] = "1.31.14-1.1"
  },
  CommandCase(
    command: "kubeadm upgrade apply --force v1.31.14", status: 1, says: "skipping minors is not allowed"
  ) {
    $0.hosts["cp-1"]?.installed["kubeadm"] = "1.31.14-1.1"
  },
  CommandCase(command: "kubeadm upgrade apply -y v1.30.15", status: 1, says: "newer patch") {
    $0.hosts["cp-1"]?.installed["kubeadm"] = "1.30.14-1.1"
  },
  CommandCase(command: "kubeadm upgrade apply v1.30.14", status: 1, says: "use -y") {
    $0.hosts["cp-1"]?.installed["kubeadm"] = "1.30.14-1.1"
  },
  CommandCase(command: "kubeadm upgrade apply -y v1.30.14", status: 1, says: "NotReady control planes") {
    $0.hosts["cp-1"]?.installed["kubeadm"] = "1.30.14-1.1"
    $0.nodes["cp-1"]?.kubelet = .stopped
  },
  CommandCase(host: "worker-1", command: "kubeadm upgrade apply -y v1.29.15", status: 1, says: "admin.conf"),
  CommandCase(host: "worker-1", command: "kubeadm upgrade node", status: 1, says: "asks for v1.30.14") {
    $0.clusterVersion = KubernetesVersion(1, 30, 14)
  },
  CommandCase(host: "worker-1", command: "kubeadm upgrade node", status: 127, says: "not found") {
    $0.hosts["worker-1"]?.installed["kubeadm"] = nil
  },
  CommandCase(host: "worker-1", command: "kubeadm upgrade node", status: 1, says: "needs a subcommand") {
    $0.hosts["worker-1"]?.installed["kubeadm"] = "1.14.10-00"
  },
  CommandCase(host: "worker-1", command: "kubeadm upgrade node config", status: 1, says: "--kubelet-version"),
]

@Suite("Commands on simulated hosts")
struct CommandTests {
  @Test("what the tools refuse, and what they say", arguments: cases)
  func command(row: CommandCase) async throws {
    let cluster = SimulatedCluster(.demo())
    await cluster.edit(row.spoil)
    let session = try await cluster.session(to: row.host)
    let argv = row.command.split(separator: " ").map(String.init)
    let result = try await session.run(HostCommand(argv, asRoot: row.asRoot, timeoutSeconds: 600))
    #expect(result.status == row.status)
    #expect((result.output + result.errorOutput).contains(row.says))
    if row.status != 0 { #expect(await cluster.ledger == []) }
  }

  @Test("kubeadm up to 1.28 refuses kubelets two minors behind the target, unless forced")
  func oldKubelets() async throws {
    let cluster = SimulatedCluster(.demo())
    await cluster.edit { state in
      let server = KubernetesVersion(1, 22, 17)
      state.clusterVersion = server
      state.hosts["cp-1"]?.installed["kubeadm"] = "1.23.17-00"
      for name in state.nodes.keys {
        state.nodes[name]?.kubeletVersion = KubernetesVersion(1, 21, 14)
        if name == "cp-1" { state.nodes[name]?.controlPlane = SimulatedControlPlane(server) }
      }
    }
    let session = try await cluster.session(to: "cp-1")
    let command = ["kubeadm", "upgrade", "apply", "-y", "v1.23.17"]
    let refused = try await session.run(HostCommand(command, asRoot: true))
    #expect(refused.status == 1 && refused.errorOutput.contains("too old"))
    #expect(try await session.run(HostCommand(command + ["--force"], asRoot: true)).succeeded)
  }

  @Test("the forms of upgrade node before 1.15 do the same")
  func oldForms() async throws {
    let cluster = SimulatedCluster(.demo())
    await cluster.edit { $0.hosts["worker-1"]?.installed["kubeadm"] = "1.13.12-00" }
    let session = try await cluster.session(to: "worker-1")
    let result = try await session.run(
      HostCommand(["kubeadm", "upgrade", "node", "config", "--kubelet-version", "v1.13.12"], asRoot: true))
    #expect(result.succeeded)
    #expect(
      await cluster.ledger.map(\.change) == [
        .kubeletConfigured(node: "worker-1", KubernetesVersion(1, 13, 12))
      ])
  }

  @Test("a restarted kubelet reports the installed version after a while, NotReady first")
  func kubeletRestart() async throws {
    let cluster = SimulatedCluster(.demo())
    await cluster.edit {
      $0.hosts["worker-1"]?.installed["kubelet"] = "1.29.14-1.1"
    }
    let session = try await cluster.session(to: "worker-1")
    #expect(try await session.run(HostCommand(["systemctl", "restart", "kubelet"], asRoot: true)).succeeded)
    let starting = try #require(try await cluster.node(named: "worker-1"))
    #expect(!starting.ready && starting.kubeletVersion == KubernetesVersion(1, 29, 15))
    let node = try await cluster.waitForNode(named: "worker-1", timeoutSeconds: 60) { $0?.ready == true }
    #expect(node?.kubeletVersion == KubernetesVersion(1, 29, 14))
  }

  @Test("a kubelet newer than its API server does not get Ready, and the rule is recorded as broken")
  func kubeletTooNew() async throws {
    let cluster = SimulatedCluster(.demo())
    await cluster.edit { $0.hosts["worker-1"]?.installed["kubelet"] = "1.30.14-1.1" }
    let session = try await cluster.session(to: "worker-1")
    _ = try await session.run(HostCommand(["systemctl", "restart", "kubelet"], asRoot: true))
    let error = await #expect(throws: ClusterError.self) {
      try await cluster.waitForNode(named: "worker-1", timeoutSeconds: 300) { $0?.ready == true }
    }
    #expect(error?.code == .timedOut)
    #expect(
      try await cluster.node(named: "worker-1")?.readyMessage
        == "kubelet 1.30.14 is newer than API server 1.29.15")
    #expect(await cluster.violations.map(\.rule) == ["drain", "skew"])
  }
}
