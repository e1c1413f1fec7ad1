import PawlEngine
import PawlModel
import PawlPlan
import PawlSteps
import Testing

/// What must hold of every action there is, also of one that is added tomorrow.
@Suite struct EveryActionTests {
  /// A world in which an action succeeds.
  struct Scenario: Sendable {
    var with: [String: Value] = [:]
    var host: String? = "cp-1"
    var replies: [FakeHost.Reply] = []
    var world = World(nodes: [Sample.node()], pods: Sample.controlPlane())
    var records: [String: String] = [:]
    /// What it asks that is neither the host nor the API server; then only this can be away.
    var web: [String: HTTPAnswer] = [:]
  }

  private static let version: [String: Value] = ["version": .string("1.20.15")]

  /// A new action adds its scenario here.
  static let scenarios: [String: Scenario] = [
    "apt/install@v1": Scenario(with: Apt.step.with, replies: Apt.replies()),
    "apt/set-source@v1": Scenario(with: Source.step.with, replies: Source.replies()),
    "apt/update@v1": Scenario(replies: [.init(Apt.update)]),
    "cluster/check-health@v1": Scenario(host: nil),
    "cluster/check-quorum@v1": Scenario(),
    "cluster/check-skew@v1": Scenario(with: version, host: nil),
    "cluster/verify-control-plane@v1": Scenario(with: version),
    "cluster/verify-versions@v1": Scenario(with: version, host: nil),
    "etcd/check-members@v1": Scenario(replies: [Etcd.reply(Etcd.output(["etcd-1", "etcd-2", "etcd-3"]))]),
    "host/reboot@v1": Scenario(
      with: HostRebootTests.step().with, replies: HostRebootTests.replies("old", "old", "new")),
    "host/wait-services@v1": Scenario(
      with: ["services": .list([.string("kubelet.service")])],
      replies: [.init(["systemctl", "is-active", "kubelet.service"], "active\n")]),
    "gate/baseline@v1": Scenario(),
    "gate/budgets-recovered@v1": Scenario(host: "worker-1", world: Shop.well, records: Shop.records),
    "gate/command@v1": Scenario(with: ["run": .list([.string("smoke")])], replies: [.init(["smoke"])]),
    "gate/daemonsets-ready@v1": Scenario(host: "worker-1", world: Shop.well, records: Shop.records),
    "gate/http@v1": Scenario(
      with: ["url": .string("http://shop.example/")], host: nil,
      web: ["http://shop.example/": HTTPAnswer(status: 200)]),
    "gate/prometheus@v1": Scenario(
      with: ["url": .string("http://prom.example"), "except": .list([])], host: nil,
      web: [
        "http://prom.example/api/v1/alerts": HTTPAnswer(
          status: 200, body: #"{"status":"success","data":{"alerts":[]}}"#)
      ]),
    "gate/workloads-recovered@v1": Scenario(host: "worker-1", world: Shop.well, records: Shop.records),
    "kubeadm/upgrade-apply@v1": Scenario(with: version, replies: [.init(KubeadmUpgradeTests.apply)]),
    "kubeadm/upgrade-node@v1": Scenario(
      with: version.merging(["role": .string("worker")]) { $1 }, replies: [.init(KubeadmUpgradeTests.node)]),
    "kubeadm/upgrade-plan@v1": Scenario(
      with: version, replies: [.init(["kubeadm", "upgrade", "plan", "v1.20.15"])]),
    "kubelet/restart@v1": Scenario(
      with: version,
      replies: [
        .init(KubeletRestartTests.reload), .init(KubeletRestartTests.restart),
        .init(KubeletRestartTests.isActive, "active\n"),
      ]),
    "node/drain@v1": Scenario(
      world: World(nodes: [Sample.node()], pods: Sample.controlPlane() + [Sample.pod("web-0")])),
    "node/uncordon@v1": Scenario(
      world: World(nodes: [Sample.node(cordoned: true, by: ActionBench.run.text)])),
    "node/wait-ready@v1": Scenario(with: version),
    "packages/download@v1": Scenario(with: Patch.with, replies: Patch.downloadReplies()),
    "packages/upgrade@v1": Scenario(with: Patch.with, replies: Patch.upgradeReplies()),
    "rollout/approval@v1": Scenario(with: ["what": .string("the run")], host: nil),
    "rollout/await-window@v1": Scenario(
      with: ["windows": .list([.string("sat 10:00-12:00 UTC")]), "seconds": .int(60)]),
    "rollout/check-unavailable@v1": Scenario(with: ["others": .int(0)]),
    "rollout/soak@v1": Scenario(with: ["duration": .int(60)], host: nil),
  ]

  /// Actions that ask neither a host nor the API server.
  static let offline: Set = ["rollout/approval@v1", "rollout/await-window@v1", "rollout/soak@v1"]

  static let references = ActionRegistry.standard.catalog.references
  /// An approval never succeeds by itself.
  static let succeeding = references.filter { $0 != "rollout/approval@v1" }

  @Test func theRunbooksActionsAreAllThere() {
    #expect(
      Self.references == [
        "apt/install@v1", "apt/set-source@v1", "apt/update@v1", "cluster/check-health@v1",
        "cluster/check-quorum@v1", "cluster/check-skew@v1", "cluster/verify-control-plane@v1",
        "cluster/verify-versions@v1", "etcd/check-members@v1", "gate/baseline@v1",
        "gate/budgets-recovered@v1", "gate/command@v1",
        "gate/daemonsets-ready@v1", "gate/http@v1", "gate/prometheus@v1", "gate/workloads-recovered@v1",
        "host/reboot@v1", "host/wait-services@v1", "kubeadm/upgrade-apply@v1", "kubeadm/upgrade-node@v1",
        "kubeadm/upgrade-plan@v1", "kubelet/restart@v1", "node/drain@v1", "node/uncordon@v1",
        "node/wait-ready@v1", "packages/download@v1", "packages/upgrade@v1", "rollout/approval@v1",
        "rollout/await-window@v1", "rollout/check-unavailable@v1", "rollout/soak@v1",
      ])
  }

