package import PawlModel

// Groups with `rollout`: nodes in the policy's order, with what each wave and each node waits for.
extension Expansion {
  /// Where a step stands that the policy, not the runbook, asks for.
  private struct Place {
    let step: RunbookStep
    var frame: Frame
    let path: [String]
    /// Behind the name of a step that is not a host's own.
    var suffix = ""
  }

  /// The approval of the whole run, when the policy wants it.
  mutating func addRunApproval() throws(ExpressionError) -> [StepID] {
    guard rollout.policy.approval == .run, let step = request.runbook.steps.first,
      request.runbook.hasRollout
    else { return [] }
    let id = StepID("run-approval")
    let place = Place(step: step, frame: Frame(scope: scope.root), path: [])
    try add(id, "rollout/approval@v1", at: place, needs: [], with: ["what": .string("the run")])
    return [id]
  }

  /// Expands a group for its hosts: wave by wave, zone by zone, `width` at once.
  mutating func expandRollout(
    of step: RunbookStep, _ repetitions: [Repetition], width: Int, entry: [StepID]
  ) throws(ExpressionError) -> [StepID] {
    var byHost: [String: Repetition] = [:]
    for repetition in repetitions {
      guard let host = repetition.frame.host, try holds(step, repetition.frame) else { continue }
      byHost[host.name] = repetition
      if host.isWorker { rolledOut.insert(host.name) }
    }
    rolloutWidth = max(rolloutWidth, min(width, room))
    let waves = rollout.waves(of: Set(byHost.keys))
    var exits = entry
    for (index, wave) in waves.enumerated() {
      guard let any = wave.zones.first?.first.flatMap({ byHost[$0] }) else { continue }
      var place = place(of: step, any, in: wave)
      place.frame.host = nil
      place.suffix = wave.id.map { "-\($0)" } ?? ""
      if rollout.policy.approval == .wave, wave.isOfWorkers {
        let what = Value.string([step.id, wave.label].compactMap(\.self).joined(separator: ", "))
        exits = [try add("approval", at: place, needs: exits, with: ["what": what])]
      }
      let isLast = index == waves.count - 1
      for (number, zone) in wave.zones.enumerated() {
        exits = try expand(
          zone.compactMap { byHost[$0] }, of: step, in: wave, width: width, entry: exits,
          isEnd: isLast && number == wave.zones.count - 1)
      }
      if rollout.hasWaves, wave.isOfWorkers, !isLast {
        exits = try addSoak(at: place, after: exits)
      }
    }
    return exits
  }

  /// Nodes that may be out of service beside those that are already.
  private var room: Int {
    max(1, request.inventory.policy.maxUnavailable - request.unavailableWorkers.count)
  }

  /// Expands a zone's nodes; `isEnd` when nothing of the group comes after them.
  private mutating func expand(
    _ nodes: [Repetition], of step: RunbookStep, in wave: Rollout.Wave, width: Int, entry: [StepID],
    isEnd: Bool
  ) throws(ExpressionError) -> [StepID] {
    let width = wave.isCanary ? 1 : min(width, room)
    var exits: [[StepID]] = []
    for (index, node) in nodes.enumerated() {
      let before = index < width ? entry : exits[index - width]
      let isLast = isEnd && index + width >= nodes.count
      exits.append(try expand(node, of: step, in: wave, entry: before, isLast: isLast))
    }
    return exits.isEmpty ? entry : unique(exits.suffix(width).flatMap(\.self))
  }

  /// Expands one node: what it waits for, its steps, and the time let pass after it.
  private mutating func expand(
    _ node: Repetition, of step: RunbookStep, in wave: Rollout.Wave, entry: [StepID], isLast: Bool
  ) throws(ExpressionError) -> [StepID] {
    let place = place(of: step, node, in: wave)
    let (first, needs) = (steps.count, entry)
    var entry = entry
    if rollout.policy.approval == .node {
      let what = Value.string("\(step.id), \(node.frame.host?.name ?? "")")
      entry = [try add("approval", at: place, needs: entry, with: ["what": what])]
    }
    let window = steps.count
    if !rollout.policy.windows.isEmpty {
      let windows = rollout.policy.windows.map { Value.string($0.description) }
      entry = [
        try add(
          "await-window", at: place, needs: entry, with: ["windows": .list(windows), "seconds": .int(0)])
      ]
    }
    let start = steps.count
    var node = node
    node.wave = wave.label
    var exits = try expandBody(of: step, node, entry: entry)
    guard steps.count > start else {
      // Nothing is done there, so nothing is waited for.
      for step in steps[first...] { ids.remove(step.id) }
      steps.removeSubrange(first...)
      return needs
    }
    if window < start { steps[window].with["seconds"] = .int(Plan.longestWay(through: steps[start...])) }
    try addAvailabilityCheck(from: start, at: place)
    if !rollout.hasWaves, !isLast, wave.isOfWorkers { exits = try addSoak(at: place, after: exits) }
    return exits
  }

