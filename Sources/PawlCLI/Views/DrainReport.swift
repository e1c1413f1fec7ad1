import PawlEngine
import PawlPlan
import PawlSteps

/// The verdict on every pod of nodes that are to be drained.
struct DrainReport {
  private struct Node {
    let name: String
    let survey: DrainSurvey
    let refusal: StepFailure?
  }

  private let nodes: [Node]
  private let budgets: [ClusterBudget]

  /// Looks at the nodes of a plan's drains, read-only, by the very parameters of its steps. Each node once, however
  /// often it is drained.
  static func make(of plan: Plan, cluster: any ClusterClient) async throws -> DrainReport {
    var nodes: [Node] = []
    let budgets = try await budgets(cluster)
    for step in plan.steps where step.uses == NodeDrain.spec.reference {
      let drain = try NodeDrain(step: step)
      guard !nodes.contains(where: { $0.name == drain.node }) else { continue }
      let survey = try await drain.verdicts(on: cluster, after: nodes.last?.survey)
      var refusal: StepFailure?
      do throws(StepFailure) {
        try survey.refuseIfNeeded(node: drain.node, cordoned: false)
        if !drain.isForced {
          try survey.refuseSeveralBudgets(budgets, node: drain.node, cordoned: false)
        }
      } catch {
        refusal = error
      }
      nodes.append(Node(name: drain.node, survey: survey, refusal: refusal))
    }
    return DrainReport(nodes: nodes, budgets: budgets)
  }

  /// Refuses a plan with a drain that would not begin now: nobody wants to hear of it halfway.
  static func refuse(_ plan: Plan, cluster: any ClusterClient) async throws {
    if let refusal = try await make(of: plan, cluster: cluster).refusal { throw refusal }
  }

  /// None where they may not be read: the API server keeps them all the same.
  private static func budgets(_ cluster: any ClusterClient) async throws(ClusterError) -> [ClusterBudget] {
    do throws(ClusterError) { return try await cluster.budgets() } catch {
      guard error.code == .forbidden else { throw error }
      return []
    }
  }

  /// Why the drain would not begin; nil when it would.
  var refusal: CommandFailure? {
    let refusals = nodes.compactMap(\.refusal)
    if refusals.isEmpty { return nil }
    return CommandFailure(.failed, refusals.flatMap { [$0.message, $0.hint].compactMap(\.self) })
  }

  /// As a table, or with one JSON object a line.
  func write(_ output: OutputOptions) {
    for node in nodes {
      switch output.format {
      case .human:
        let leaving = DrainText.pods(node.survey.leaving.count)
        Console.line("\(node.name): \(leaving) to move")
        for line in node.survey.lines(with: budgets) { Console.line("  \(line)") }
      case .json:
        for verdict in node.survey.verdicts {
          Console.line(JSONLine.text(VerdictLine(node: node.name, verdict, budgets)))
        }
      }
    }
  }
}

/// A verdict in JSON output. Fields are added, never changed.
struct VerdictLine: Encodable {
  var schemaVersion = 1
  let node: String
  let namespace: String
  let pod: String
  let uid: String
  /// `ReplicaSet/web`.
  let owner: String?
  /// `evict`, `delete`, `wait`, `ignore` or `refuse`.
  let verdict: String
  let reasons: [String]
  let message: String?
  let order: Int
  /// What budgets say of a pod that is to be evicted.
  let budgets: [String]

  init(node: String, _ verdict: DrainVerdict, _ budgets: [ClusterBudget]) {
    self.node = node
    namespace = verdict.pod.namespace
    pod = verdict.pod.name
    uid = verdict.pod.uid
    owner = verdict.pod.controller.map { "\($0.kind)/\($0.name)" }
    self.verdict = verdict.behaviour.rawValue
    reasons = verdict.reasons
    message = verdict.message.isEmpty ? nil : verdict.message
    order = verdict.order
    self.budgets = DrainText.limits(on: verdict, budgets)
  }
}
