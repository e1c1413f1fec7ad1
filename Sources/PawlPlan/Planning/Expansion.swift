import PawlModel

/// Turns a runbook's steps into a plan's: one for each host and item, with edges.
///
/// Rules: a step follows its sibling before unless it says `needs`; a repeated step runs `parallel` repetitions at
/// once, so repetition k waits for repetition k - parallel; what is skipped passes its needs on.
struct Expansion {
  /// Where in the runbook the expansion stands.
  struct Frame {
    var path: [String] = []
    var prefix: [String] = []
    var host: Host?
    var scope: [String: Value]
  }

  /// One repetition of a step.
  struct Repetition {
    var frame: Frame
    var label: String
    /// The wave of a rollout that it belongs to.
    var wave: String?
  }

  let catalog: ActionCatalog
  let request: Planner.Request
  let scope: PlanScope
  private var diagnostics: [Diagnostic] = []
  private var refusals: [PlanRefusal] = []
  var ids: Set<StepID> = []
  private var stepsByID: [StepID: PlanStep] = [:]
  var steps: [PlanStep] = []
  private(set) var skipped: [SkippedStep] = []
  let rollout: Rollout
  /// Workers of rollouts, and how many of them come at once.
  var rolledOut: Set<String> = []
  var rolloutWidth = 1
  /// The steps that count the workers which are out, with the step that each stands before.
  var counts: [StepID: StepID] = [:]

  init(catalog: ActionCatalog, request: Planner.Request, scope: PlanScope) {
    self.catalog = catalog
    self.request = request
    self.scope = scope
    rollout = Rollout(request.inventory)
  }

  mutating func expand() throws(PlanningError) {
    do throws(ExpressionError) {
      let approval = try addRunApproval()
      _ = expand(request.runbook.steps, Frame(scope: scope.root), entry: approval)
      // Nothing but the approval of nothing.
      if steps.map(\.id) == approval { steps = [] }
    } catch {
      diagnostics.append(Diagnostic(.error, error.message, at: error.location))
    }
    if !diagnostics.isEmpty { throw .invalid(DiagnosticsError(diagnostics)) }
    if !refusals.isEmpty { throw .refused(refusals) }
  }

  /// Expands a list in dependency order; gives what a successor of the whole list must wait for.
  private mutating func expand(_ list: [RunbookStep], _ frame: Frame, entry: [StepID]) -> [StepID] {
    var exits: [String: [StepID]] = [:]
    var awaited: Set<String> = []
    for (index, step) in RunbookOrder.sorted(list) {
      let needs = step.needs?.map(\.name) ?? (index > 0 ? [list[index - 1].id] : [])
      awaited.formUnion(needs)
      let before = needs.isEmpty ? entry : unique(needs.flatMap { exits[$0] ?? [] })
      exits[step.id] = expand(step, frame, entry: before)
    }
    return unique(list.filter { !awaited.contains($0.id) }.flatMap { exits[$0.id] ?? [] })
  }

  /// Expands a step with all its repetitions.
  private mutating func expand(_ step: RunbookStep, _ frame: Frame, entry: [StepID]) -> [StepID] {
    do {
      let repetitions = try repetitions(of: step, in: frame)
      let width = try width(of: step, in: frame, count: repetitions.count)
      if step.rollout { return try expandRollout(of: step, repetitions, width: width, entry: entry) }
      var exits: [[StepID]] = []
      for (index, repetition) in repetitions.enumerated() {
        let before = index < width ? entry : exits[index - width]
        exits.append(try expandOnce(step, repetition, entry: before))
      }
      return exits.isEmpty ? entry : unique(exits.suffix(width).flatMap(\.self))
    } catch {
      diagnostics.append(Diagnostic(.error, error.message, at: error.location))
      return entry
    }
  }

  private mutating func expandOnce(
    _ step: RunbookStep, _ repetition: Repetition, entry: [StepID]
  ) throws(ExpressionError) -> [StepID] {
    guard try holds(step, repetition.frame) else { return entry }
    return try expandBody(of: step, repetition, entry: entry)
  }

  /// Whether the step is in the plan; keeps the reason when it is not.
  mutating func holds(_ step: RunbookStep, _ frame: Frame) throws(ExpressionError) -> Bool {
    guard let when = step.when else { return true }
    let value = try when.evaluate(in: frame.scope)
    guard case .bool(let holds) = value else {
      throw ExpressionError("'when' must be true or false, not \(value.typeName)", at: when.location)
    }
    if !holds {
      skipped.append(
        SkippedStep(id: id(of: step.id, in: frame), reason: "\(when.source) does not hold"))
    }
    return holds
  }

  mutating func expandBody(
    of step: RunbookStep, _ repetition: Repetition, entry: [StepID]
  ) throws(ExpressionError) -> [StepID] {
    switch step.body {
    case .group(let children):
      var inner = repetition.frame
      inner.path += [repetition.label, repetition.wave].compactMap(\.self)
      return expand(children, inner, entry: entry)
    case .action(let call):
      return try [add(step, call, repetition.frame, needs: entry)].compactMap(\.self)
    }
  }

  // MARK: - Repetition

