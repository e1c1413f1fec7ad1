package import PawlModel
package import PawlSteps

/// A host as dpkg, systemd and the disk know it.
package struct SimulatedHost: Sendable, Hashable {
  package var name: String
  /// The name of its node.
  package var node: String
  package var operatingSystem: String
  package var architecture = "x86_64"
  package var bootCount = 1
  package var sudo = true
  /// Package versions by package.
  package var installed: [String: String] = [:]
  package var holds: Set<String> = []
  /// What the package lists of the last `apt-get update` name, newest first.
  package var offers: [String: [String]] = [:]
  /// Unpacked and not configured.
  package var unconfigured: Set<String> = []
  /// Contents by path, of the files that commands write.
  package var files: [String: String] = [:]
  package var freeKibibytes = ["/": 20_000_000, "/var": 20_000_000, "/etc": 20_000_000]
  /// `containerd` or `crio`; nil when none is active.
  package var containerRuntime: String? = "containerd"
  package var poweredOn = true
  /// Whether the way to all other hosts and to the API server leads over it.
  package var isBastion = false
  /// The kernel that runs. The one that a boot brings is that of the package `linux-image-amd64`.
  package var kernel = "6.1.106-3-amd64"
  /// Packages that are installed because others need them.
  package var automatic: Set<String> = []
  /// Units besides kubelet and container runtime that are active, and that a boot starts.
  package var activeUnits: Set<String> = ["apt-daily.timer", "apt-daily-upgrade.timer"]
  package var enabledUnits: Set<String> = ["apt-daily.timer", "apt-daily-upgrade.timer"]

  /// Makes a host.
  package init(name: String, node: String, operatingSystem: String = "Debian GNU/Linux 12 (bookworm)") {
    self.name = name
    self.node = node
    self.operatingSystem = operatingSystem
  }

  /// The kernel of the installed package.
  var installedKernel: String { installed["linux-image-amd64"].map { "\($0)-amd64" } ?? kernel }

  /// Makes it a host of etcd's own.
  package mutating func enableEtcd() {
    enabledUnits.insert("etcd.service")
    activeUnits.insert("etcd.service")
  }

  /// Whether a member of an etcd outside of Kubernetes is on it.
  var hasEtcd: Bool { enabledUnits.contains("etcd.service") }
  /// Whether that member answers.
  var runsEtcd: Bool { poweredOn && activeUnits.contains("etcd.service") }

  /// What a boot makes new.
  mutating func boot() {
    poweredOn = true
    kernel = installedKernel
    files["/var/run/reboot-required"] = nil
    activeUnits = enabledUnits
  }

  /// The Kubernetes version of an installed package.
  package func version(of package: String) -> KubernetesVersion? {
    installed[package].flatMap(PackageFacts.kubernetesVersion(ofPackage:))
  }
}

/// The static pods of a control plane.
package struct SimulatedControlPlane: Sendable, Hashable {
  /// What kubeadm replaces one after the other.
  package enum Component: String, Sendable, Hashable, CaseIterable {
    case etcd
    case apiServer = "kube-apiserver"
    case controllerManager = "kube-controller-manager"
    case scheduler = "kube-scheduler"
  }

  package var apiServer: KubernetesVersion
  package var controllerManager: KubernetesVersion
  package var scheduler: KubernetesVersion
  /// etcd's image tag.
  package var etcd: String

  /// All components at one version.
  package init(_ version: KubernetesVersion) {
    self.apiServer = version
    self.controllerManager = version
    self.scheduler = version
    self.etcd = Self.etcdTag(for: version)
  }

  /// The image tag of a component.
  func tag(of component: Component) -> String {
    switch component {
    case .etcd: etcd
    case .apiServer: apiServer.tag
    case .controllerManager: controllerManager.tag
    case .scheduler: scheduler.tag
    }
  }

  mutating func set(_ component: Component, to version: KubernetesVersion) {
    switch component {
    case .etcd: etcd = Self.etcdTag(for: version)
    case .apiServer: apiServer = version
    case .controllerManager: controllerManager = version
    case .scheduler: scheduler = version
    }
  }

  /// What kubeadm puts beside an API server, roughly: 3.5 up to 1.33, 3.6 afterwards, 3.4 before 1.22.
  static func etcdTag(for version: KubernetesVersion) -> String {
    switch version.minorVersion.minor {
    case ..<22: "3.4.13-0"
    case ..<29: "3.5.12-0"
    case ..<31: "3.5.15-0"
    case ..<34: "3.5.24-0"
    default: "3.6.5-0"
    }
  }
}

