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
    let upgrade = ScriptedUpgrade(cluster: cluster, inventory: SimulatedCluster.demoInventory)
    let before = await cluster.snapshot
    try await upgrade.go(to: "1.30.14")
    try await upgrade.go(to: "1.31.14")
    try await cluster.sleep(for: .seconds(60))

    #expect(await cluster.violations == [])
    let after = await cluster.snapshot
    let target = KubernetesVersion(1, 31, 14)
    #expect(
      after.nodes.values.allSatisfy {
        $0.kubeletVersion == target && !$0.unschedulable && $0.annotations.isEmpty
      })
    #expect(after.nodes["cp-1"]?.controlPlane == SimulatedControlPlane(target))
    #expect(after.hosts.values.allSatisfy { $0.holds == ["kubeadm", "kubelet", "kubectl"] })
    #expect(after.readyPods == before.readyPods)
  }
}