  /// Right before the node is taken out of service: no more others may be out than the policy leaves room for beside
  /// the rollout's own, which only the whole plan tells (`Planner.leaveRoom`). A node that is out already makes it no
  /// worse, nor does a control plane, which is no worker.
  private mutating func addAvailabilityCheck(from start: Int, at place: Place) throws(ExpressionError) {
    guard let host = place.frame.host, !host.isControlPlane,
      request.facts.cluster.node(named: host.node)?.isOutForOthers != true,
      let index = steps[start...].firstIndex(where: { $0.effects.contains(.outOfService(node: host.node)) })
    else { return }
    let (parts, out) = (steps[index].id.parts, steps[index])
    let id = StepID((parts.place.map { "\($0)/" } ?? "") + "before-\(parts.name)@\(host.name)")
    try add(id, "rollout/check-unavailable@v1", at: place, needs: out.needs, with: ["others": .int(0)])
    counts[id] = out.id
    steps[index].needs = [id]
    steps.insert(steps.removeLast(), at: index)
  }

  private mutating func addSoak(at place: Place, after exits: [StepID]) throws(ExpressionError) -> [StepID] {
    guard rollout.policy.soakSeconds > 0 else { return exits }
    return [try add("soak", at: place, needs: exits, with: ["duration": .int(rollout.policy.soakSeconds)])]
  }

  // MARK: - One step

  private func place(of step: RunbookStep, _ node: Repetition, in wave: Rollout.Wave) -> Place {
    Place(
      step: step, frame: node.frame,
      path: node.frame.path + [node.label, wave.label].compactMap(\.self))
  }

  /// `workers-soak-canary`, or `workers-soak@worker-1` for a host.
  private mutating func add(
    _ action: String, at place: Place, needs: [StepID], with: [String: Value]
  ) throws(ExpressionError) -> StepID {
    let id = id(of: "\(place.step.id)-\(action)\(place.suffix)", in: place.frame)
    try add(id, "rollout/\(action)@v1", at: place, needs: needs, with: with)
    return id
  }

  private mutating func add(
    _ id: StepID, _ uses: String, at place: Place, needs: [StepID], with: [String: Value]
  ) throws(ExpressionError) {
    guard let spec = catalog.spec(uses) else {
      throw ExpressionError("'rollout' needs the action \(uses), which is not there", at: place.step.location)
    }
    guard ids.insert(id).inserted else {
      throw ExpressionError("two steps get the id '\(id)'; rename the group", at: place.step.location)
    }
    let host = place.frame.host
    let site = ActionSpec.Site(host: host, parameters: with)
    var frozen = with
    if let host { frozen["node"] = .string(host.node) }
    var soak = 0
    if case .int(let seconds)? = with["duration"] { soak = seconds }
    steps.append(
      PlanStep(
        id: id, title: spec.title(site), uses: uses, host: host?.name, path: place.path, needs: needs,
        with: frozen, retry: spec.defaultRetry, timeoutSeconds: spec.defaultTimeoutSeconds + soak,
        reversibility: spec.reversibility, proof: spec.proof, estimateSeconds: spec.estimateSeconds + soak,
        effects: spec.effects(site)))
  }
}

extension Runbook {
  /// Whether any of it is a rollout.
  package var hasRollout: Bool { steps.contains(where: \.hasRollout) }
}

extension RunbookStep {
  /// Whether it or a step in it is a rollout.
  var hasRollout: Bool {
    if rollout { return true }
    guard case .group(let children) = body else { return false }
    return children.contains(where: \.hasRollout)
  }
}