  private func scenario(_ reference: String) throws -> (ActionBench, PlanStep) {
    let scenario = try #require(Self.scenarios[reference], "\(reference) needs a scenario")
    var bench = ActionBench(scenario.replies, scenario.world)
    bench.records = scenario.records
    for (url, answer) in scenario.web { bench.web.answer(url, [.success(answer)]) }
    return (bench, ActionBench.step(reference, with: scenario.with, host: scenario.host))
  }

  @Test(arguments: succeeding) func succeedsTwice(_ reference: String) async throws {
    let (bench, step) = try scenario(reference)
    #expect(await bench.perform(step, attempt: 1).failure == nil)
    #expect(await bench.perform(step, attempt: 2).failure == nil)
  }

  /// After a crash the same attempt is performed again: whatever it did on the host is not done again.
  @Test(arguments: succeeding) func repeatsNoCommandOfAnAttempt(_ reference: String) async throws {
    let (bench, step) = try scenario(reference)
    let first = await bench.perform(step)
    let (commands, changes) = (bench.host.commands, bench.cluster.changes)
    let second = await bench.perform(step)
    #expect(second.failure == nil)
    #expect(bench.host.commands == commands)
    #expect(bench.cluster.changes == changes)
    if !commands.isEmpty { #expect(second == first) }
  }

  @Test(arguments: references) func probesReadOnly(_ reference: String) async throws {
    let (bench, step) = try scenario(reference)
    _ = await bench.probe(step)
    #expect(bench.host.commands.isEmpty)
    #expect(bench.cluster.changes.isEmpty)
  }

  @Test(arguments: references.filter { !offline.contains($0) }) func isUnreachableWhenNothingAnswers(
    _ reference: String
  ) async throws {
    var (bench, step) = try scenario(reference)
    let error = ClusterError(.unreachable, "The API server does not answer.")
    bench.cluster.at(0) { $0.error = error }
    bench.hostError = HostError(.unreachable, "cp-1 does not answer.")
    let verdict = await bench.probe(step)
    #expect(["unreachable", "not started"].contains(verdict.name))
    #expect(verdict.name == "unreachable" || bench.cluster.changes.isEmpty)
    let web = Self.scenarios[reference]?.web ?? [:]
    for url in web.keys { bench.web.answer(url, []) }
    let result = await bench.perform(step)
    // An address that does not answer is what a gate waits for, and no way that Pawl has lost.
    #expect(result.failure?.retry == (web.isEmpty ? .transport : .temporary))
    #expect(!result.isLost, "nothing was begun")
  }

  @Test(arguments: references) func declaresWhatItIs(_ reference: String) throws {
    let spec = try #require(ActionRegistry.standard.catalog.spec(reference))
    let host = Host(name: "cp-1", address: "192.0.2.1", roles: [.controlPlane])
    let site = ActionSpec.Site(
      host: spec.needsHost ? host : nil, parameters: try #require(Self.scenarios[reference]).with)
    #expect(spec.summary.hasSuffix("."))
    #expect(!spec.title(site).hasSuffix("."))
    #expect(spec.defaultTimeoutSeconds > spec.estimateSeconds)
    #expect(spec.reversibility != .readOnly || spec.effects(site).isEmpty)
    for parameter in spec.parameters where !parameter.allowed.isEmpty {
      if let value = parameter.defaultValue { #expect(parameter.allowed.contains(value.description)) }
    }
  }

  @Test func aDrainedNodeIsOutOfServiceAndComesBack() {
    let host = Host(name: "w", address: "192.0.2.1", node: "node-w", roles: [.worker])
    let site = ActionSpec.Site(host: host, parameters: ["version": .version(Sample.new)])
    #expect(NodeDrain.spec.effects(site) == [.outOfService(node: "node-w")])
    #expect(NodeUncordon.spec.effects(site) == [.inService(node: "node-w")])
    #expect(KubeletRestart.spec.effects(site) == [.kubeletRunning(node: "node-w", version: Sample.new)])
  }

  @Test(arguments: [
    "node/drain@v1", "node/uncordon@v1", "node/wait-ready@v1", "kubelet/restart@v1",
    "kubeadm/upgrade-apply@v1", "kubeadm/upgrade-node@v1", "cluster/verify-control-plane@v1",
    "cluster/check-quorum@v1", "gate/baseline@v1", "gate/budgets-recovered@v1", "gate/daemonsets-ready@v1",
    "gate/workloads-recovered@v1",
  ])
  func thePlanNamesTheNode(_ reference: String) throws {
    let spec = try #require(ActionRegistry.standard.catalog.spec(reference))
    let host = Host(name: "w", address: "192.0.2.1", node: "node-w", roles: [.worker])
    #expect(
      try spec.freeze(ActionSpec.Site(host: host, parameters: [:]), nil) == ["node": .string("node-w")])
  }
}
