import PawlEngine
import PawlModel
import PawlPlan

/// Moves the pods of a cordoned node away, one turn after the other: what others need goes when the pods before it are
/// gone.
struct Drain: Sendable {
  /// How long a turn gets that is forced in the end, and how long pods may take that were deleted with no grace.
  static let forceSeconds = 60
  /// How often the node is looked at again for pods that came in the meantime.
  private static let looksAgain = 3

  let node: String
  let policy: DrainPolicy
  let environment: ActionEnvironment
  let deadline: Deadline

  init(node: String, policy: DrainPolicy, seconds: Int, _ environment: ActionEnvironment) {
    self.node = node
    self.policy = policy
    self.environment = environment
    deadline = Deadline(seconds: seconds, clock: environment.clock)
  }

  /// Why pods are deleted in the end that do not leave; nil when they are not.
  var forceReason: String? {
    environment.context.force.map { "\($0.by): \($0.reason)" } ?? policy.forceReason
  }

  private var cluster: StepCluster { environment.cluster }

  private func report(_ text: String) { environment.status(text) }

  private func turn(_ deadline: Deadline) -> DrainTurn {
    DrainTurn(
      node: node, policy: policy, environment: environment, deadline: deadline, isForced: forceReason != nil)
  }

  /// What would be done with each pod; changes nothing.
  func survey(after before: DrainSurvey? = nil) async throws(StepFailure) -> DrainSurvey {
    try await deadline.retrying(report: report) { () async throws(StepFailure) in
      try await DrainSurvey.take(node: node, policy: policy, cluster: cluster, after: before)
    }
  }

  /// The budgets, as far as they may be read.
  func budgets() async throws(StepFailure) -> [ClusterBudget] { try await turn(deadline).budgets() }

  /// The volumes that are attached to the node and that no pod on it uses.
  func volumesLeft(_ survey: DrainSurvey) async throws(StepFailure) -> [String] {
    try await detach(deadline, isForced: false).left(staying: survey.pods)
  }

  /// Empties the node, which must be cordoned.
  /// - Parameter before: what was said of the node before it was cordoned.
  /// - Returns: How many pods left.
  func run(after before: DrainSurvey) async throws(StepFailure) -> Int {
    var survey = try await look(after: before)
    var moved = 0
    var isForced = environment.context.force != nil
    for _ in 0...Self.looksAgain where !survey.leaving.isEmpty {
      if try await empty(survey, isFirst: moved == 0) { isForced = true }
      moved += survey.leaving.count
      // A pod may have been bound to the node just before it was cordoned.
      survey = try await look(after: survey)
    }
    if !survey.leaving.isEmpty {
      let names = DrainText.joined(survey.leaving.map { DrainText.named($0.pod) })
      environment.output(["pods keep coming to \(node) although it is cordoned, and are left there: \(names)"]
      )
    }
    try await waitForVolumes(survey, isForced: isForced)
    return moved
  }

  /// Looks at the node, tells what is new there, and refuses what can't be moved.
  private func look(after before: DrainSurvey) async throws(StepFailure) -> DrainSurvey {
    let survey = try await survey(after: before)
    environment.output(survey.lines(notIn: before))
    try survey.refuseIfNeeded(node: node, cordoned: true, run: environment.context.run)
    for verdict in survey.leaving where verdict.behaviour == .evict && !verdict.message.isEmpty {
      report("\(node): \(verdict.pod.fullName) is given up: \(verdict.message)")
    }
    return survey
  }

  /// Empties turn after turn. Where pods may be forced, each turn is asked first, and only what is left of it is.
  /// - Returns: Whether pods were forced.
  private func empty(_ survey: DrainSurvey, isFirst: Bool) async throws(StepFailure) -> Bool {
    let turns = survey.turns
    var isForced = false
    for (index, pods) in turns.enumerated() {
      let limit = limit(isFirst: isFirst && index == 0)
      let left = try await turn(limit).empty(pods)
      guard !left.isEmpty else { continue }
      guard let forceReason else {
        throw await limitFailure(left + turns[(index + 1)...].flatMap(\.self), limit)
      }
      try await force(left, forceReason)
      isForced = true
    }
    return isForced
  }

  /// The limit of a turn: short after an order, and for the turns after the limit when the plan forces.
  private func limit(isFirst: Bool) -> Deadline {
    let isLate = !isFirst && policy.forceReason != nil && deadline.remainingSeconds < Self.forceSeconds
    return isLate || environment.context.force != nil ? shortDeadline : deadline
  }

