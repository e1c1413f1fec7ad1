import PawlModel
import PawlSimulation
import PawlSteps
import Testing

@Suite("The upgrade on a simulated cluster")
struct SimulatedUpgradeTests {
  @Test(
    "two minors, one control plane and three workers: every node ends at the target and no rule was broken")
  func demoCluster() async throws {
    let cluster = SimulatedCluster(.demo())
    let before = await cluster.snapshot
    let upgrade = ScriptedUpgrade(cluster: cluster, inventory: SimulatedCluster.demoInventory)
    try await upgrade.go(to: "1.30.14")
    try await upgrade.go(to: "1.31.14")
    await cluster.advance(by: .seconds(60))
    try await check(cluster, before: before)
  }

  @Test("three control planes: the same, with kubeadm upgrade node on the others")
  func severalControlPlanes() async throws {
    let cluster = SimulatedCluster(.demo(controlPlanes: 3, workers: 2))
    let before = await cluster.snapshot
    let upgrade = ScriptedUpgrade(cluster: cluster, inventory: .demo(controlPlanes: 3, workers: 2))
    try await upgrade.go(to: "1.30.14")
    try await upgrade.go(to: "1.31.14")
    await cluster.advance(by: .seconds(60))
    try await check(cluster, before: before)
  }

  private func check(_ cluster: SimulatedCluster, before: SimulatedSnapshot) async throws {
    #expect(await cluster.violations.map(\.message) == [])
    let after = await cluster.snapshot
    let target = KubernetesVersion(1, 31, 14)
    #expect(
      after.nodes.values.allSatisfy {
        $0.kubeletVersion == target && $0.kubeletConfiguration == target && $0.kubelet == .running
          && !$0.unschedulable && $0.annotations.isEmpty
      })
    #expect(after.nodes.values.compactMap(\.controlPlane).allSatisfy { $0 == SimulatedControlPlane(target) })
    #expect(after.hosts.values.allSatisfy { $0.holds == ["kubeadm", "kubelet", "kubectl"] })
    #expect(after.hosts.values.allSatisfy { $0.installed["kubectl"] == "1.31.14-1.1" })
    #expect(after.readyPods == before.readyPods)
  }

  @Test(
    "the driver dies after each effect in turn: it goes on, ends in the same state, and installs nothing twice"
  )
  func deathAfterEachEffect() async throws {
    let undisturbed = SimulatedCluster(.demo())
    try await ScriptedUpgrade(cluster: undisturbed, inventory: .demo()).go(to: "1.30.14")
    await undisturbed.advance(by: .seconds(60))
    let expected = await undisturbed.snapshot
    let effects = await undisturbed.ledger.count
    #expect(effects > 50)

    for count in 1..<effects {
      let cluster = SimulatedCluster(.demo())
      let upgrade = ScriptedUpgrade(cluster: cluster, inventory: .demo())
      await cluster.cutOff(afterEffects: count)
      await #expect(throws: (any Error).self) { try await upgrade.go(to: "1.30.14") }
      await cluster.reconnect(after: .seconds(count % 7))
      try await upgrade.go(to: "1.30.14")
      await cluster.advance(by: .seconds(60))
      #expect(await cluster.snapshot == expected, "cut off after effect \(count)")
      #expect(await cluster.violations.map(\.message) == [], "cut off after effect \(count)")
      let unpacked = await cluster.ledger.filter { if case .unpacked = $0.change { true } else { false } }
      #expect(unpacked.count == 12, "cut off after effect \(count)")
    }
  }

  @Test("two clusters in parallel tasks and one after the other give the same ledger")
  func determinism() async throws {
    @Sendable func ledger() async throws -> [EffectRecord] {
      let cluster = SimulatedCluster(.demo())
      try await ScriptedUpgrade(cluster: cluster, inventory: .demo()).go(to: "1.30.14")
      return await cluster.ledger
    }
    async let one = ledger()
    async let other = ledger()
    let third = try await ledger()
    #expect(try await one == third)
    #expect(try await other == third)
  }

  @Test("with a clock, simulated time follows it")
  func pacedByAClock() async throws {
    let world = SimulatedCluster(.demo())
    let cluster = SimulatedCluster(.demo(), pace: .timesFaster(4, than: world.clock))
    #expect(await cluster.now == .zero)
    await world.advance(by: .seconds(5))
    #expect(await cluster.now == .seconds(20))
    let result = try await cluster.session(to: "worker-1").run(
      HostCommand(["apt-get", "update"], asRoot: true, timeoutSeconds: 60))
    #expect(result.succeeded)
    // Two simulated seconds of the command are half a second of the clock that drives it.
    #expect(await world.now == .milliseconds(5500))
  }
}
