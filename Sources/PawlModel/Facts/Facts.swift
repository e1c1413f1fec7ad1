/// What was found out about a cluster and its hosts, at one time. The planner's only knowledge of the world.
package struct Facts: Sendable, Hashable, Codable {
  /// The form of this file.
  package static let currentSchemaVersion = 1

  /// See `currentSchemaVersion`.
  package var schemaVersion: Int
  /// From the API server.
  package var cluster: ClusterFacts
  /// From each host, by inventory name.
  package var hosts: [String: HostFacts]

  /// Makes facts.
  package init(cluster: ClusterFacts, hosts: [String: HostFacts]) {
    self.schemaVersion = Self.currentSchemaVersion
    self.cluster = cluster
    self.hosts = hosts
  }
}

/// What the API server says.
package struct ClusterFacts: Sendable, Hashable, Codable {
  /// The version of the API server that answered.
  package var serverVersion: KubernetesVersion
  /// All nodes, by name in order.
  package var nodes: [NodeFacts]
  /// Control-plane components by node, in node order.
  package var controlPlane: [ControlPlaneFacts]
  /// Budgets that allow no disruption now, for warnings.
  package var podDisruptionBudgets: [PodDisruptionBudgetFacts]

  /// Makes cluster facts.
  package init(
    serverVersion: KubernetesVersion, nodes: [NodeFacts], controlPlane: [ControlPlaneFacts],
    podDisruptionBudgets: [PodDisruptionBudgetFacts] = []
  ) {
    self.serverVersion = serverVersion
    self.nodes = nodes
    self.controlPlane = controlPlane
    self.podDisruptionBudgets = podDisruptionBudgets
  }

  /// The node of that name; nil when the API server does not know it.
  package func node(named name: String) -> NodeFacts? { nodes.first { $0.name == name } }

  /// Workers that are out of service already: they count against what may be unavailable.
  package var unavailableWorkers: [String] { nodes.filter(\.isOutForOthers).map(\.name) }
}

/// One node object.
package struct NodeFacts: Sendable, Hashable, Codable {
  /// Its name.
  package var name: String
  /// Whether it carries a control-plane (or master) label.
  package var isControlPlane: Bool
  /// What its kubelet reports.
  package var kubeletVersion: KubernetesVersion
  /// Condition Ready is True.
  package var ready: Bool
  /// `spec.unschedulable`: cordoned, before Pawl came.
  package var cordoned: Bool
  /// The run that cordoned it, from Pawl's annotation; nil when Pawl did not.
  package var cordonedByRun: String?
  /// Pods on the node now.
  package var podCount: Int

  /// Whether it is a worker that is out of service already. A run's mark is another run's: this one has not begun.
  package var isOutForOthers: Bool { !isControlPlane && (cordoned || !ready) }

  /// Makes node facts.
  package init(
    name: String, isControlPlane: Bool, kubeletVersion: KubernetesVersion, ready: Bool,
    cordoned: Bool = false,
    cordonedByRun: String? = nil, podCount: Int = 0
  ) {
    self.name = name
    self.isControlPlane = isControlPlane
    self.kubeletVersion = kubeletVersion
    self.ready = ready
    self.cordoned = cordoned
    self.cordonedByRun = cordonedByRun
    self.podCount = podCount
  }
}

/// The static pods of one control-plane node; nil for a component that was not found.
package struct ControlPlaneFacts: Sendable, Hashable, Codable {
  /// The node's name.
  package var node: String
  package var apiServer: KubernetesVersion?
  package var controllerManager: KubernetesVersion?
  package var scheduler: KubernetesVersion?
  /// etcd's own version, as its image tag says.
  package var etcd: String?

  /// Makes control-plane facts.
  package init(
    node: String, apiServer: KubernetesVersion?, controllerManager: KubernetesVersion?,
    scheduler: KubernetesVersion?, etcd: String? = nil
  ) {
    self.node = node
    self.apiServer = apiServer
    self.controllerManager = controllerManager
    self.scheduler = scheduler
    self.etcd = etcd
  }
}

