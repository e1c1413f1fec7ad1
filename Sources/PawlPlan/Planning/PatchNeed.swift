import PawlModel

/// What a host needs to be patched, under the inputs `securityOnly` and `reboot` of a runbook that has them.
struct PatchNeed: Sendable {
  let upgrades: [PackageUpgrade]
  /// Those of them that are for security.
  private let security: Int
  /// Upgrades that are left out, because only those for security are wanted.
  private let leftOut: Int
  /// Whether it is rebooted, or looked at whether it has to be, when nothing is upgraded.
  let reboots: Bool
  /// Why the host should be rebooted as it is.
  let rebootReason: String?

  init(_ facts: PatchFacts, inputs: [String: Value]) {
    upgrades = facts.upgrades(securityOnly: inputs["securityOnly"] == .bool(true))
    let chosen = Set(upgrades.map(\.name))
    security = facts.securityUpgrades.count { chosen.contains($0.name) }
    leftOut = facts.upgrades.count { !chosen.contains($0.name) }
    rebootReason = facts.rebootReason
    reboots =
      switch inputs["reboot"] {
      case .string("always"): true
      case .string("never"): false
      default: facts.rebootReason != nil
      }
  }

  var isNeeded: Bool { !upgrades.isEmpty || reboots }

  /// As expressions see it: `host.patch.needed`.
  var value: Value {
    .map([
      "needed": .bool(isNeeded),
      "upgrades": .list(upgrades.map { .string("\($0.name) \($0.candidate)") }),
      "rebootReason": rebootReason.map { .string($0) } ?? .null,
    ])
  }

  /// For a report: `3 packages to upgrade, 1 of them for security; a reboot is due because …`.
  var summary: String {
    let packages =
      upgrades.isEmpty
      ? "nothing to upgrade"
      : upgrades.count == 1 ? "1 package to upgrade" : "\(upgrades.count) packages to upgrade"
    return packages + (security == 0 ? "" : ", \(security) of them for security")
      + (leftOut == 0 ? "" : ", \(leftOut) left out as not for security")
      + (rebootReason.map { "; a reboot is due: \($0)" } ?? "")
  }
}

/// What an operator should know before a run that patches.
enum PatchNotes {
  static func notes(for steps: [PlanStep], inputs: [String: Value], request: Planner.Request) -> [PlanNote] {
    let touched = Set(steps.compactMap(\.host))
    var notes: [PlanNote] = []
    for host in request.inventory.hosts {
      guard let facts = request.facts.hosts[host.name]?.patch, request.includes(host) else { continue }
      let need = PatchNeed(facts, inputs: inputs)
      notes.append(
        PlanNote(
          .info,
          touched.contains(host.name)
            ? "\(host.name): \(need.summary)." : "\(host.name) is left alone: \(need.summary)."))
    }
    let reboots = steps.filter { $0.uses == "host/reboot@v1" }.compactMap(\.host)
    let controlPlanes = request.inventory.hosts.filter(\.isControlPlane).map(\.name)
    if let only = controlPlanes.first, controlPlanes.count == 1, reboots.contains(only) {
      notes.insert(
        PlanNote(
          .warning,
          "There is one control plane: while \(only) reboots the API server is away. Pods go on running, and steps "
            + "that need it wait."), at: 0)
    }
    return notes
  }
}
