package import PawlModel

/// What a plan depends on, flat, so that two of them can be compared word by word.
package enum PlanBasis {
  /// `path: value` of everything whose change makes a plan stale. What changes by itself (pod counts, free space,
  /// readiness) is left to the checks.
  /// - Parameter patching: whether the plan goes by what there is to patch.
  package static func entries(
    inventory: Inventory, facts: Facts, patching: Bool = false
  ) -> [String: String] {
    var entries: [String: String] = [
      "cluster/serverVersion": facts.cluster.serverVersion.description,
      "policy/maxUnavailable": String(inventory.policy.maxUnavailable),
      "policy/drainTimeout": String(inventory.policy.drainTimeoutSeconds),
      "policy/localData": inventory.policy.localData.rawValue,
      "policy/unmanagedPods": inventory.policy.unmanagedPods.rawValue,
    ]
    // Left out where nobody has set it, so that plans of 0.1.0 are not stale by it.
    if inventory.policy.drain != DrainSettings() {
      entries["policy/drain"] = inventory.policy.drain.value.description
    }
    if let rollout = inventory.policy.rollout { entries["policy/rollout"] = rollout.words }
    // Without a template the file is not touched, and what its name is does not matter.
    if let template = inventory.packages.sourceTemplate {
      entries["packages/sourceTemplate"] = template
      entries["packages/sourceFile"] = inventory.packages.sourceFile
    }
    for host in inventory.hosts {
      entries["inventory/\(host.name)"] =
        "\(host.address) node \(host.node) \(host.roles.map(\.rawValue).joined(separator: "+"))"
    }
    for node in facts.cluster.nodes {
      entries["node/\(node.name)/kubelet"] = node.kubeletVersion.description
      entries["node/\(node.name)/cordoned"] = node.cordoned ? "yes" : "no"
    }
    for node in facts.cluster.controlPlane {
      let parts = [
        "apiServer": node.apiServer, "controllerManager": node.controllerManager, "scheduler": node.scheduler,
      ]
      for (part, version) in parts {
        entries["node/\(node.node)/\(part)"] = version?.description ?? "not found"
      }
    }
    for (host, facts) in facts.hosts {
      if patching, let patch = facts.patch {
        let lists = ["upgrades": patch.upgrades, "securityUpgrades": patch.securityUpgrades]
        for (name, upgrades) in lists {
          entries["host/\(host)/\(name)"] = upgrades.map { "\($0.name) \($0.candidate)" }
            .joined(separator: " ")
        }
        entries["host/\(host)/reboot"] = patch.rebootReason ?? "not needed"
      }
      for (name, package) in facts.packages {
        entries["host/\(host)/\(name)/installed"] = package.installed ?? "no"
        entries["host/\(host)/\(name)/held"] = package.held ? "yes" : "no"
        entries["host/\(host)/\(name)/available"] = package.available.joined(separator: " ")
      }
    }
    return entries
  }

  /// One line for each difference, in order; empty when nothing has changed.
  package static func differences(from old: [String: String], to new: [String: String]) -> [String] {
    Set(old.keys).union(new.keys).sorted().compactMap { key in
      guard old[key] != new[key] else { return nil }
      return "\(key): \(old[key] ?? "absent") when planned, \(new[key] ?? "absent") now"
    }
  }
}

extension RolloutPolicy {
  /// All of it on one line.
  fileprivate var words: String {
    let waves = waves.map { wave in
      switch wave {
      case .share(.count(let count)): "\(count)"
      case .share(.percent(let percent)): "\(percent)%"
      case .group(let group): group
      }
    }
    return [
      "canary \(canary.joined(separator: " "))", "waves \(waves.joined(separator: " "))",
      "soak \(soakSeconds)s",
      "windows \(windows.map(\.description).joined(separator: "; "))",
      "approval \(approval?.rawValue ?? "none")",
      "failureBudget \(failureBudget)",
    ].joined(separator: ", ")
  }
}
