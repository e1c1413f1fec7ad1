import PawlModel
import PawlPlan
import PawlSteps
import Testing

/// Each problem by itself: the healthy cluster with one thing spoiled.
private let cases: [CheckCase] = [
  CheckCase("healthy", []) { _, _ in },
  CheckCase("no sudo", ["error no-sudo worker-1"]) { $1.hosts["worker-1"]?.sudo = false },
  CheckCase("untried system", ["warning untried-os worker-1"]) {
    $1.hosts["worker-1"]?.operatingSystem = "Linux Mint 22"
  },
  CheckCase("broken packages", ["error broken-packages cp-1"]) {
    $1.hosts["cp-1"]?.brokenPackages = ["kubelet"]
  },
  CheckCase("full disk", ["error disk-full worker-1"]) {
    $1.hosts["worker-1"]?.freeBytes["/var"] = (1 << 30) - 1
  },
  CheckCase("just enough disk", []) { $1.hosts["worker-1"]?.freeBytes["/var"] = 1 << 30 },
  CheckCase("no room for etcd's copy on a control plane", ["error disk-full cp-1"]) {
    $1.hosts["cp-1"]?.freeBytes["/etc"] = 0
  },
  CheckCase("a worker needs no room for etcd's copy", []) { $1.hosts["worker-1"]?.freeBytes["/etc"] = 0 },
  CheckCase("disk unknown", ["error disk-unknown worker-1"]) { $1.hosts["worker-1"]?.freeBytes["/"] = nil },
  CheckCase("no container runtime", ["error no-container-runtime cp-1"]) {
    $1.hosts["cp-1"]?.containerRuntime = nil
  },
  CheckCase("kubelet inactive", ["error kubelet-inactive cp-1"]) { $1.hosts["cp-1"]?.kubeletActive = false },
  CheckCase("not on hold", ["warning not-on-hold cp-1"]) {
    $1.hosts["cp-1"]?.packages["kubelet"]?.held = false
  },
  CheckCase("kubectl may be missing", []) { $1.hosts["cp-1"]?.packages["kubectl"] = nil },
  CheckCase("kubeadm missing", ["error package-missing worker-1"]) {
    $1.hosts["worker-1"]?.packages["kubeadm"]?.installed = nil
  },
  CheckCase("unknown node", ["error unlisted-node node-a", "error unknown-node worker-1"].sorted()) {
    inventory, _ in
    inventory.hosts[1].node = "worker-1"
  },
  CheckCase("node without a host", ["error unlisted-node node-b"]) {
    $1.cluster.nodes.append(
      NodeFacts(name: "node-b", isControlPlane: false, kubeletVersion: Healthy.version, ready: true))
  },
  CheckCase("an etcd host needs no node", []) {
    $0.hosts.append(Host(name: "etcd-1", address: "192.0.2.31", roles: [.etcd]))
    $1.hosts["etcd-1"] = Healthy.host
  },
  CheckCase("worker by inventory only", ["error role-mismatch cp-1"]) { inventory, _ in
    inventory.hosts[0].roles = [.worker]
  },
  CheckCase("control plane by inventory only", ["error role-mismatch worker-1"]) { inventory, _ in
    inventory.hosts[1].roles = [.controlPlane]
  },
  CheckCase("node not Ready", ["error node-not-ready node-a"]) { $1.cluster.nodes[1].ready = false },
  CheckCase("scheduler not found", ["error component-not-found cp-1"]) {
    $1.cluster.controlPlane[0].scheduler = nil
  },
  CheckCase(
    "no component found",
    ["error component-not-found cp-1", "error component-not-found cp-1", "error component-not-found cp-1"]
  ) { $1.cluster.controlPlane = [] },
  CheckCase("kubelet behind", ["warning kubelet-differs worker-1", "warning mixed-kubelets cluster"]) {
    $1.cluster.nodes[1].kubeletVersion = KubernetesVersion(1, 20, 2)
  },
  CheckCase("kubelet installed and not restarted", ["warning kubelet-differs worker-1"]) {
    $1.hosts["worker-1"]?.packages["kubelet"]?.installed = "1.21.14-00"
  },
  CheckCase("kubeadm ahead of its API server", ["warning kubeadm-differs cp-1"]) {
    $1.hosts["cp-1"]?.packages["kubeadm"]?.installed = "1.21.14-00"
  },
  CheckCase("API servers mixed", ["warning kubeadm-differs cp-2", "warning mixed-api-servers cluster"]) {
    $0.hosts.append(Host(name: "cp-2", address: "192.0.2.12", roles: [.controlPlane]))
    $1.hosts["cp-2"] = Healthy.host
    $1.cluster.nodes.append(
      NodeFacts(name: "cp-2", isControlPlane: true, kubeletVersion: Healthy.version, ready: true))
    let newer = KubernetesVersion(1, 21, 14)
    $1.cluster.controlPlane.append(
      ControlPlaneFacts(node: "cp-2", apiServer: newer, controllerManager: newer, scheduler: newer))
  },
  CheckCase("cordoned by somebody", ["warning cordoned node-a"]) { $1.cluster.nodes[1].cordoned = true },
  CheckCase("cordoned by a run", ["error cordoned-by-run node-a"]) {
    $1.cluster.nodes[1].cordoned = true
    $1.cluster.nodes[1].cordonedByRun = "run-7"
  },
  CheckCase("a budget that allows nothing", ["warning budget-blocks shop/web"]) {
    $1.cluster.podDisruptionBudgets = [
      PodDisruptionBudgetFacts(
        namespace: "shop", name: "web", disruptionsAllowed: 0, currentHealthy: 2, desiredHealthy: 2)
    ]
  },
  CheckCase("nothing known of a host", ["error facts-missing worker-1"]) { $1.hosts["worker-1"] = nil },
]

