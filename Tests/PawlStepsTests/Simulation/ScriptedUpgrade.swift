import PawlEngine
import PawlModel
import PawlSimulation
import PawlSteps

/// The upgrade of the runbook by hand, through the ports alone: what the simulation is for.
struct ScriptedUpgrade {
  let cluster: SimulatedCluster
  let inventory: Inventory
  var run = RunID("test")

  /// Takes everything to the version, control planes first.
  func go(to version: String) async throws {
    let controlPlaneHosts = inventory.hosts.filter(\.isControlPlane)
    for (index, host) in controlPlaneHosts.enumerated() {
      try await installKubeadm(version, on: host)
      let form = index == 0 ? ["apply", "-y", "v\(version)"] : ["node"]
      try await execute(["kubeadm", "upgrade"] + form, on: host, "upgrade-\(version)")
    }
    for host in controlPlaneHosts { try await moveKubelet(to: version, on: host) }
    for host in inventory.hosts where !host.isControlPlane {
      try await installKubeadm(version, on: host)
      try await execute(["kubeadm", "upgrade", "node"], on: host, "upgrade-\(version)")
      try await moveKubelet(to: version, on: host)
    }
  }

  private func installKubeadm(_ version: String, on host: Host) async throws {
    try await execute(["apt-get", "update", "-q"], on: host, "update-\(version)")
    try await install(["kubeadm"], version, on: host)
  }

  private func moveKubelet(to version: String, on host: Host) async throws {
    let target = KubernetesVersion(parsing: version)
    // Done in an earlier life: draining it again would take a second node out of service.
    let node = try await cluster.node(named: host.node)
    if let node, node.kubeletVersion == target, node.ready, !node.unschedulable { return }
    try await drain(host)
    try await install(["kubelet", "kubectl"], version, on: host)
    try await execute(["systemctl", "daemon-reload"], on: host, "reload-\(version)")
    try await execute(["systemctl", "restart", "kubelet"], on: host, "restart-\(version)")
    _ = try await cluster.waitForNode(named: host.node, timeoutSeconds: 300) {
      $0?.kubeletVersion == target && $0?.ready == true
    }
    try await cluster.patchNode(
      named: host.node, unschedulable: false, annotations: ["pawl.dev/cordoned-by": nil])
  }

  private func install(_ packages: [String], _ version: String, on host: Host) async throws {
    let command = HostCommand(
      steps: [
        ["apt-mark", "unhold"] + packages,
        ["apt-get", "install", "-y", "-o", "DPkg::Lock::Timeout=60"]
          + packages.map { "\($0)=\(version)-1.1" },
      ], always: [["apt-mark", "hold"] + packages], asRoot: true, timeoutSeconds: 600)
    try await execute(command, on: host, "install-\(packages[0])-\(version)")
  }

  func drain(_ host: Host) async throws {
    try await cluster.patchNode(
      named: host.node, unschedulable: true, annotations: ["pawl.dev/cordoned-by": run.text])
    var left = try await cluster.pods(node: host.node, namespace: nil, labels: nil).filter(Self.isMoved)
    for _ in 0..<1000 where !left.isEmpty {
      for pod in left { _ = try await cluster.evict(pod, gracePeriodSeconds: nil) }
      try await cluster.sleep(for: .seconds(1))
      left = try await cluster.pods(node: host.node, namespace: nil, labels: nil).filter(Self.isMoved)
    }
  }

  static func isMoved(_ pod: ClusterPod) -> Bool {
    pod.annotations["kubernetes.io/config.mirror"] == nil && pod.controller?.kind != "DaemonSet"
  }

  func execute(_ argv: [String], on host: Host, _ name: String) async throws {
    try await execute(HostCommand(argv, asRoot: true, timeoutSeconds: 600), on: host, name)
  }

  private func execute(_ command: HostCommand, on host: Host, _ name: String) async throws {
    let session = try await cluster.session(to: host.name)
    let result = try await session.runDetached(command, key: JobKey(run: run, name: name), epoch: 1) { _ in }
    guard result.succeeded else { throw Stopped(message: "\(host.name): \(command.steps): \(result)") }
  }

  struct Stopped: Error {
    var message: String
  }
}
