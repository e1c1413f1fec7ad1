import Foundation
import PawlModel
import PawlPlan
import PawlSteps

/// From an inventory to a plan: facts, checks, plan. Touches nothing.
struct Preparation {
  let inventory: Inventory
  let world: World

  /// Gathers facts and checks them.
  /// - Parameter patches: whether hosts are asked what there is to patch, too.
  func check(patches: Bool = false) async -> (facts: Facts?, problems: [CheckProblem]) {
    let report = await FactGatherer(hosts: world.hosts, cluster: world.cluster)
      .gather(for: inventory, patches: patches)
    return (report.facts, Preflight.check(inventory, report, skew: Self.skewProblems))
  }

  /// Facts that are good enough for a job; warnings go to standard error.
  /// - Parameter limit: the hosts that the job is for; empty for all.
  /// - Throws: `CommandFailure` with every error at once.
  func facts(patches: Bool = false, limit: Set<String> = []) async throws -> Facts {
    try await facts(PreflightScope(limit: limit, patching: patches)).facts
  }

  /// The plan for a runbook. Where it is rolled out to workers, those out of reach are left behind within the failure
  /// budget.
  /// - Throws: `CommandFailure` with every error at once, `PlanningError`.
  func plan(
    _ runbook: Runbook, inputs: [String: String], limit: Set<String>, history: StepHistory
  ) async throws -> (plan: Plan, facts: Facts) {
    let (facts, unreachable) = try await facts(
      PreflightScope(
        limit: limit, patching: Catalogue.catalog.needsPatchFacts(runbook),
        failureBudget: runbook.hasRollout ? inventory.policy.rollout?.failureBudget ?? 0 : 0))
    let plan = try Catalogue.planner.plan(
      Planner.Request(
        runbook: runbook, inventory: inventory, facts: facts, inputs: inputs, limit: limit,
        unreachable: unreachable, history: history))
    return (plan, facts)
  }

  private func facts(
    _ scope: PreflightScope
  ) async throws -> (facts: Facts, unreachable: [UnreachableWorker]) {
    let (facts, problems) = await check(patches: scope.patching)
    let leftBehind = scope.leftBehind(problems, inventory)
    let accepted = try Self.accept(facts, scope.relax(problems, inventory, leftBehind: leftBehind))
    return (accepted, leftBehind)
  }

  /// What the API server alone says, of a cluster that has these hosts' nodes.
  ///
  /// - Throws: `CommandFailure` with every error at once.
  func clusterFacts(for hosts: [PawlModel.Host]) async throws(CommandFailure) -> Facts {
    let report = await FactGatherer(hosts: world.hosts, cluster: world.cluster).gatherCluster()
    let missing = hosts.filter { report.facts?.cluster.node(named: $0.node) == nil && report.facts != nil }
    return try Self.accept(
      report.facts,
      report.problems
        + missing.map { host in
          CheckProblem(
            subject: host.name, code: "unknown-node",
            message: "The API server knows no node '\(host.node)' for the host \(host.name).",
            hint: "Check 'node:' of that host in the inventory.")
        })
  }

  /// The same for facts that were saved earlier.
  ///
  /// - Throws: `CommandFailure` with every error at once.
  static func check(saved facts: Facts, _ inventory: Inventory) throws(CommandFailure) -> Facts {
    try accept(facts, Preflight.check(inventory, facts, skew: skewProblems))
  }

  private static func accept(_ facts: Facts?, _ problems: [CheckProblem]) throws(CommandFailure) -> Facts {
    for problem in problems where problem.severity == .warning { Console.error("warning: \(problem)") }
    let errors = problems.filter { $0.severity == .error }
    guard let facts, errors.isEmpty else {
      throw CommandFailure(
        status(of: problems),
        ["Nothing was touched; this must be put right first:"] + errors.map { "  \($0)" })
    }
    return facts
  }

  /// The exit code for problems.
  static func status(of problems: [CheckProblem]) -> ExitStatus {
    let errors = problems.filter { $0.severity == .error }
    if errors.isEmpty { return .success }
    return errors.contains { $0.kind == .unreachable } ? .unreachable : .failed
  }

  /// The skew rules, applied to what runs now.
  static func skewProblems(_ facts: Facts) -> [CheckProblem] {
    SkewPolicy.violations(in: ClusterVersions(facts.cluster)).map { violation in
      CheckProblem(
        subject: violation.host ?? "cluster", code: violation.rule.rawValue,
        message: violation.description.asSentence,
        hint: "Bring it back within the version skew policy by hand before an upgrade.")
    }
  }
}
