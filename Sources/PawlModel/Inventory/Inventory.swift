/// The cluster as its operator describes it: hosts, how to reach them, and what is allowed.
///
/// Read from `inventory/*.yaml`; paths in it are relative to that file and absolute once decoded.
package struct Inventory: Sendable, Hashable, Codable {
  /// The cluster's name, from `metadata.name`; locks and runs carry it.
  package var name: String
  /// Where the API server's credentials are.
  package var kubernetes: KubernetesAccess
  /// How hosts are reached.
  package var ssh: SSHAccess
  /// All hosts, in file order.
  package var hosts: [Host]
  /// Named sets of hosts, each a list of host names.
  package var groups: [String: [String]]
  /// Where packages come from.
  package var packages: PackageSource
  /// What is allowed.
  package var policy: Policy

  /// Makes an inventory.
  package init(
    name: String, kubernetes: KubernetesAccess, ssh: SSHAccess, hosts: [Host],
    groups: [String: [String]] = [:],
    packages: PackageSource = PackageSource(), policy: Policy = Policy()
  ) {
    self.name = name
    self.kubernetes = kubernetes
    self.ssh = ssh
    self.hosts = hosts
    self.groups = groups
    self.packages = packages
    self.policy = policy
  }

  /// The host of that name; nil when there is none.
  package func host(named name: String) -> Host? { hosts.first { $0.name == name } }
}

/// The kubeconfig and context that reach the API server from where Pawl runs.
package struct KubernetesAccess: Sendable, Hashable, Codable {
  /// Absolute path of the kubeconfig.
  package var kubeconfig: String
  /// The context; nil for the file's current one.
  package var context: String?

  /// Makes the access.
  package init(kubeconfig: String, context: String? = nil) {
    self.kubeconfig = kubeconfig
    self.context = context
  }
}

/// How to log in to hosts, and the bastions on the way. A host or bastion may override user, port and keys.
package struct SSHAccess: Sendable, Hashable, Codable {
  /// Login name.
  package var user: String
  /// TCP port.
  package var port: Int
  /// Absolute paths of private keys, tried in order.
  package var keys: [String]
  /// Whether the agent at `SSH_AUTH_SOCK` is asked, before the key files.
  package var agent: Bool
  /// Absolute paths of known_hosts files.
  package var knownHosts: [String]
  /// Limit for TCP connect, handshake and login of one hop.
  package var connectTimeoutSeconds: Int
  /// The way to the hosts, first hop first; empty for a direct way.
  package var bastions: [Bastion]

  /// Makes the access.
  package init(
    user: String, port: Int = 22, keys: [String] = [], agent: Bool = false, knownHosts: [String] = [],
    connectTimeoutSeconds: Int = 15, bastions: [Bastion] = []
  ) {
    self.user = user
    self.port = port
    self.keys = keys
    self.agent = agent
    self.knownHosts = knownHosts
    self.connectTimeoutSeconds = connectTimeoutSeconds
    self.bastions = bastions
  }
}

/// A hop between Pawl and the hosts.
package struct Bastion: Sendable, Hashable, Codable {
  /// The name used in messages.
  package var name: String
  /// Host name or IP address.
  package var address: String
  /// Overrides of `ssh`; nil takes the common value.
  package var port: Int?
  package var user: String?
  package var keys: [String]?

  /// Makes a bastion.
  package init(name: String, address: String, port: Int? = nil, user: String? = nil, keys: [String]? = nil) {
    self.name = name
    self.address = address
    self.port = port
    self.user = user
    self.keys = keys
  }
}

/// What a host is for in the cluster.
package enum HostRole: String, Sendable, Hashable, Codable, CaseIterable {
  case controlPlane = "control-plane"
  case worker
  case etcd
  /// Between Pawl and the hosts. No node; it is in the list only to be patched.
  case bastion
}