  private func repetitions(of step: RunbookStep, in frame: Frame) throws(ExpressionError) -> [Repetition] {
    var result = [Repetition(frame: frame, label: step.id)]
    if let forEach = step.forEach {
      let value = try forEach.evaluate(in: frame.scope)
      guard case .list(let items) = value else {
        throw ExpressionError("'forEach' needs a list, not \(value.typeName)", at: forEach.location)
      }
      result = items.map { item in
        var inner = frame
        let key = key(of: item)
        inner.scope[step.loopVariable] = item
        inner.prefix.append(key)
        return Repetition(frame: inner, label: key)
      }
    }
    guard let selector = step.on else { return result }
    let hosts = hosts(for: selector)
    return result.flatMap { outer in
      hosts.map { host in
        var inner = outer
        inner.frame.host = host
        inner.frame.scope["host"] = scope.value(of: host)
        return inner
      }
    }
  }

  private func key(of item: Value) -> String {
    if case .map(let entries) = item, let key = entries["key"] { return key.description }
    return item.description
  }

  private func hosts(for selector: HostSelector) -> [Host] {
    let members = selector.group.map { Set(request.inventory.groups[$0] ?? []) }
    let found = request.inventory.hosts.filter { host in
      (selector.role.map { role in role == .worker ? host.isWorker : host.roles.contains(role) } ?? true)
        && (members?.contains(host.name) ?? true)
    }
    let picked: [Host] =
      switch selector.pick {
      case .all: found
      case .first: Array(found.prefix(1))
      case .rest: Array(found.dropFirst())
      }
    return picked.filter(request.includes)
  }

  private func width(of step: RunbookStep, in frame: Frame, count: Int) throws(ExpressionError) -> Int {
    guard let parallel = step.parallel else { return 1 }
    switch try parallel.evaluate(in: frame.scope) {
    case .int(let number) where number >= 1: return number
    case .string("all"): return max(count, 1)
    case let value:
      throw ExpressionError(
        "'parallel' must be a whole number from 1, or 'all', not \(value)",
        at: parallel.location)
    }
  }

  // MARK: - One step

  func id(of step: String, in frame: Frame) -> StepID {
    StepID((frame.prefix + [step]).joined(separator: "/") + (frame.host.map { "@\($0.name)" } ?? ""))
  }

  private mutating func add(
    _ step: RunbookStep, _ call: ActionCall, _ frame: Frame, needs: [StepID]
  ) throws(ExpressionError) -> StepID? {
    let id = id(of: step.id, in: frame)
    guard ids.insert(id).inserted else {
      throw ExpressionError("two steps get the id '\(id)'; rename one of them", at: step.location)
    }
    guard let spec = catalog.spec(call.reference) else { return nil }
    if spec.needsHost, frame.host == nil {
      throw ExpressionError(
        "\(call.reference) needs a host; add 'on' to the step or to a group around it",
        at: call.location)
    }
    if let earlier = spec.comesAfter, !isDone(earlier, before: needs, on: frame.host) {
      throw ExpressionError(
        "\(call.reference) compares with what \(earlier) found, and none comes before it on the same host",
        at: call.location)
    }
    let parameters = try ActionParameters.resolve(call, spec, in: frame.scope)
    let site = ActionSpec.Site(host: frame.host, parameters: parameters)
    var with = parameters.mapValues(\.plain)
    do throws(PlanRefusal) {
      let frozen = try spec.freeze(site, frame.host.flatMap { request.facts.hosts[$0.name] })
      with.merge(frozen.mapValues(\.plain)) { $1 }
    } catch {
      refusals.append(error)
    }
    let history = request.history.estimate(uses: call.reference, host: frame.host?.name)
    let estimate = history ?? Estimate(guess: spec.estimateSeconds)
    let planned = PlanStep(
      id: id, title: try step.title?.render(in: frame.scope).description ?? spec.title(site),
      uses: call.reference, host: frame.host?.name, path: frame.path, needs: needs, with: with,
      retry: call.retry ?? spec.defaultRetry,
      timeoutSeconds: try ActionParameters.timeout(of: call, spec, parameters, in: frame.scope),
      reversibility: spec.reversibility, proof: spec.proof,
      estimateSeconds: estimate.seconds, estimateLowSeconds: estimate.lowSeconds,
      estimateHighSeconds: estimate.highSeconds, estimateSource: history == nil ? .defaults : .runs,
      effects: spec.effects(site))
    steps.append(planned)
    stepsByID[id] = planned
    return id
  }

  /// Whether steps of the host alone lead from one that uses the action to here: the way that the engine goes back.
  private func isDone(_ uses: String, before needs: [StepID], on host: Host?) -> Bool {
    var open = needs
    var seen: Set<StepID> = []
    while let id = open.popLast() {
      guard seen.insert(id).inserted, let step = stepsByID[id], step.host == host?.name else { continue }
      if step.uses == uses { return true }
      open += step.needs
    }
    return false
  }

  func unique(_ ids: [StepID]) -> [StepID] {
    var seen: Set<StepID> = []
    return ids.filter { seen.insert($0).inserted }
  }
}
