import PawlEngine
import PawlModel
import PawlPlan
import PawlSteps
import Testing

@Suite struct KubeadmCommandTests {
  struct Form: Sendable {
    let version: KubernetesVersion
    let role: KubeadmCommand.Role
    let arguments: [String]

    init(_ minor: Int, _ patch: Int, _ role: KubeadmCommand.Role, _ arguments: [String]) {
      self.version = KubernetesVersion(1, minor, patch)
      self.role = role
      self.arguments = arguments
    }
  }

  @Test(arguments: [
    Form(11, 10, .worker, ["config", "--kubelet-version", "v1.11.10"]),
    Form(12, 10, .worker, ["config", "--kubelet-version", "v1.12.10"]),
    Form(14, 10, .worker, ["config", "--kubelet-version", "v1.14.10"]),
    Form(15, 12, .worker, []), Form(16, 15, .worker, []), Form(17, 0, .worker, []), Form(37, 1, .worker, []),
    Form(12, 10, .controlPlane, ["experimental-control-plane"]),
    Form(14, 10, .controlPlane, ["experimental-control-plane"]),
    Form(15, 0, .controlPlane, ["--certificate-renewal=true"]),
    Form(16, 15, .controlPlane, ["--certificate-renewal=true"]),
    Form(17, 0, .controlPlane, []), Form(20, 15, .controlPlane, []), Form(37, 1, .controlPlane, []),
  ])
  func node(_ form: Form) {
    #expect(
      KubeadmCommand.upgradeNode(form.version, role: form.role) == ["kubeadm", "upgrade", "node"]
        + form.arguments)
  }

  /// Up to 1.11 further control planes are upgraded by hand: no plan and no step pretends otherwise.
  @Test func refusesAControlPlaneThatKubeadmCannotUpgrade() throws {
    let version = KubernetesVersion(1, 11, 10)
    #expect(KubeadmCommand.upgradeNode(version, role: .controlPlane) == nil)
    let host = Host(name: "cp-2", address: "192.0.2.2", node: "node-2", roles: [.controlPlane])
    let with: [String: Value] = ["version": .version(version), "role": .string("control-plane")]
    let refusal = #expect(throws: PlanRefusal.self) {
      try KubeadmUpgradeNode.spec.freeze(ActionSpec.Site(host: host, parameters: with), nil)
    }
    #expect(refusal?.code == "no-upgrade-command")
    #expect(refusal?.message.contains("node-2") == true)
    let failure = #expect(throws: StepFailure.self) {
      try KubeadmUpgradeNode(step: ActionBench.step("kubeadm/upgrade-node@v1", with: with))
    }
    #expect(failure?.code == "no-upgrade-command")
  }

  @Test func planAndApply() {
    #expect(KubeadmCommand.upgradePlan(Sample.new) == ["kubeadm", "upgrade", "plan", "v1.20.15"])
    #expect(KubeadmCommand.upgradeApply(Sample.new) == ["kubeadm", "upgrade", "apply", "-y", "v1.20.15"])
  }
}

@Suite struct ControlPlanePodsTests {
  @Test(arguments: [
    ("k8s.gcr.io/kube-apiserver:v1.20.15", KubernetesVersion(1, 20, 15)),
    (
      "registry.example:5000/mirror/kube-apiserver:v1.21.0-rc.1",
      KubernetesVersion(1, 21, 0, preRelease: "rc.1")
    ),
    ("registry.example:5000/kube-apiserver:v1.20.15@sha256:0a1b", KubernetesVersion(1, 20, 15)),
    ("registry.example:5000/kube-apiserver", nil), ("kube-apiserver:latest", nil),
  ])
  func readsTheTag(_ image: String, _ version: KubernetesVersion?) {
    let pod = ClusterPod(
      namespace: "kube-system", name: "a", uid: "1", labels: ["component": "kube-apiserver"], node: "cp-1",
      images: ["sidecar:v9.9.9", image])
    #expect(ControlPlanePods([pod]).version(of: "kube-apiserver") == version)
  }

  @Test func ignoresPodsOfOtherNamespaces() {
    let pod = ClusterPod(
      namespace: "shop", name: "a", uid: "1", labels: ["component": "kube-apiserver"], node: "cp-1",
      images: ["kube-apiserver:v1.20.15"])
    #expect(ControlPlanePods([pod]).version(of: "kube-apiserver") == nil)
  }
}

