import PawlModel

/// A reboot starts the kubelet that is installed. Where another one runs, an upgrade was left in the middle, and the
/// node would come back with a version that nobody waits for, perhaps newer than its API server.
struct RebootCheck {
  let plan: Plan
  let inventory: Inventory
  let facts: Facts

  func refusals() -> [PlanRefusal] {
    let rebooted = Set(plan.steps.filter { $0.uses == "host/reboot@v1" }.compactMap(\.host))
    return inventory.hosts.filter { rebooted.contains($0.name) }.compactMap { host in
      guard let running = facts.cluster.node(named: host.node)?.kubeletVersion,
        let installed = facts.hosts[host.name]?.packages["kubelet"]?.installedVersion, installed != running
      else { return nil }
      return PlanRefusal(
        code: "kubelet-not-restarted",
        message:
          "\(host.name) has kubelet \(installed) installed while \(running) runs; a reboot would change over to it.",
        hint:
          "Finish the upgrade that was left (`pawl resume`, or `pawl upgrade`), or restart the kubelet there if "
          + "\(installed) is what it should run; `--reboot never` patches without a reboot.")
    }
  }
}
