import PawlModel

/// The order in which nodes come, by the inventory's policy: canary, waves, and zone by zone in each.
struct Rollout {
  /// Nodes that come together, after all of the wave before.
  struct Wave {
    /// `canary`, `wave-1`; nil for the only one.
    let id: String?
    /// Host names, zone by zone.
    let zones: [[String]]
    /// Whether they come one after the other, whatever is allowed.
    let isCanary: Bool
    var isOfWorkers = true

    /// For a path and a sentence.
    var label: String? { id?.replacing("-", with: " ") }
  }

  let policy: RolloutPolicy
  /// All workers of the inventory, each in one wave.
  private let waves: [Wave]
  private let controlPlanes: [String]
  /// Neither workers nor control planes: etcd hosts of their own, bastions.
  private let others: [String]

  init(_ inventory: Inventory) {
    policy = inventory.policy.rollout ?? RolloutPolicy()
    controlPlanes = inventory.hosts.filter(\.isControlPlane).map(\.name)
    others = inventory.hosts.filter { !$0.isControlPlane && !$0.isWorker }.map(\.name)
    let zones = Dictionary(inventory.hosts.map { ($0.name, $0.zone) }) { first, _ in first }
    let workers = inventory.hosts.filter(\.isWorker).map(\.name)
    var left = Self.byZone(workers, zones).flatMap(\.self)
    func take(_ hosts: [String]) -> [String] {
      left.removeAll(where: hosts.contains)
      return hosts
    }
    var parts: [(id: String?, hosts: [String])] = []
    if !policy.canary.isEmpty { parts.append(("canary", take(policy.canary))) }
    for (index, wave) in policy.waves.enumerated() {
      let hosts =
        switch wave {
        case .share(let share): Array(left.prefix(share.nodes(of: workers.count)))
        case .group(let group): left.filter { (inventory.groups[group] ?? []).contains($0) }
        }
      parts.append(("wave-\(index + 1)", take(hosts)))
    }
    let isOnlyOne = policy.waves.isEmpty && policy.canary.isEmpty
    parts.append((isOnlyOne ? nil : policy.waves.isEmpty ? "rest" : "wave-\(policy.waves.count + 1)", left))
    waves = parts.map { part in
      Wave(id: part.id, zones: Self.byZone(part.hosts, zones), isCanary: part.id == "canary")
    }
  }

  /// Whether there are waves, so that it is between them that time is let pass.
  var hasWaves: Bool { waves.count > 1 }

  /// The waves of some of the hosts. Control planes come first and what is no worker last, in the inventory's order,
  /// which `pick` goes by too.
  func waves(of hosts: Set<String>) -> [Wave] {
    let own = waves.compactMap { wave -> Wave? in
      let zones = wave.zones.map { $0.filter(hosts.contains) }.filter { !$0.isEmpty }
      return zones.isEmpty ? nil : Wave(id: wave.id, zones: zones, isCanary: wave.isCanary)
    }
    func apart(_ names: [String]) -> [Wave] {
      let names = names.filter(hosts.contains)
      return names.isEmpty ? [] : [Wave(id: nil, zones: [names], isCanary: false, isOfWorkers: false)]
    }
    return apart(controlPlanes) + own + apart(others)
  }

  /// How the plan's report tells it; nil when no worker is rolled out.
  func report(of hosts: Set<String>, width: Int, _ request: Planner.Request) -> PlanRollout? {
    guard !hosts.isEmpty else { return nil }
    return PlanRollout(
      waves: waves(of: hosts).map { wave in
        PlanRollout.Wave(
          name: wave.label ?? "all", zones: wave.zones,
          parallel: wave.isCanary ? 1 : min(width, wave.zones.map(\.count).max() ?? 1))
      },
      maxUnavailable: request.inventory.policy.maxUnavailable, unavailable: request.unavailableWorkers,
      soakSeconds: policy.soakSeconds, windows: policy.windows.map(\.description),
      approval: policy.approval?.rawValue,
      failureBudget: max(0, policy.failureBudget - request.unreachable.count))
  }

  /// Zones in the order in which they come first.
  private static func byZone(_ hosts: [String], _ zones: [String: String]) -> [[String]] {
    var order: [String] = []
    var members: [String: [String]] = [:]
    for host in hosts {
      let zone = zones[host] ?? ""
      if members[zone] == nil { order.append(zone) }
      members[zone, default: []].append(host)
    }
    return order.compactMap { members[$0] }
  }
}