/// One machine of the cluster.
package struct Host: Sendable, Hashable, Codable {
  /// The name in the inventory, in step ids and messages.
  package var name: String
  /// Address as seen from the last bastion.
  package var address: String
  /// The node's name in Kubernetes, `name` unless given.
  package var node: String
  /// At least one role.
  package var roles: [HostRole]
  /// Free labels for selection, such as zone.
  package var labels: [String: String]
  /// Overrides of `ssh`; nil takes the common value.
  package var port: Int?
  package var user: String?
  package var keys: [String]?
  /// Names of the bastions to go through instead of all of `ssh.bastions`; nil for all of them.
  package var via: [String]?

  /// Makes a host.
  package init(
    name: String, address: String, node: String? = nil, roles: [HostRole], labels: [String: String] = [:],
    port: Int? = nil, user: String? = nil, keys: [String]? = nil, via: [String]? = nil
  ) {
    self.name = name
    self.address = address
    self.node = node ?? name
    self.roles = roles
    self.labels = labels
    self.port = port
    self.user = user
    self.keys = keys
    self.via = via
  }

  /// Whether the host runs the control plane.
  package var isControlPlane: Bool { roles.contains(.controlPlane) }
  /// Whether it is no part of the cluster, only of the way to it.
  package var isBastion: Bool { roles.contains(.bastion) }
  /// Whether it is a node that runs no part of the control plane.
  package var isWorker: Bool { roles.contains(.worker) && !isControlPlane }

  /// The failure zone, by the label that Kubernetes has for it or the short one; empty when it has none.
  package var zone: String { labels["topology.kubernetes.io/zone"] ?? labels["zone"] ?? "" }
}

/// What a run may do; the command line can narrow it.
package struct Policy: Sendable, Hashable, Codable {
  /// What happens to pods that drain cannot move without loss.
  package enum LossPolicy: String, Sendable, Hashable, Codable, CaseIterable { case refuse, delete }
  /// What a failed run does with what it left: keep it for a resume, or undo it as a cancel does.
  package enum FailurePolicy: String, Sendable, Hashable, Codable, CaseIterable { case keep, undo }

  /// Worker nodes out of service at once, at least 1, whoever took them out.
  package var maxUnavailable: Int
  /// Limit for draining one node.
  package var drainTimeoutSeconds: Int
  /// Pods with emptyDir volumes.
  package var localData: LossPolicy
  /// Pods without a controller.
  package var unmanagedPods: LossPolicy
  /// Single pods, and the limit.
  package var drain: DrainSettings
  /// What a run left when a step failed for good.
  package var onFailure: FailurePolicy
  /// How hosts are patched.
  package var patch: PatchPolicy
  /// What is to be proven after each node, besides what the runbook looks at.
  package var gates: Gates
  /// The shape of a rollout; nil for none.
  package var rollout: RolloutPolicy?

  /// Makes a policy; the defaults are the cautious ones.
  package init(
    maxUnavailable: Int = 1, drainTimeoutSeconds: Int = 600, localData: LossPolicy = .refuse,
    unmanagedPods: LossPolicy = .refuse, onFailure: FailurePolicy = .keep,
    drain: DrainSettings = DrainSettings(), patch: PatchPolicy = PatchPolicy(), gates: Gates = Gates(),
    rollout: RolloutPolicy? = nil
  ) {
    self.maxUnavailable = maxUnavailable
    self.drainTimeoutSeconds = drainTimeoutSeconds
    self.localData = localData
    self.unmanagedPods = unmanagedPods
    self.onFailure = onFailure
    self.drain = drain
    self.patch = patch
    self.gates = gates
    self.rollout = rollout
  }

  /// Journals of 0.1.0 have the first four only.
  package init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    self.init(
      maxUnavailable: try values.decode(Int.self, forKey: .maxUnavailable),
      drainTimeoutSeconds: try values.decode(Int.self, forKey: .drainTimeoutSeconds),
      localData: try values.decode(LossPolicy.self, forKey: .localData),
      unmanagedPods: try values.decode(LossPolicy.self, forKey: .unmanagedPods),
      onFailure: try values.decodeIfPresent(FailurePolicy.self, forKey: .onFailure) ?? .keep,
      drain: try values.decodeIfPresent(DrainSettings.self, forKey: .drain) ?? DrainSettings(),
      patch: try values.decodeIfPresent(PatchPolicy.self, forKey: .patch) ?? PatchPolicy(),
      gates: try values.decodeIfPresent(Gates.self, forKey: .gates) ?? Gates(),
      rollout: try values.decodeIfPresent(RolloutPolicy.self, forKey: .rollout))
  }
}

/// How hosts are patched.
package struct PatchPolicy: Sendable, Hashable, Codable {
  /// A program with its arguments that is run as root and ends with 0 when the host should be rebooted, besides what
  /// the system itself says; empty for none.
  package var rebootRequiredCommand: [String]

  /// Makes a policy.
  package init(rebootRequiredCommand: [String] = []) {
    self.rebootRequiredCommand = rebootRequiredCommand
  }
}