@Suite("Pre-flight checks")
struct PreflightTests {
  @Test("each thing that can be wrong", arguments: cases)
  func oneThing(row: CheckCase) {
    var inventory = Healthy.inventory
    var facts = Healthy.facts
    row.spoil(&inventory, &facts)
    let problems = Preflight.check(inventory, facts, skew: { _ in [] })
    #expect(problems.map { "\($0.severity) \($0.code) \($0.subject)" }.sorted() == row.expected)
    #expect(problems.allSatisfy { $0.kind == .refusal })
    for problem in problems {
      #expect(problem.message.hasSuffix("."))
      let host = inventory.hosts.first { $0.node == problem.subject }?.name
      let isNamed = problem.message.contains(problem.subject) || host.map(problem.message.contains) ?? false
      #expect(isNamed || problem.subject == "cluster")
    }
  }

  @Test("everything at once: nothing hides anything else, errors come first")
  func everything() {
    var inventory = Healthy.inventory
    var facts = Healthy.facts
    facts.hosts["worker-1"]?.packages["kubelet"]?.held = false
    facts.hosts["worker-1"]?.sudo = false
    facts.cluster.nodes[1].ready = false
    facts.cluster.nodes[1].cordoned = true
    inventory.hosts.append(Host(name: "worker-2", address: "192.0.2.22", roles: [.worker]))
    let problems = Preflight.check(inventory, facts) { _ in
      [CheckProblem(subject: "node-a", code: "skew", message: "The kubelet of node-a is too new.")]
    }
    #expect(
      problems.map(\.code) == [
        "facts-missing", "unknown-node", "node-not-ready", "skew", "no-sudo", "cordoned", "not-on-hold",
      ])
  }

  @Test("a job is not forbidden by workers that its limit leaves out, nor a patch by what only upgrades need")
  func scope() {
    var (inventory, facts) = (Healthy.inventory, Healthy.facts)
    inventory.hosts.append(Host(name: "worker-2", address: "192.0.2.22", node: "node-b", roles: [.worker]))
    facts.cluster.nodes[1].ready = false
    facts.hosts["cp-1"]?.packages["kubeadm"]?.installed = nil
    let away = CheckProblem(
      kind: .unreachable, subject: "worker-1, worker-2", code: "unreachable", message: "Both are away.")
    let problems =
      Preflight.check(inventory, facts, skew: { _ in [] }).filter { $0.severity == .error } + [away]
    func errors(_ limit: Set<String>, patching: Bool) -> [String] {
      PreflightScope(limit: limit, patching: patching).relax(problems, inventory)
        .filter { $0.severity == .error }.map(\.code)
    }
    let all = ["facts-missing", "unknown-node", "node-not-ready", "package-missing", "unreachable"]
    #expect(errors([], patching: false) == all)
    #expect(errors([], patching: true) == all.filter { $0 != "package-missing" })
    #expect(errors(["cp-1"], patching: false) == ["package-missing"])
    #expect(errors(["worker-2"], patching: true) == ["facts-missing", "unknown-node", "unreachable"])
    #expect(errors(["worker-1"], patching: true) == ["node-not-ready", "unreachable"], "cp-1 is no worker")
    let hints = PreflightScope(limit: [], patching: false).relax([away, Self.gone("cp-1")], inventory)
      .map(\.hint)
    #expect(hints == ["To go on without, name the other hosts with --limit.", nil])
  }

  @Test("Workers out of reach are left behind within the failure budget")
  func leftBehind() {
    var inventory = Healthy.inventory
    inventory.hosts.append(Host(name: "worker-2", address: "192.0.2.22", node: "node-b", roles: [.worker]))
    inventory.hosts.append(Host(name: "worker-3", address: "192.0.2.23", roles: [.worker, .etcd]))
    func left(_ problems: [CheckProblem], budget: Int, limit: Set<String> = []) -> [String] {
      PreflightScope(limit: limit, patching: false, failureBudget: budget).leftBehind(problems, inventory)
        .map { "\($0.host) \($0.node): \($0.reason)" }
    }
    let away = Self.gone("worker-1, worker-2")
    #expect(left([away], budget: 2) == ["worker-1 node-a: It is away.", "worker-2 node-b: It is away."])
    #expect(left([away], budget: 1) == [], "more than the budget")
    #expect(left([away], budget: 1, limit: ["cp-1", "worker-2"]) == ["worker-2 node-b: It is away."])
    #expect(left([away], budget: 2, limit: ["worker-1", "worker-2"]) == [], "nothing would be left to do")
    #expect(left([Self.gone("cp-1"), Self.gone("worker-3"), Self.gone("bastion")], budget: 9) == [])
    var warning = away
    warning.severity = .warning
    var refusal = away
    refusal.kind = .refusal
    #expect(left([warning, refusal], budget: 9) == [])

    let notReady = CheckProblem(
      subject: "node-b", code: "node-not-ready", message: "The node node-b is not Ready.")
    let scope = PreflightScope(limit: [], patching: false, failureBudget: 1)
    let problems = [Self.gone("worker-2"), notReady, Self.gone("cp-1")]
    let relaxed = scope.relax(problems, inventory, leftBehind: scope.leftBehind(problems, inventory))
    #expect(relaxed.map(\.severity) == [.warning, .warning, .error])
    #expect(
      scope.relax([away], inventory).map(\.hint) == [
        "'policy.rollout.failureBudget' lets 1 be left behind; to go on without, name the other hosts with --limit."
      ])
  }

  private static func gone(_ subject: String) -> CheckProblem {
    CheckProblem(kind: .unreachable, subject: subject, code: "unreachable", message: "It is away.")
  }

  @Test("the skew rules are asked with the facts as they are")
  func skewSeam() {
    var asked: [Facts] = []
    _ = Preflight.check(Healthy.inventory, Healthy.facts) {
      asked.append($0)
      return []
    }
    #expect(asked == [Healthy.facts])
  }

  @Test("a report's own problems say why facts are missing, so that is not said twice")
  func reportProblems() {
    var facts = Healthy.facts
    facts.hosts["worker-1"] = nil
    let lost = Self.gone("worker-1")
    let report = FactReport(facts: facts, hosts: facts.hosts, problems: [lost])
    #expect(Preflight.check(Healthy.inventory, report, skew: { _ in [] }) == [lost])
  }

  @Test("without an API server the hosts are still checked")
  func hostsOnly() {
    var host = Healthy.host
    host.sudo = false
    let away = CheckProblem(
      kind: .unreachable, subject: "cluster", code: "api-unreachable", message: "It is away.")
    let report = FactReport(facts: nil, hosts: ["cp-1": host], problems: [away])
    #expect(
      Preflight.check(Healthy.inventory, report, skew: { _ in [] }).map(\.code) == [
        "api-unreachable", "no-sudo",
      ])
  }

  @Test("what an operator reads")
  func wording() {
    var facts = Healthy.facts
    facts.hosts["cp-1"]?.brokenPackages = ["kubelet", "kubeadm"]
    facts.hosts["cp-1"]?.freeBytes["/var"] = 300 << 20
    let texts = Preflight.check(Healthy.inventory, facts, skew: { _ in [] }).map(\.description)
    #expect(
      texts == [
        "dpkg on cp-1 reports kubelet, kubeadm as half installed. Run 'dpkg --configure -a' on cp-1, then "
          + "'apt-get install -f' if it still complains.",
        "cp-1 has 300 MiB free below /var; 1024 MiB are needed. Remove what is not needed, 'apt-get clean' first.",
      ])
  }
}
