package import PawlModel
import PawlSteps

extension SimulatedState {
  /// A cluster as `pawl demo` shows it: one control plane and three workers at 1.29, packages for three minors, a
  /// shop with a budget, and what every cluster has.
  package static func demo(controlPlanes: Int = 1, workers: Int = 3) -> SimulatedState {
    let start = KubernetesVersion(1, 29, 15)
    var state = SimulatedState(version: start)
    state.repository = Dictionary(
      uniqueKeysWithValues: KubernetesPackages.versioned.map {
        ($0, ["1.31.14-1.1", "1.30.14-1.1", "1.29.15-1.1"])
      })
    state.repository["kubernetes-cni"] = ["1.4.0-1.1"]
    state.repository["cri-tools"] = ["1.30.1-1.1"]
    for host in Inventory.demo(controlPlanes: controlPlanes, workers: workers).hosts {
      state.hosts[host.name] = demoHost(host.name, offers: state.repository)
      state.nodes[host.node] = SimulatedNode(
        name: host.node, version: start, isControlPlane: host.isControlPlane)
    }
    state.workloads = demoWorkloads
    state.budgets = [
      SimulatedBudget(namespace: "shop", name: "web", selector: ["app": "web"], .minAvailable(3)),
      SimulatedBudget(
        namespace: "kube-system", name: "coredns", selector: ["app": "coredns"], .maxUnavailable(1)),
    ]
    return state
  }

  /// Publishes updates of the system: of a library that asks for a reboot, of one for security with a later one that
  /// hides it, and of the kernel.
  package mutating func publishSystemUpdates() {
    systemRepository = [
      "libc6": ["2.36-9+deb12u9", "2.36-9+deb12u8"], "openssl": ["3.0.16-1", "3.0.15-1", "3.0.14-1"],
      "linux-image-amd64": ["6.1.119-1", "6.1.106-3"],
    ]
    securityVersions = ["openssl": "3.0.15-1"]
  }

  private static func demoHost(_ name: String, offers: [String: [String]]) -> SimulatedHost {
    var host = SimulatedHost(name: name, node: name)
    host.installed = [
      "kubeadm": "1.29.15-1.1", "kubelet": "1.29.15-1.1", "kubectl": "1.29.15-1.1",
      "kubernetes-cni": "1.4.0-1.1", "cri-tools": "1.30.1-1.1", "libc6": "2.36-9+deb12u8",
      "openssl": "3.0.14-1", "linux-image-amd64": "6.1.106-3",
    ]
    host.automatic = ["libc6"]
    host.holds = ["kubeadm", "kubelet", "kubectl"]
    host.offers = offers
    return host
  }

  private static let demoWorkloads = [
    SimulatedWorkload(.daemonSet, namespace: "kube-system", name: "kube-proxy", image: "kube-proxy:v1.29.15"),
    SimulatedWorkload(.daemonSet, namespace: "kube-system", name: "node-network", image: "node-network:2.4"),
    SimulatedWorkload(
      .deployment, namespace: "kube-system", name: "coredns", replicas: 2, image: "coredns:v1.11.1"),
    SimulatedWorkload(.deployment, namespace: "shop", name: "web", replicas: 4, image: "shop-web:7.2"),
    SimulatedWorkload(.deployment, namespace: "shop", name: "cart", replicas: 2, image: "shop-cart:3.9"),
    SimulatedWorkload(
      .statefulSet, namespace: "shop", name: "orders-db", image: "orders-db:15", hasVolume: true),
  ]
}

extension Inventory {
  /// The inventory of `SimulatedState.demo`, with a bastion for show. Addresses are from the documentation ranges.
  package static func demo(controlPlanes: Int = 1, workers: Int = 3) -> Inventory {
    let controlPlaneHosts = (1...max(1, controlPlanes)).map { number in
      Host(name: "cp-\(number)", address: "192.0.2.\(10 + number)", roles: [.controlPlane])
    }
    let others = (0..<max(0, workers)).map { index in
      Host(name: "worker-\(index + 1)", address: "192.0.2.\(21 + index)", roles: [.worker])
    }
    return Inventory(
      name: "demo", kubernetes: KubernetesAccess(kubeconfig: "/demo/kubeconfig"),
      ssh: SSHAccess(
        user: "pawl", knownHosts: ["/demo/known_hosts"],
        bastions: [Bastion(name: "bastion", address: "203.0.113.10")]),
      hosts: controlPlaneHosts + others)
  }
}

extension SimulatedCluster {
  /// The cluster of `pawl demo`. Its inventory is `demoInventory`.
  package static func demo(pace: SimulatedPace = .timesFaster(10)) -> SimulatedCluster {
    SimulatedCluster(.demo(), pace: pace)
  }

  /// The inventory that goes with `demo()`.
  package static let demoInventory = Inventory.demo()
}
