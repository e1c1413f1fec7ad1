import PawlModel
import Testing

/// A healthy cluster of one control plane and one worker at 1.20.15, as facts; cases spoil a copy of it.
enum Healthy {
  static let version = KubernetesVersion(1, 20, 15)

  static let inventory = Inventory(
    name: "test", kubernetes: KubernetesAccess(kubeconfig: "/kubeconfig"), ssh: SSHAccess(user: "pawl"),
    hosts: [
      Host(name: "cp-1", address: "192.0.2.11", roles: [.controlPlane]),
      Host(name: "worker-1", address: "192.0.2.21", node: "node-a", roles: [.worker]),
    ])

  static let host = HostFacts(
    operatingSystem: "Debian GNU/Linux 12 (bookworm)", architecture: "x86_64", bootID: "one", sudo: true,
    packages: Dictionary(
      uniqueKeysWithValues: ["kubeadm", "kubelet", "kubectl"].map {
        ($0, PackageFacts(installed: "1.20.15-00", held: true, available: ["1.20.15-00"]))
      }),
    freeBytes: ["/": 2 << 30, "/var": 2 << 30, "/etc": 2 << 30], containerRuntime: "containerd",
    kubeletActive: true)

  static let facts = Facts(
    cluster: ClusterFacts(
      serverVersion: version,
      nodes: [
        NodeFacts(name: "cp-1", isControlPlane: true, kubeletVersion: version, ready: true),
        NodeFacts(name: "node-a", isControlPlane: false, kubeletVersion: version, ready: true),
      ],
      controlPlane: [
        ControlPlaneFacts(
          node: "cp-1", apiServer: version, controllerManager: version, scheduler: version, etcd: "3.4.13-0")
      ]),
    hosts: ["cp-1": host, "worker-1": host])
}

/// A row of a table: what is spoiled, and which problems that gives.
struct CheckCase: Sendable, CustomTestStringConvertible {
  let name: String
  /// `severity code subject`, in order.
  let expected: [String]
  let spoil: @Sendable (inout Inventory, inout Facts) -> Void

  init(
    _ name: String, _ expected: [String], spoil: @escaping @Sendable (inout Inventory, inout Facts) -> Void
  ) {
    self.name = name
    self.expected = expected
    self.spoil = spoil
  }

  var testDescription: String { name }
}
