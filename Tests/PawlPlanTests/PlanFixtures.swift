import PawlModel
import PawlPlan

/// A cluster and a catalogue small enough to read in a test.
enum Fixture {
  static let old = KubernetesVersion(1, 19, 16)

  /// Actions that only have the effects that plan checks look at.
  static let catalog = ActionCatalog([
    spec("test/note", needsHost: false),
    spec("test/touch", parameters: [.init("text", .string, default: .string("x"), "")]),
    spec("node/drain", parameters: [.init("timeout", .duration, default: .int(600), "")]) {
      [.outOfService(node: $0.node)]
    },
    spec("node/uncordon") { [.inService(node: $0.node)] },
    spec("plane/upgrade", parameters: [version], reversibility: .final) { site in
      site.version("version").map { [.controlPlane(node: site.node, version: $0)] } ?? []
    },
    spec("kubelet/install", parameters: [version]) { site in
      site.version("version").map { [.kubeletInstalled(node: site.node, version: $0)] } ?? []
    },
    spec("kubelet/restart", parameters: [version]) { site in
      site.version("version").map { [.kubeletRunning(node: site.node, version: $0)] } ?? []
    },
    spec("rollout/approval", needsHost: false), spec("rollout/await-window", needsHost: false),
    spec("rollout/check-unavailable"), spec("rollout/soak", needsHost: false),
    spec("cluster/check-quorum"), spec("etcd/check-members"), spec("host/reboot", reversibility: .final),
    ActionSpec(
      name: "test/compare", version: 1, summary: "", reversibility: .readOnly, timeoutSeconds: 60,
      estimateSeconds: 1, comesAfter: "test/touch@v1", title: { _ in "Compare" }),
    ActionSpec(
      name: "test/frozen", version: 1, summary: "", reversibility: .readOnly, timeoutSeconds: 60,
      estimateSeconds: 1,
      title: { _ in "Frozen" },
      freeze: { (site, facts) throws(PlanRefusal) in
        guard let facts else {
          throw PlanRefusal(code: "no-facts", message: "Nothing is known of \(site.node).")
        }
        return ["boot": .string(facts.bootID)]
      }),
  ])

  private static let version = ActionSpec.Parameter("version", .version, "")

  private static func spec(
    _ name: String, parameters: [ActionSpec.Parameter] = [], needsHost: Bool = true,
    reversibility: Reversibility = .compensable,
    effects: @escaping @Sendable (ActionSpec.Site) -> [StateEffect] = { _ in [] }
  ) -> ActionSpec {
    ActionSpec(
      name: name, version: 1, summary: name, parameters: parameters, needsHost: needsHost,
      reversibility: reversibility, timeoutSeconds: 60, estimateSeconds: 10,
      title: { "\(name) on \($0.node)" }, effects: effects)
  }

  static func inventory(
    controlPlanes: Int = 1, workers: Int = 2, maxUnavailable: Int = 1, zones: [String] = [],
    rollout: RolloutPolicy? = nil
  ) -> Inventory {
    let planes = (1...controlPlanes).map {
      Host(name: "cp-\($0)", address: "10.0.0.\($0)", roles: [.controlPlane])
    }
    let others = (0..<workers).map {
      Host(
        name: "worker-\($0 + 1)", address: "10.0.1.\($0 + 1)", roles: [.worker],
        labels: zones.isEmpty ? [:] : ["zone": zones[$0 % zones.count]])
    }
    return Inventory(
      name: "test", kubernetes: KubernetesAccess(kubeconfig: "/k"), ssh: SSHAccess(user: "u", keys: ["/key"]),
      hosts: planes + others, groups: ["canary": ["worker-1"]],
      policy: Policy(maxUnavailable: maxUnavailable, rollout: rollout))
  }

  static func facts(_ inventory: Inventory, kubelets: [String: KubernetesVersion] = [:]) -> Facts {
    Facts(
      cluster: ClusterFacts(
        serverVersion: old,
        nodes: inventory.hosts.map {
          NodeFacts(
            name: $0.node, isControlPlane: $0.isControlPlane, kubeletVersion: kubelets[$0.node] ?? old,
            ready: true)
        },
        controlPlane: inventory.hosts.filter(\.isControlPlane).map {
          ControlPlaneFacts(node: $0.node, apiServer: old, controllerManager: old, scheduler: old)
        }),
      hosts: inventory.hosts.reduce(into: [:]) { $0[$1.name] = host })
  }

  static let host: HostFacts = {
    let offers = ["1.21.14-1.1", "1.20.15-00", "1.20.14-00", "1.19.16-00"]
    let package = PackageFacts(installed: "1.19.16-00", held: true, available: offers)
    return HostFacts(
      operatingSystem: "Debian", architecture: "x86_64", bootID: "b1", sudo: true,
      packages: ["kubeadm": package, "kubelet": package, "kubectl": package], freeBytes: [:],
      containerRuntime: "containerd", kubeletActive: true)
  }()

  static func runbook(_ steps: String, inputs: String = "{}") throws -> Runbook {
    try Runbook.read(
      text: """
        apiVersion: pawl.dev/v1alpha1
        kind: Runbook
        metadata: {name: test, version: 1.0.0, description: A test.}
        inputs: \(inputs)
        steps:
        \(steps.split(separator: "\n").map { "  " + $0 }.joined(separator: "\n"))
        """, file: "test.yaml")
  }

  static func plan(
    _ steps: String, inputs: String = "{}", given: [String: String] = [:], inventory: Inventory = inventory(),
    facts: Facts? = nil, limit: Set<String> = [], unreachable: [UnreachableWorker] = []
  ) throws -> Plan {
    try Planner(catalog: catalog).plan(
      Planner.Request(
        runbook: runbook(steps, inputs: inputs), inventory: inventory, facts: facts ?? self.facts(inventory),
        inputs: given, limit: limit, unreachable: unreachable))
  }
}

extension Plan {
  /// `id <- needs` for each step, the shortest form of a graph.
  var edges: [String] {
    steps.map { "\($0.id) <- \($0.needs.map(\.text).joined(separator: " "))" }
  }
}
