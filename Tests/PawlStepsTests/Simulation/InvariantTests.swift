import PawlModel
import PawlSimulation
import PawlSteps
import Testing

@Suite("Rules that every state has to keep")
struct InvariantTests {
  let cluster = SimulatedCluster(.demo())

  private func rules() async -> [String] { await cluster.violations.map(\.rule) }

  private func run(_ argv: [String], on host: String) async throws {
    let result = try await cluster.session(to: host).run(HostCommand(argv, asRoot: true, timeoutSeconds: 600))
    #expect(result.succeeded)
  }

  @Test("two nodes out of service break the limit of one, with the cause")
  func availability() async throws {
    try await cluster.patchNode(named: "worker-1", unschedulable: true, annotations: [:])
    #expect(await rules() == [])
    try await cluster.patchNode(named: "worker-2", unschedulable: true, annotations: [:])
    let violation = try #require(await cluster.violations.first)
    #expect(violation.rule == "availability")
    #expect(violation.message == "worker-1, worker-2 are out of service at once")
    #expect(violation.cause == "PATCH nodes/worker-2")
  }

  @Test("nodes that were out before do not count, and a higher limit is a higher limit")
  func availabilityBefore() async throws {
    var state = SimulatedState.demo()
    state.nodes["worker-3"]?.unschedulable = true
    let cluster = SimulatedCluster(state, maxUnavailable: 2)
    try await cluster.patchNode(named: "worker-1", unschedulable: true, annotations: [:])
    try await cluster.patchNode(named: "worker-2", unschedulable: true, annotations: [:])
    #expect(await cluster.violations == [])
    try await cluster.patchNode(named: "cp-1", unschedulable: true, annotations: [:])
    #expect(await cluster.violations.map(\.rule) == ["availability"])
  }

  @Test("a kubelet that moves a minor with pods on its node breaks a rule")
  func undrainedKubelet() async throws {
    try await run(
      ["apt-get", "install", "-y", "--allow-change-held-packages", "kubelet=1.30.14-1.1"], on: "worker-1")
    #expect(await rules() == [])
    try await run(["systemctl", "restart", "kubelet"], on: "worker-1")
    #expect(await rules() == ["drain"])
  }

  @Test("a control plane too far ahead of a kubelet breaks a rule")
  func kubeletTooOld() async throws {
    await cluster.edit { state in
      state.nodes["worker-2"]?.kubeletVersion = KubernetesVersion(1, 26, 15)
      state.hosts["cp-1"]?.installed["kubeadm"] = "1.30.14-1.1"
    }
    try await run(["kubeadm", "upgrade", "apply", "-y", "v1.30.14"], on: "cp-1")
    #expect(await rules() == ["skew"])
    #expect(
      await cluster.violations.first?.message
        == "kubelet 1.26.15 of worker-2 is too old for API server 1.30.14")
  }

  @Test("deleting a pod past its budget breaks a rule")
  func budget() async throws {
    let web = try await cluster.pods(node: nil, namespace: "shop", labels: "app=web")
    try await cluster.delete(web[0], gracePeriodSeconds: nil)
    #expect(await rules() == [])
    try await cluster.delete(web[1], gracePeriodSeconds: nil)
    #expect(await rules() == ["budget"])
  }

  @Test("two of three etcd members down break quorum")
  func quorum() async throws {
    let cluster = SimulatedCluster(.demo(controlPlanes: 3), maxUnavailable: 4)
    await cluster.reboot("cp-1")
    #expect(await cluster.violations == [])
    await cluster.reboot("cp-2")
    #expect(await cluster.violations.map(\.rule) == ["quorum"])
    #expect(await cluster.violations.first?.message == "only 1 of 3 etcd members are up")
  }
}
