package import PawlEngine
import PawlModel
package import PawlPlan

/// Takes a node out of service: cordons it, with a mark of this run, and moves its pods away.
package struct NodeDrain: UndoableAction {
  package static let spec = ActionSpec(
    name: "node/drain", version: 1,
    summary: "Cordons a node and evicts its pods within their disruption budgets.",
    parameters: [
      .init("timeout", .duration, default: .string("10m"), "How long the whole drain may take."),
      .init(
        "localData", .string, default: .string("refuse"), allowed: lossPolicies,
        "What happens to pods with emptyDir volumes, whose data is lost."),
      .init(
        "unmanagedPods", .string, default: .string("refuse"), allowed: lossPolicies,
        "What happens to pods that nothing creates again."),
      .init(
        "gracePeriod", .int, default: .int(-1),
        "Seconds pods get to end; -1 for each pod's own, 0 only with `force`."),
      .init(
        "pods", .mapList, default: .list([]),
        "Rules for single pods, as in the inventory's `policy.drain.pods`; the plan adds those for pods that others need."
      ),
      .init("maxParallelEvictions", .int, default: .int(5), "Evictions under way at once."),
      .init(
        "atLimit", .string, default: .string("pause"),
        allowed: DrainSettings.AtLimit.allCases.map(\.rawValue),
        "What happens when the drain has not ended in time."),
      .init(
        "force", .string, default: .string(""),
        "Why pods that are left at the limit are deleted with no grace, past their budgets; empty for not."),
    ],
    // The parameter `timeout` is the limit that counts.
    reversibility: .compensable, timeoutSeconds: 86_400, estimateSeconds: 45, title: { "Drain \($0.node)" },
    effects: { [.outOfService(node: $0.node)] }, freeze: freeze)

  /// The rules as they will be, so that a newer Pawl with other ones of its own still does what was planned.
  private static func freeze(
    _ site: ActionSpec.Site, _ facts: HostFacts?
  ) throws(PlanRefusal) -> [String: Value] {
    var frozen = try NodeName.freeze(site, facts)
    guard site.parameters["gracePeriod"] != .int(0) || !site.text("force").isEmpty else {
      throw PlanRefusal(
        code: "no-grace",
        message: "`gracePeriod: 0` deletes pods by force: draining \(site.node) can't be planned with it.",
        hint: "Give seconds, or leave it out for each pod's own; or say in `force` why.")
    }
    guard case .list(let given)? = site.parameters["pods"] else { return frozen }
    for item in given where PodRule(item) == nil {
      throw PlanRefusal(
        code: "invalid-pod-rule",
        message: "\(item) is no rule for pods: draining \(site.node) can't be planned.",
        hint: "A rule has `namespace` or `labels`, and `action` (skip, wait, evict) or `order`. "
          + "Past their budgets pods go only by force.")
    }
    frozen["pods"] = .list(given + NeededPods.rules.map(\.value))
    return frozen
  }

  private static let lossPolicies = Policy.LossPolicy.allCases.map(\.rawValue)

  package let node: String
  private let policy: DrainPolicy
  private let limitSeconds: Int

  package init(step: PlanStep) throws(StepFailure) {
    let parameters = StepParameters(step)
    node = try parameters.node()
    let grace = try parameters.int("gracePeriod", default: -1)
    let force = try parameters.optionalText("force") ?? ""
    guard grace != 0 || !force.isEmpty else {
      throw parameters.problem("needs `force` to say why when `gracePeriod` is 0")
    }
    // A plan without the later parameters is older than they are, and does what was planned.
    policy = DrainPolicy(
      localData: try parameters.choice("localData", default: .refuse),
      unmanagedPods: try parameters.choice("unmanagedPods", default: .refuse),
      gracePeriodSeconds: grace < 0 ? nil : grace, rules: try parameters.podRules("pods"),
      maxParallelEvictions: try parameters.int("maxParallelEvictions", default: 5),
      atLimit: try parameters.choice("atLimit", default: .fail), forceReason: force.isEmpty ? nil : force)
    limitSeconds = min(try parameters.seconds("timeout", default: 600), step.timeoutSeconds)
  }

  /// Whether the plan has it delete what is left at the limit.
  package var isForced: Bool { policy.forceReason != nil }

  /// What the drain would do with each pod of the node now; read-only.
  /// - Parameter before: a look at another node, whose DaemonSets need not be asked for again.
  package func verdicts(
    on cluster: any ClusterClient, after before: DrainSurvey? = nil
  ) async throws(StepFailure) -> DrainSurvey {
    try await DrainSurvey.take(
      node: node, policy: policy, cluster: StepCluster(looking: cluster), after: before)
  }

  private func drain(_ environment: ActionEnvironment) -> Drain {
    Drain(node: node, policy: policy, seconds: limitSeconds, environment)
  }

  private func current(_ environment: ActionEnvironment) async throws(StepFailure) -> ClusterNode {
    let name = node
    guard let node = try await environment.cluster.node(named: name) else {
      throw CordonMark.unknownNode(name)
    }
    return node
  }

  package func probe(_ environment: ActionEnvironment) async throws(StepFailure) -> ProbeVerdict {
    let node = try await current(environment)
    guard node.unschedulable else { return .notStarted }
    let drain = drain(environment)
    let survey = try await drain.survey()
    // A pod that is to be refused is left too: that is for `perform` to say.
    let pods = survey.leaving.count + survey.refusals.count
    let volumes = pods == 0 ? try await drain.volumesLeft(survey) : []
    guard pods > 0 || !volumes.isEmpty else {
      return .done(StepOutcome("\(self.node) was found drained.", changed: true))
    }
    guard CordonMark(of: node) == .run(environment.context.run) else { return .notStarted }
    let left =
      pods > 0
      ? "cordoned and \(DrainText.pods(pods)) left to move"
      : "empty with \(VolumeDetach.count(volumes)) still attached"
    return .torn("\(self.node) is \(left); the drain goes on there")
  }

  package func perform(_ environment: ActionEnvironment) async throws(StepFailure) -> StepOutcome {
    let drain = drain(environment)
    let (name, run) = (node, environment.context.run)
    let before = try await current(environment)
    // Refusals are found, and every verdict is told, before anything is touched.
    let survey = try await drain.survey()
    let budgets = survey.leaving.isEmpty ? [] : try await drain.budgets()
    environment.output(survey.lines(with: budgets))
    try survey.refuseIfNeeded(node: name, cordoned: before.unschedulable, run: run)
    if drain.forceReason == nil {
      try survey.refuseSeveralBudgets(budgets, node: name, cordoned: before.unschedulable, run: run)
    }
    let cordoned = try await cordon(environment)
    let moved = try await drain.run(after: survey)
    return StepOutcome(
      "Drained \(name): \(DrainText.pods(moved)) moved away.", changed: cordoned || moved > 0)
  }

  /// How often the cordon is tried on a node that others change at the same time.
  private static let cordonAttempts = 5

  /// Cordons the node as it is now. A cordon that somebody else set in the meantime stays theirs.
  /// - Returns: Whether this run cordoned it.
  private func cordon(_ environment: ActionEnvironment) async throws(StepFailure) -> Bool {
    let name = node
    let annotations = [CordonMark.annotation: environment.context.run.text]
    var conflict: StepFailure?
    for _ in 0..<Self.cordonAttempts {
      let now = try await current(environment)
      // After a conflict the cordon may be this run's own, whose answer was lost.
      if now.unschedulable { return conflict != nil && CordonMark(of: now) == .run(environment.context.run) }
      do throws(StepFailure) {
        try await environment.cluster.patchNode(
          named: name, unschedulable: true, annotations: annotations, resourceVersion: now.resourceVersion)
        return true
      } catch {
        guard error.code == "api-conflict" else { throw error }
        conflict = error
      }
    }
    throw conflict ?? CordonMark.unknownNode(name)
  }

  /// A node that somebody else had cordoned carries no mark of this run and stays as it is.
  package func undo(_ environment: ActionEnvironment) async throws(StepFailure) -> StepOutcome {
    guard try await environment.cluster.node(named: node) != nil else {
      return StepOutcome("\(node) is no longer in the cluster.", changed: false)
    }
    let uncordon = NodeUncordon(node: node)
    let outcome = try await uncordon.perform(environment)
    try await uncordon.verify(environment)
    return outcome
  }

  package func verify(_ environment: ActionEnvironment) async throws(StepFailure) {
    guard try await current(environment).unschedulable else {
      throw StepFailure(
        code: "uncordoned-meanwhile", message: "Somebody uncordoned \(node) while it was drained.",
        retry: .temporary,
        hint: "Find out who did and why; then run `pawl resume`.")
    }
  }
}
