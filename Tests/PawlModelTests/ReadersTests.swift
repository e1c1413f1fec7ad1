import Testing

@testable import PawlModel

@Suite struct ReadersTests {
  @Test func readsAnInventory() throws {
    let inventory = try Inventory.read(
      text: Samples.inventory, file: "i.yaml", directory: "/srv/lab", homeDirectory: "/home/op")
    #expect(inventory.name == "lab")
    #expect(inventory.kubernetes == KubernetesAccess(kubeconfig: "/srv/lab/kubeconfig", context: "lab"))
    #expect(
      inventory.ssh
        == SSHAccess(
          user: "pawl", port: 2222, keys: ["/srv/lab/ssh/id_nodes"], agent: false,
          knownHosts: ["/srv/lab/ssh/known_hosts"], connectTimeoutSeconds: 10,
          bastions: [
            Bastion(name: "bastion", address: "10.0.0.2", port: 22, user: "jump", keys: ["/srv/id_bastion"])
          ]))
    #expect(
      inventory.hosts == [
        Host(name: "cp-1", address: "10.1.0.11", roles: [.controlPlane], labels: ["zone": "a"]),
        Host(name: "worker-1", address: "10.1.0.21", roles: [.worker], via: ["bastion"]),
        Host(
          name: "worker-2", address: "10.1.0.22", node: "w2.lab", roles: [.worker], port: 23,
          keys: ["/home/op/id"], via: []),
      ])
    #expect(inventory.groups == ["canary": ["worker-1"]])
    #expect(
      inventory.packages
        == PackageSource(
          sourceTemplate: "deb https://packages.example.org/v{minor}/deb/ /",
          sourceFile: "/etc/apt/sources.list.d/k8s.list"))
    #expect(
      inventory.policy
        == Policy(maxUnavailable: 2, drainTimeoutSeconds: 600, localData: .delete, onFailure: .undo))
  }

  @Test func readsARunbook() throws {
    let runbook = try Runbook.read(text: Samples.runbook, file: "r.yaml")
    #expect(runbook.name == "kubeadm-upgrade")
    #expect(runbook.version == "1.0.0")
    #expect(runbook.digest == ContentDigest.hex(of: Array(Samples.runbook.utf8)))
    #expect(
      runbook.inputs == [
        InputDefinition(name: "target", kind: .version, summary: "The version to reach."),
        InputDefinition(name: "drainTimeout", kind: .duration, defaultValue: .int(600), summary: ""),
        InputDefinition(
          name: "mode", kind: .string, defaultValue: .string("safe"),
          allowed: [.string("safe"), .string("fast")], summary: ""),
      ])
    let hop = try #require(runbook.steps.first)
    #expect(hop.id == "hop" && hop.loopVariable == "hop" && hop.needs == nil)
    #expect(hop.forEach?.references == [["upgrade", "hops"]])
    guard case .group(let groups) = hop.body, let workers = groups.first,
      case .group(let steps) = workers.body, steps.count == 3
    else {
      Issue.record("not the groups that the file has")
      return
    }
    #expect(workers.on?.role == .worker && workers.on?.pick == .rest)
    #expect(workers.when?.references == [["host", "kubelet", "version"], ["hop", "version"]])
    guard case .action(let drain) = steps[0].body else {
      Issue.record("drain is no action")
      return
    }
    #expect(drain.reference == "node/drain@v1")
    #expect(drain.retry == RetryPolicy(attempts: 3, delaySeconds: 10, maxDelaySeconds: 60))
    #expect(drain.timeout == .literal(.int(900)))
    let scope: [String: Value] = [
      "inputs": .map(["drainTimeout": .int(600)]),
      "hop": .map(["version": .version(KubernetesVersion(1, 20, 3))]),
      "host": .map(["node": .string("w2")]),
    ]
    #expect(
      try ValueTemplate.map(drain.parameters).evaluate(in: scope)
        == .map([
          "timeout": .int(600), "force": .bool(false), "grace": .int(30),
          "labels": .list([.string("a"), .version(KubernetesVersion(1, 20, 3))]),
        ]))
    #expect(try steps[0].title?.text(in: scope) == "Drain w2")
    #expect(steps[1].needs?.map(\.name) == ["drain"])
    #expect(steps[2].needs == [])
  }
}