  private var shortDeadline: Deadline { Deadline(seconds: Self.forceSeconds, clock: environment.clock) }

  /// Removes pods with no grace, past their budgets. Each is named before.
  private func force(_ left: [LeavingPod], _ reason: String) async throws(StepFailure) {
    environment.output(
      left.map { "\(DrainText.named($0.pod)) is deleted with no grace, past its budgets. \(reason)" })
    report("\(node): \(DrainText.pods(left.count)) deleted with no grace, past their budgets")
    let limit = shortDeadline
    let still = try await turn(limit).empty(left.map { $0.forced() })
    guard still.isEmpty else { throw forceFailure(still, limit) }
  }

  // MARK: Volumes

  /// Detaching has some time of its own, however late the last pod left.
  private func waitForVolumes(_ survey: DrainSurvey, isForced: Bool) async throws(StepFailure) {
    let isShort = isForced || deadline.remainingSeconds < Self.forceSeconds
    try await detach(isShort ? shortDeadline : deadline, isForced: isForced).wait(staying: survey.pods)
  }

  private func detach(_ deadline: Deadline, isForced: Bool) -> VolumeDetach {
    VolumeDetach(
      node: node, environment: environment, deadline: deadline, atLimit: policy.atLimit, isForced: isForced)
  }

  // MARK: Texts

  private func limitFailure(_ left: [LeavingPod], _ deadline: Deadline) async -> StepFailure {
    let lines = lines(left, deadline)
    let begun = environment.drainBegunSecondsAgo.map { ", begun \(PlanReport.duration($0)) ago," } ?? ""
    let retry = policy.atLimit.retry
    let (run, step) = (environment.context.run, environment.step.id)
    let force =
      "; or give them up with `pawl approve \(run) \(step) --as force --reason TEXT`, which deletes what does not "
      + "leave with no grace, past its budgets"
    return StepFailure(
      code: "drain-timed-out",
      message:
        "Draining \(node)\(begun) did not end within \(deadline.seconds) s; \(DrainText.pods(left.count)) left: "
        + "\(DrainText.joined(lines)).\(await nodeTrouble())",
      causes: lines, retry: retry,
      hint:
        "The node stays cordoned. Help these pods to leave, then run `pawl resume \(run)`: the drain goes on"
        + (retry.isLimit ? force : "") + ".")
  }

  private func lines(_ left: [LeavingPod], _ deadline: Deadline) -> [String] {
    let isAgain = environment.drainBegunSecondsAgo != nil
    return left.map { $0.line(atSecond: deadline.elapsedSeconds, isAgain: isAgain) }
  }

  /// A sentence when the node itself is in trouble: then nobody there ends containers.
  private func nodeTrouble() async -> String {
    do throws(StepFailure) {
      let name = node
      guard let found = try await cluster.node(named: name), !found.ready else { return "" }
      let why = found.readyMessage.map { " (\($0))" } ?? ""
      return " \(node) itself is not Ready\(why), so nothing there may end them."
    } catch {
      // The pods that are left are the news, with or without this.
      return ""
    }
  }

  private func forceFailure(_ still: [LeavingPod], _ deadline: Deadline) -> StepFailure {
    let lines = lines(still, deadline)
    let (was, are) = still.count == 1 ? ("was", "is") : ("were", "are")
    return StepFailure(
      code: "force-timed-out",
      message:
        "\(DrainText.pods(still.count)) of \(node) \(was) deleted with no grace and \(are) still there after "
        + "\(deadline.seconds) s: \(DrainText.joined(lines)).",
      causes: lines, retry: policy.atLimit.retry,
      hint:
        "Find the controller that should take the finalizer away, or remove it; deleting again does not help. The "
        + "node stays cordoned; then run `pawl resume \(environment.context.run)`.")
  }
}

extension ActionEnvironment {
  /// When the run began the drain; nil in its first attempt, of which each deadline tells.
  var drainBegunSecondsAgo: Int? { context.attempt > 1 ? secondsSinceFirstBegun : nil }
}

extension StepFailure {
  /// Whether the way to the API server failed, or a wait ran out, and nobody wants the step to end.
  var canBeWaitedOut: Bool { retry == .transport && code != Self.cancelled.code }
}
