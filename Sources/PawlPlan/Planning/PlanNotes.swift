import PawlModel

/// What an operator should know before approving.
enum PlanNotes {
  static func notes(for steps: [PlanStep], hops: [UpgradeHop], request: Planner.Request) -> [PlanNote] {
    guard !steps.isEmpty else { return [] }
    return controlPlaneNotes(steps, request) + cordonNotes(steps, request) + budgetNotes(steps, request)
      + releaseNotes(hops) + pointOfNoReturn(steps)
  }

  /// The workers that are left behind from the start, whatever else there is to do.
  static func unreachable(_ request: Planner.Request) -> [PlanNote] {
    let allowed = request.inventory.policy.rollout?.failureBudget ?? 0
    return request.unreachable.enumerated().map { index, worker in
      PlanNote(
        .warning,
        "\(worker.host) is left behind, as worker \(index + 1) of the \(allowed) that may fail. \(worker.reason) Plan "
          + "again when it is back.")
    }
  }

  private static func controlPlaneNotes(_ steps: [PlanStep], _ request: Planner.Request) -> [PlanNote] {
    let changes = steps.contains { step in
      step.effects.contains { if case .controlPlane = $0 { true } else { false } }
    }
    guard changes, request.inventory.hosts.count(where: \.isControlPlane) == 1 else { return [] }
    return [
      PlanNote(
        .warning,
        "There is one control plane: the API server is away for a minute or so while its static pods restart. "
          + "Pods go on running.")
    ]
  }

  /// The nodes that the plan takes out of service.
  private static func drained(_ steps: [PlanStep]) -> Set<String> {
    Set(steps.flatMap(\.effects).compactMap { if case .outOfService(let node) = $0 { node } else { nil } })
  }

  private static func cordonNotes(_ steps: [PlanStep], _ request: Planner.Request) -> [PlanNote] {
    let drained = drained(steps)
    return request.facts.cluster.nodes
      .filter { $0.cordoned && $0.cordonedByRun == nil && drained.contains($0.name) }
      .map { node in
        let count = node.isOutForOthers ? " It counts as unavailable." : ""
        return PlanNote(
          .warning, "\(node.name) is cordoned already, by somebody else; it stays cordoned.\(count)")
      }
  }

  private static func budgetNotes(_ steps: [PlanStep], _ request: Planner.Request) -> [PlanNote] {
    if drained(steps).isEmpty { return [] }
    return request.facts.cluster.podDisruptionBudgets.filter { $0.disruptionsAllowed == 0 }.map { budget in
      PlanNote(
        .warning,
        "The budget \(budget.namespace)/\(budget.name) allows no disruption now (\(budget.currentHealthy) healthy, "
          + "\(budget.desiredHealthy) wanted); a drain waits for it.")
    }
  }

  private static func releaseNotes(_ hops: [UpgradeHop]) -> [PlanNote] {
    var notes: [PlanNote] = []
    for hop in hops where hop.version.minorVersion != hop.from.minorVersion {
      guard let release = KubernetesReleases.facts(for: hop.version.minorVersion) else { continue }
      for hazard in release.hazards where hazard.level != .info {
        let level: PlanNote.Level = hazard.level == .blocker ? .warning : .info
        notes.append(PlanNote(level, "\(release.minor), \(hazard.area): \(hazard.text)"))
      }
    }
    return notes
  }

  private static func pointOfNoReturn(_ steps: [PlanStep]) -> [PlanNote] {
    guard let step = steps.first(where: { $0.reversibility == .final }) else { return [] }
    let before = steps.prefix { $0.id != step.id }.filter { $0.reversibility == .reversible }.map(\.id.text)
    let trace =
      before.isEmpty ? "without a trace" : "and only \(before.joined(separator: ", ")) can be put back"
    return [
      PlanNote(.info, "Up to \(step.id) the run can be given up \(trace); after it the way is forward.")
    ]
  }
}
