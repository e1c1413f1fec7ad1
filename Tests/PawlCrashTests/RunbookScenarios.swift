import Foundation
import PawlCrashSupport
import PawlModel
import PawlSimulation
import PawlSteps

/// What each runbook of the repository is run on. A runbook without an entry here fails a test.
enum RunbookScenarios {
  private struct Entry {
    let variant: String
    let inputs: [String: String]
    let inventory: Inventory
    let state: SimulatedState
    let limit: Set<String>
    let thorough: Bool

    init(
      _ variant: String, _ inputs: [String: String], controlPlanes: Int, workers: Int,
      sourcePerMinor: Bool = false, patching: Bool = false, others: Bool = false, gates: Bool = false,
      limit: Set<String> = [], cordonedByARun: String? = nil, maxUnavailable: Int = 1,
      rollout: RolloutPolicy? = nil,
      thorough: Bool = false
    ) {
      self.variant = variant
      self.inputs = inputs
      var inventory = Inventory.demo(controlPlanes: controlPlanes, workers: workers)
      inventory.policy.maxUnavailable = maxUnavailable
      inventory.policy.rollout = rollout
      // Two zones, in turn.
      for index in inventory.hosts.indices { inventory.hosts[index].labels["zone"] = ["a", "b"][index % 2] }
      var state = SimulatedState.demo(controlPlanes: controlPlanes, workers: workers)
      if sourcePerMinor {
        inventory.packages.sourceTemplate = "deb https://packages.example/v{minor}/deb/ /"
        state.repositoryPerMinor = true
        for name in state.hosts.keys {
          state.hosts[name]?.files["/etc/apt/sources.list.d/kubernetes.list"] =
            "deb https://packages.example/v1.29/deb/ /\n"
          state.updateLists(of: name)
        }
      }
      if others {
        let roles: [(String, HostRole)] = [
          ("etcd-1", .etcd), ("etcd-2", .etcd), ("etcd-3", .etcd), ("bastion", .bastion),
        ]
        for (name, role) in roles {
          inventory.hosts.append(
            Host(name: name, address: "198.51.100.\(inventory.hosts.count)", roles: [role]))
          state.hosts[name] = state.hosts["cp-1"]
          state.hosts[name]?.name = name
          state.hosts[name]?.node = name
          if role == .etcd { state.hosts[name]?.enableEtcd() }
        }
        state.hosts["bastion"]?.isBastion = true
        // A worker can have a member, too.
        inventory.hosts[inventory.hosts.firstIndex { $0.name == "worker-1" } ?? 0].roles.append(.etcd)
        state.hosts["worker-1"]?.enableEtcd()
      }
      if patching { state.publishSystemUpdates() }
      if gates {
        inventory.policy.gates = Gates(
          prometheus: [Gates.Prometheus(name: "alerts", url: "http://prom.example")],
          http: [Gates.HTTP(name: "shop", url: "http://shop.example/")],
          command: [Gates.Command(name: "smoke", run: ["true"])])
        state.web = [
          "http://prom.example/api/v1/alerts": HTTPAnswer(
            status: 200, body: #"{"status":"success","data":{"alerts":[]}}"#),
          "http://shop.example/": HTTPAnswer(status: 200),
        ]
      }
      // A host that needs nothing is left alone.
      if patching, thorough {
        for (package, versions) in state.systemRepository {
          state.hosts["worker-2"]?.installed[package] = versions[0]
        }
        state.hosts["worker-2"]?.kernel = "6.1.119-1-amd64"
      }
      if let node = cordonedByARun {
        state.nodes[node]?.unschedulable = true
        state.nodes[node]?.annotations["pawl.dev/cordoned-by"] = "20261101-090000-node-drain-0a1b"
      }
      self.limit = limit
      self.inventory = inventory
      self.state = state
      self.thorough = thorough
    }
  }

  /// By file name in `runbooks/`.
  private static let entries: [String: [Entry]] = [
    "kubeadm-upgrade.yaml": [
      Entry(
        "small, every event", ["target": "1.30"], controlPlanes: 1, workers: 2, sourcePerMinor: true,
        thorough: true),
      Entry(
        "three control planes, gates of the operator", ["target": "1.30"], controlPlanes: 3, workers: 2,
        gates: true),
      Entry("two minors", ["target": "1.31"], controlPlanes: 1, workers: 2, sourcePerMinor: true),
      Entry(
        "rollout with everything", ["target": "1.30"], controlPlanes: 1, workers: 5, maxUnavailable: 2,
        rollout: RolloutPolicy(
          canary: ["worker-3"], waves: [.share(.percent(40))], soakSeconds: 600,
          // The first node waits for its window, the canary's soak outlasts it.
          windows: [
            MaintenanceWindow(days: [.sat], fromMinute: 660, toMinute: 674, timeZone: "UTC"),
            MaintenanceWindow(days: [.sat, .sun], fromMinute: 840, toMinute: 480, timeZone: "Europe/Berlin"),
          ], approval: .wave, failureBudget: 2)),
      Entry(
        "approval of each node", ["target": "1.30"], controlPlanes: 3, workers: 2,
        rollout: RolloutPolicy(soakSeconds: 30, approval: .node)),
    ],
    "os-patch.yaml": [
      Entry(
        "small, every event", ["reboot": "auto"], controlPlanes: 1, workers: 2, patching: true, thorough: true
      ),
      Entry(
        "security only, always", ["reboot": "always", "securityOnly": "true"], controlPlanes: 1, workers: 2,
        patching: true),
      Entry(
        "three control planes, three etcd hosts and one on a worker, a bastion", [:], controlPlanes: 3,
        workers: 2,
        patching: true,
        others: true),
    ],
    "node-drain.yaml": [
      Entry("one worker", [:], controlPlanes: 1, workers: 3, limit: ["worker-1"], thorough: true)
    ],
    "node-uncordon.yaml": [
      Entry(
        "one worker", [:], controlPlanes: 1, workers: 3, limit: ["worker-1"], cordonedByARun: "worker-1",
        thorough: true)
    ],
  ]

  private static let folder = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().appending(path: "runbooks")

  /// The runbooks there are.
  static let files: [String] = {
    let all = FileManager.default.enumerator(atPath: folder.path)?.compactMap { $0 as? String } ?? []
    return all.filter { $0.hasSuffix(".yaml") || $0.hasSuffix(".yml") }.sorted()
  }()

  /// Runbooks that nobody gave an entry.
  static let missing: [String] = files.filter { entries[$0, default: []].isEmpty }

  /// Entries whose runbook is gone.
  static let stale: [String] = entries.keys.filter { !files.contains($0) }.sorted()

  /// Everything that is tried.
  static let all: [CrashScenario] = files.flatMap { file in
    entries[file, default: []].map { entry in
      CrashScenario(
        entry.variant, file: file, text: text(file), inputs: entry.inputs, inventory: entry.inventory,
        state: entry.state, limit: entry.limit, thorough: entry.thorough)
    }
  }

  /// Empty for a file that can't be read, which then is no runbook.
  private static func text(_ file: String) -> String {
    do {
      return try String(contentsOf: folder.appending(path: file), encoding: .utf8)
    } catch {
      return ""
    }
  }
}

/// Scenarios made ready, each once for all tests.
actor Benches {
  static let shared = Benches()
  private var ready: [String: Task<CrashBench, any Error>] = [:]

  func bench(_ scenario: CrashScenario) async throws -> CrashBench {
    let task = ready[scenario.description] ?? Task { try await CrashBench.prepare(scenario) }
    ready[scenario.description] = task
    return try await task.value
  }
}