/// A disruption budget's arithmetic.
package struct PodDisruptionBudgetFacts: Sendable, Hashable, Codable {
  package var namespace: String
  package var name: String
  package var disruptionsAllowed: Int
  package var currentHealthy: Int
  package var desiredHealthy: Int

  /// Makes budget facts.
  package init(
    namespace: String, name: String, disruptionsAllowed: Int, currentHealthy: Int, desiredHealthy: Int
  ) {
    self.namespace = namespace
    self.name = name
    self.disruptionsAllowed = disruptionsAllowed
    self.currentHealthy = currentHealthy
    self.desiredHealthy = desiredHealthy
  }
}

/// What one host says over SSH.
package struct HostFacts: Sendable, Hashable, Codable {
  /// `PRETTY_NAME` of os-release.
  package var operatingSystem: String
  /// `uname -m`.
  package var architecture: String
  /// Changes with each boot.
  package var bootID: String
  /// Whether root is had: logged in as root, or `sudo -n` works.
  package var sudo: Bool
  /// kubeadm, kubelet, kubectl and what they need, by package name.
  package var packages: [String: PackageFacts]
  /// Free bytes by mount point of interest (`/`, `/var`).
  package var freeBytes: [String: Int]
  /// Whether containerd (or CRI-O) is active; nil when neither unit exists.
  package var containerRuntime: String?
  /// Whether the kubelet's unit is active.
  package var kubeletActive: Bool
  /// Packages that dpkg reports as half-installed or half-configured.
  package var brokenPackages: [String]
  /// nil in facts of earlier Pawls, which knew apt only.
  package var packageManager: PackageManager?
  /// nil unless it was asked for.
  package var patch: PatchFacts?

  /// Makes host facts.
  package init(
    operatingSystem: String, architecture: String, bootID: String, sudo: Bool,
    packages: [String: PackageFacts],
    freeBytes: [String: Int], containerRuntime: String?, kubeletActive: Bool, brokenPackages: [String] = [],
    packageManager: PackageManager? = .apt, patch: PatchFacts? = nil
  ) {
    self.operatingSystem = operatingSystem
    self.architecture = architecture
    self.bootID = bootID
    self.sudo = sudo
    self.packages = packages
    self.freeBytes = freeBytes
    self.containerRuntime = containerRuntime
    self.kubeletActive = kubeletActive
    self.brokenPackages = brokenPackages
    self.packageManager = packageManager
    self.patch = patch
  }
}

/// One package on one host.
package struct PackageFacts: Sendable, Hashable, Codable {
  /// The installed package version, `1.19.16-00`; nil when not installed.
  package var installed: String?
  /// Whether it is on hold.
  package var held: Bool
  /// Package versions on offer, newest first.
  package var available: [String]

  /// Makes package facts.
  package init(installed: String?, held: Bool, available: [String]) {
    self.installed = installed
    self.held = held
    self.available = available
  }

  /// The Kubernetes version in a package version: what stands before the revision and after an epoch, and after
  /// `+really`, Debian's mark for a version that had to go back (`1.20.5+really1.20.2-1`).
  package static func kubernetesVersion(ofPackage text: String) -> KubernetesVersion? {
    var rest = Substring(text)
    if let colon = rest.firstIndex(of: ":") { rest = rest[rest.index(after: colon)...] }
    if let really = rest.firstRange(of: "+really") { rest = rest[really.upperBound...] }
    if let dash = rest.lastIndex(of: "-") { rest = rest[..<dash] }
    return KubernetesVersion(parsing: String(rest.map { $0 == "~" ? "-" : $0 }))
  }

  /// The installed Kubernetes version; nil when not installed or not a version.
  package var installedVersion: KubernetesVersion? { installed.flatMap(Self.kubernetesVersion(ofPackage:)) }
}