@Suite struct KubeadmUpgradeTests {
  static let apply = ["kubeadm", "upgrade", "apply", "-y", "v1.20.15"]
  static let node = ["kubeadm", "upgrade", "node"]
  private let applyStep = ActionBench.step("kubeadm/upgrade-apply@v1", with: ["version": .string("v1.20.15")])

  private func nodeStep(_ role: String, version: String = "1.20.15") -> PlanStep {
    ActionBench.step(
      "kubeadm/upgrade-node@v1",
      with: ["version": .string(version), "role": .string(role), "node": .string("cp-1")])
  }

  @Test func applies() async {
    let bench = ActionBench([.init(Self.apply, "[upgrade/successful] SUCCESS!\n")])
    #expect(
      await bench.perform(applyStep).outcome
        == StepOutcome("Upgraded the control plane of cp-1 to v1.20.15.", changed: true))
    #expect(bench.host.programs == [Self.apply])
    #expect(bench.host.commands.first?.asRoot == true)
    #expect(bench.host.commands.first?.timeoutSeconds == 600)
  }

  @Test func upgradesNodesInTheFormOfTheVersion() async {
    for (role, version, argv, summary) in [
      ("worker", "1.20.15", Self.node, "Upgraded the kubelet configuration of cp-1 to v1.20.15."),
      ("control-plane", "1.20.15", Self.node, "Upgraded the control plane of cp-1 to v1.20.15."),
      (
        "worker", "1.12.3", Self.node + ["config", "--kubelet-version", "v1.12.3"],
        "Upgraded the kubelet configuration of cp-1 to v1.12.3."
      ),
    ] {
      let bench = ActionBench([.init(argv)])
      #expect(await bench.perform(nodeStep(role, version: version)).outcome?.summary == summary)
      #expect(bench.host.programs == [argv])
    }
  }

  @Test func showsKubeadmsErrors() async {
    let output = """
      [upgrade/config] Making sure the configuration is valid:
      error execution phase preflight: [preflight] Some fatal errors occurred:
      \t[ERROR ControlPlaneNodesReady]: there are NotReady control-planes in the cluster: [cp-2]
      \t[ERROR CreateJob]: could not create a Job
      [preflight] If you know what you are doing, you can make a check non-fatal with `--ignore-preflight-errors=...`
      To see the stack trace of this error execute with --v=5 or higher

      """
    let failure = await ActionBench([.init(Self.apply, status: 1, error: output)]).perform(applyStep).failure
    #expect(failure?.code == "kubeadm-upgrade-apply-failed")
    #expect(failure?.retry == .permanent)
    #expect(
      failure?.message
        == "kubeadm upgrade apply -y v1.20.15 failed on cp-1 (exit status 1): [ERROR ControlPlaneNodesReady]: there are NotReady control-planes in the cluster: [cp-2]"
    )
    #expect(failure?.causes.prefix(2).last == "[ERROR CreateJob]: could not create a Job")
    #expect(failure?.hint?.contains("/etc/kubernetes/tmp") == true)
  }

  @Test func troubleThatMayPassIsTriedAgain() async {
    let error = "[upgrade/apply] FATAL: timed out waiting for the condition\n"
    let failure = await ActionBench([.init(Self.apply, status: 1, error: error)]).perform(applyStep).failure
    #expect(failure?.retry == .temporary)
    #expect(failure?.message.hasSuffix("[upgrade/apply] FATAL: timed out waiting for the condition") == true)
  }

  @Test func aFullDiskIsNamedWithWhatToDo() async {
    let error = "error: couldn't create a backup: write /etc/kubernetes/tmp/x: no space left on device\n"
    let failure = await ActionBench([.init(Self.apply, status: 1, error: error)]).perform(applyStep).failure
    #expect(failure?.code == "disk-full")
    #expect(failure?.retry == .permanent)
    #expect(failure?.message.contains("failed on cp-1: there is no space left (error: couldn't") == true)
    #expect(failure?.hint?.contains("Free some space there") == true)
  }

  @Test func aMissingKubeadmIsNamed() async {
    let failure = await ActionBench([.init(Self.apply, status: 127)]).perform(applyStep).failure
    #expect(
      failure?.message
        == "kubeadm upgrade apply -y v1.20.15 failed on cp-1 (exit status 127: the program was not found).")
  }

  struct State: Sendable, CustomTestStringConvertible {
    let name: String
    var uses = "apply"
    var pods: [ClusterPod] = []
    var jobs: [Int: JobState] = [:]
    var attempt = 1
    let verdict: String
    var testDescription: String { name }
  }

  static let states = [
    State(name: "all new", pods: Sample.controlPlane(), verdict: "done"),
    State(
      name: "all old", pods: Sample.controlPlane(apiServer: Sample.old, others: Sample.old),
      verdict: "not started"),
    State(name: "API server new, others old", pods: Sample.controlPlane(others: Sample.old), verdict: "torn"),
    State(
      name: "kubeadm died after the pods, before the rest", pods: Sample.controlPlane(),
      jobs: [1: .lost("the host was rebooted")], verdict: "torn"),
    State(name: "kubeadm runs", jobs: [1: .running], verdict: "attached"),
    State(
      name: "kubeadm has failed", jobs: [1: .finished(HostCommandResult(status: 1, output: ""))],
      verdict: "attached"),
    State(
      name: "this try began nothing, the one before failed half-way", pods: Sample.controlPlane(),
      jobs: [1: .finished(HostCommandResult(status: 1, output: ""))], attempt: 2, verdict: "torn"),
    State(
      name: "this try began nothing, the one before died", pods: Sample.controlPlane(),
      jobs: [1: .lost("it was killed")], attempt: 3, verdict: "torn"),
    State(name: "an earlier try still runs", jobs: [1: .running], attempt: 2, verdict: "unknown"),
    State(
      name: "control plane, all new", uses: "control-plane", pods: Sample.controlPlane(), verdict: "done"),
    State(
      name: "control plane, half", uses: "control-plane", pods: Sample.controlPlane(others: Sample.old),
      verdict: "torn"),
    State(name: "worker, not begun", uses: "worker", verdict: "not started"),
    State(name: "worker, interrupted", uses: "worker", jobs: [1: .lost("it was killed")], verdict: "torn"),
  ]

  @Test(arguments: states) func probes(_ state: State) async {
    let bench = ActionBench([], World(nodes: [Sample.node()], pods: state.pods))
    for (attempt, job) in state.jobs { bench.host.set(ActionBench.key(attempt: attempt), job) }
    let step = state.uses == "apply" ? applyStep : nodeStep(state.uses)
    #expect(await bench.probe(step, attempt: state.attempt).name == state.verdict)
    #expect(bench.host.programs.isEmpty)
  }

  @Test func sayWhatTheyChange() {
    let host = Host(name: "cp-1", address: "192.0.2.1", node: "node-1", roles: [.controlPlane])
    let site = { (role: String) in
      ActionSpec.Site(host: host, parameters: ["version": .version(Sample.new), "role": .string(role)])
    }
    #expect(
      KubeadmUpgradeApply.spec.effects(site("")) == [.controlPlane(node: "node-1", version: Sample.new)])
    #expect(
      KubeadmUpgradeNode.spec.effects(site("control-plane")) == [
        .controlPlane(node: "node-1", version: Sample.new)
      ])
    #expect(KubeadmUpgradeNode.spec.effects(site("worker")).isEmpty)
  }
}

@Suite struct KubeadmUpgradePlanTests {
  private let argv = ["kubeadm", "upgrade", "plan", "v1.20.15"]
  private let step = ActionBench.step("kubeadm/upgrade-plan@v1", with: ["version": .string("1.20.15")])

  @Test func asks() async {
    let bench = ActionBench([.init(argv, "You can now apply the upgrade\n")])
    #expect(
      await bench.perform(step).outcome
        == StepOutcome("kubeadm can upgrade the cluster to v1.20.15.", changed: false))
    #expect(bench.host.programs == [argv])
    #expect(bench.host.commands.isEmpty)
  }

  @Test func showsErrors() async {
    let error = "\t[ERROR CreateJob]: Job \"upgrade-health-check\" did not complete in 15s\n"
    let failure = await ActionBench([.init(argv, status: 1, error: error)]).perform(step).failure
    #expect(failure?.code == "kubeadm-upgrade-plan-failed")
    #expect(failure?.message.contains("[ERROR CreateJob]: Job") == true)
    #expect(failure?.hint?.hasPrefix("Nothing was changed.") == true)
  }

  @Test func isSimplyDoneAgain() async { #expect(await ActionBench().probe(step).name == "not started") }
}
