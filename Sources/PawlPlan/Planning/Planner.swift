package import PawlModel

/// Why there is no plan.
package enum PlanningError: Error, Sendable, Hashable {
  /// The runbook or an input is wrong.
  case invalid(DiagnosticsError)
  /// The plan would break a rule; nothing has been touched.
  case refused([PlanRefusal])
}

/// Makes plans: a pure, synchronous function of runbook, inventory, facts and inputs.
package struct Planner: Sendable {
  /// What a plan is made from.
  package struct Request: Sendable {
    package let runbook: Runbook
    package let inventory: Inventory
    package let facts: Facts
    /// Inputs as given on the command line, by name.
    package let inputs: [String: String]
    /// Only these hosts; empty for all.
    package let limit: Set<String>
    /// Workers that the plan goes without, because they are out of reach and the failure budget allows it.
    package let unreachable: [UnreachableWorker]
    /// How long steps took before.
    package let history: StepHistory

    /// Makes a request.
    package init(
      runbook: Runbook, inventory: Inventory, facts: Facts, inputs: [String: String], limit: Set<String> = [],
      unreachable: [UnreachableWorker] = [], history: StepHistory = StepHistory()
    ) {
      self.runbook = runbook
      self.inventory = inventory
      self.facts = facts
      self.inputs = inputs
      self.limit = limit
      self.unreachable = unreachable
      self.history = history
    }
  }

  private let catalog: ActionCatalog

  /// Makes a planner for the actions of a catalogue.
  package init(catalog: ActionCatalog) { self.catalog = catalog }

  /// The plan, with every choice made and every rule checked in each state that it can reach.
  ///
  /// - Throws: `PlanningError` with all problems at once.
  package func plan(_ request: Request) throws(PlanningError) -> Plan {
    let inputs: [String: Value]
    do {
      try RunbookLint(catalog: catalog).check(request.runbook)
      inputs = try request.runbook.resolveInputs(request.inputs)
    } catch {
      throw .invalid(error)
    }
    let hops = try upgradeHops(request, inputs)
    let scope = PlanScope(request: request, inputs: inputs, hops: hops)
    var expansion = Expansion(catalog: catalog, request: request, scope: scope)
    try expansion.expand()
    let patching = catalog.needsPatchFacts(expansion.steps)
    var plan = Plan(
      cluster: request.inventory.name,
      runbook: RunbookReference(
        name: request.runbook.name, version: request.runbook.version, digest: request.runbook.digest),
      inputs: inputs.mapValues(\.plain),
      title: title(of: request, hops: hops),
      versions: versionChanges(expansion.steps, request),
      steps: expansion.steps,
      skipped: expansion.skipped,
      rollout: expansion.rollout.report(
        of: expansion.rolledOut, width: expansion.rolloutWidth, request),
      unreachable: request.unreachable.isEmpty ? nil : request.unreachable,
      notes: PlanNotes.unreachable(request)
        + PlanNotes.notes(for: expansion.steps, hops: hops, request: request)
        + (catalog.needsPatchFacts(request.runbook)
          ? PatchNotes.notes(for: expansion.steps, inputs: inputs, request: request) : []),
      basis: PlanBasis.entries(inventory: request.inventory, facts: request.facts, patching: patching))
    try leaveRoom(in: &plan, before: expansion.counts, request)
    let refusals = PlanChecks.check(plan, inventory: request.inventory, facts: request.facts)
    guard refusals.isEmpty else { throw .refused(refusals) }
    return plan
  }

  /// Tells the steps that count the workers which are out how many the policy leaves beside the run's own.
  private func leaveRoom(
    in plan: inout Plan, before counts: [StepID: StepID], _ request: Request
  ) throws(PlanningError) {
    if counts.isEmpty { return }
    let check: AvailabilityCheck
    do throws(PlanRefusal) {
      check = AvailabilityCheck(
        plan: plan, order: try PlanOrder(plan), inventory: request.inventory, facts: request.facts)
    } catch {
      throw .refused([error])
    }
    for index in plan.steps.indices {
      let step = plan.steps[index]
      guard let out = counts[step.id], case .string(let node)? = step.with["node"] else { continue }
      plan.steps[index].with["others"] = .int(check.others(beside: out, of: node))
    }
  }

  /// The versions that the cluster is taken through; none for a runbook without a `target`.
  private func upgradeHops(
    _ request: Request, _ inputs: [String: Value]
  ) throws(PlanningError) -> [UpgradeHop] {
    guard let target = inputs["target"].flatMap({ VersionTarget(parsing: $0.description) }),
      request.runbook.inputs.contains(where: { $0.name == "target" && $0.kind == .version })
    else { return [] }
    do {
      return try UpgradeHop.hops(to: target, request)
    } catch {
      throw .refused([error])
    }
  }

  private func title(of request: Request, hops: [UpgradeHop]) -> String {
    guard let last = hops.last else {
      return "\(request.runbook.name) on \(request.inventory.name)"
    }
    return "Upgrade \(request.inventory.name) to \(last.version)"
  }

  private func versionChanges(_ steps: [PlanStep], _ request: Request) -> [VersionChange] {
    request.inventory.hosts.compactMap { host in
      guard let from = request.facts.cluster.node(named: host.node)?.kubeletVersion else { return nil }
      var through: [KubernetesVersion] = []
      for step in steps where step.host == host.name {
        for case .kubeletRunning(_, let version) in step.effects where through.last != version {
          through.append(version)
        }
      }
      return VersionChange(
        host: host.name, role: host.isControlPlane ? "control-plane" : "worker", from: from, through: through)
    }
  }
}

extension Planner.Request {
  /// Whether the job was asked for this host.
  func isInLimit(_ host: Host) -> Bool { limit.isEmpty || limit.contains(host.name) }

  /// Whether the job is for this host.
  func includes(_ host: Host) -> Bool { isInLimit(host) && !unreachable.contains { $0.host == host.name } }

  /// Workers that are out of service already, without those that the failure budget says may be.
  var unavailableWorkers: [String] {
    let behind = Set(unreachable.map(\.node))
    return facts.cluster.unavailableWorkers.filter { !behind.contains($0) }
  }
}