/// A node object and the kubelet behind it.
package struct SimulatedNode: Sendable, Hashable {
  /// What the kubelet is doing.
  package enum Kubelet: Sendable, Hashable { case running, starting, stopped }

  package var name: String
  package var controlPlane: SimulatedControlPlane?
  package var unschedulable = false
  package var annotations: [String: String] = [:]
  package var kubelet = Kubelet.running
  /// What the kubelet last reported.
  package var kubeletVersion: KubernetesVersion
  /// Which boot of its host, counted from 1, the kubelet last reported.
  package var reportedBoot = 1
  /// For which version kubeadm last wrote the kubelet's configuration.
  package var kubeletConfiguration: KubernetesVersion

  /// Makes a node whose kubelet runs.
  package init(name: String, version: KubernetesVersion, isControlPlane: Bool) {
    self.name = name
    self.controlPlane = isControlPlane ? SimulatedControlPlane(version) : nil
    self.kubeletVersion = version
    self.kubeletConfiguration = version
  }
}

/// Everything there is, as a value.
package struct SimulatedState: Sendable, Hashable {
  package var hosts: [String: SimulatedHost] = [:]
  package var nodes: [String: SimulatedNode] = [:]
  package var workloads: [SimulatedWorkload] = []
  package var budgets: [SimulatedBudget] = []
  /// By UID.
  package var pods: [String: ClusterPod] = [:]
  /// What the package source holds, newest first.
  package var repository: [String: [String]] = [:]
  /// What the system's own package source holds, newest first.
  package var systemRepository: [String: [String]] = [:]
  /// Which version of a package its archive of security updates holds.
  package var securityVersions: [String: String] = [:]
  /// Whether each minor has a repository of its own, at an address with `/v1.30/` in it, and hosts see only those that
  /// their source files name.
  package var repositoryPerMinor = false
  /// `kubernetesVersion` of kubeadm's configuration.
  package var clusterVersion: KubernetesVersion
  package var terminatingNamespaces: Set<String> = []
  /// What web addresses answer; others can't be reached.
  package var web: [String: HTTPAnswer] = [:]
  /// Persistent volumes that are attached, by node.
  package var attachedVolumes: [String: Set<String>] = [:]

  /// Makes an empty cluster.
  package init(version: KubernetesVersion) { self.clusterVersion = version }

  /// What a source line leads to, by package; nil when there is no such repository.
  func offers(behind line: String) -> [String: [String]]? {
    guard repositoryPerMinor else { return repository }
    let found = repository.mapValues { versions in
      versions.filter { version in
        guard let version = PackageFacts.kubernetesVersion(ofPackage: version) else { return false }
        return line.contains("/v\(version.minorVersion)/")
      }
    }
    return KubernetesPackages.versioned.allSatisfy { found[$0]?.isEmpty ?? true } ? nil : found
  }

  /// What the source files of a host lead to.
  func offers(to host: SimulatedHost) -> [String: [String]] {
    guard repositoryPerMinor else { return repository.merging(systemRepository) { $1 } }
    let lines = host.files.filter { PackageSource.isSourceFile($0.key) }.sorted { $0.key < $1.key }
    return lines.reduce(into: systemRepository) { offers, line in
      offers.merge(self.offers(behind: line.value) ?? [:]) { $0 + $1 }
    }
  }

  /// A UUID's form; another one for each host and boot.
  func bootID(ofHost name: String, boot: Int) -> String {
    let number = String(hosts.keys.sorted().firstIndex(of: name) ?? 0)
    let boot = String(boot)
    return "00000000-0000-4000-8000-" + String(repeating: "0", count: max(0, 10 - number.count - boot.count))
      + number + "b" + boot + "0"
  }

  /// Versions of all API servers.
  var apiServers: [KubernetesVersion] { nodes.values.compactMap { $0.controlPlane?.apiServer } }

  /// The host behind a node.
  func host(ofNode node: String) -> SimulatedHost? { hosts.values.first { $0.node == node } }

  /// Why a node is not Ready; nil when it is.
  func unreadiness(of node: SimulatedNode) -> String? {
    if let host = host(ofNode: node.name) {
      if !host.poweredOn { return "Kubelet stopped posting node status." }
      if host.containerRuntime == nil { return "container runtime is down" }
    }
    switch node.kubelet {
    case .stopped: return "Kubelet stopped posting node status."
    case .starting: return "container runtime status check may not have completed yet"
    case .running: break
    }
    guard let oldest = apiServers.min(), node.kubeletVersion.minorVersion > oldest.minorVersion else {
      return nil
    }
    return "kubelet \(node.kubeletVersion) is newer than API server \(oldest)"
  }

  /// What is left when names made up on the way (UIDs, pod names, placement) are taken out: two runs that ended in
  /// the same state have equal snapshots.
  package var snapshot: SimulatedSnapshot {
    var ready: [String: Int] = [:]
    for pod in pods.values where pod.ready && !pod.terminating {
      ready["\(pod.namespace)/\(pod.controller?.name ?? pod.name)", default: 0] += 1
    }
    return SimulatedSnapshot(hosts: hosts, nodes: nodes, readyPods: ready, clusterVersion: clusterVersion)
  }
}

/// The state of a cluster that two runs can be compared by.
package struct SimulatedSnapshot: Sendable, Hashable {
  package var hosts: [String: SimulatedHost]
  package var nodes: [String: SimulatedNode]
  /// Ready pods by `namespace/controller`.
  package var readyPods: [String: Int]
  package var clusterVersion: KubernetesVersion
}
