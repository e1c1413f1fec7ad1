import PawlEngine
import PawlModel
import PawlPlan
import Synchronization

/// Moves the pods of a cordoned node away.
///
/// Pods are asked to leave through the eviction API, some at a time; those that a budget holds back are asked again
/// until the deadline. A pod counts as gone by its UID: a new pod of the same name is another pod. What others need
/// goes when the pods before it are gone.
struct Drain: Sendable {
  /// How long a pod is left alone that may not go now, when the server does not say.
  private static let askAgainSeconds = 5
  /// How often a silent wait says what it waits for.
  private static let reportSeconds = 15
  /// How long pods that were removed with no grace may take to be gone.
  private static let forceSeconds = 60

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

  private var cluster: StepCluster { environment.cluster }

  private func report(_ text: String) { environment.status(text) }

  /// What would be done with each pod; changes nothing.
  func survey(after before: DrainSurvey? = nil) async throws(StepFailure) -> DrainSurvey {
    try await deadline.retrying(report: report) { () async throws(StepFailure) in
      try await DrainSurvey.take(node: node, policy: policy, cluster: cluster, after: before)
    }
  }

  /// Empties the node, which must be cordoned.
  /// - Parameter before: what was said of the node before it was cordoned.
  /// - Returns: How many pods left.
  func run(after before: DrainSurvey) async throws(StepFailure) -> Int {
    // Pods may have come since the last look; from now on the cordon keeps new ones away.
    let survey = try await survey(after: before)
    environment.output(survey.lines(notIn: before))
    try survey.refuseIfNeeded(node: node, cordoned: true)
    for verdict in survey.leaving where verdict.behaviour == .evict && !verdict.message.isEmpty {
      report("\(node): \(verdict.pod.fullName) is given up: \(verdict.message)")
    }
    if let order = environment.context.force {
      try await force(survey.turns.flatMap(\.self), "\(order.by): \(order.reason)")
      return survey.leaving.count
    }
    let left = try await emptyInTurns(survey.turns)
    guard !left.isEmpty else {
      try await VolumeDetach(
        node: node, environment: environment, deadline: deadline, atLimit: policy.atLimit
      )
      .wait(staying: survey.staying)
      return survey.leaving.count
    }
    guard let reason = policy.forceReason else { throw limitFailure(left, deadline) }
    try await force(left, reason)
    return survey.leaving.count
  }

  /// One turn after the other; gives what is left at the limit.
  private func emptyInTurns(_ turns: [[LeavingPod]]) async throws(StepFailure) -> [LeavingPod] {
    for (index, turn) in turns.enumerated() {
      let left = try await empty(turn, deadline)
      if !left.isEmpty { return left + turns[(index + 1)...].flatMap(\.self) }
    }
    return []
  }

  /// Removes pods with no grace, past their budgets. Each is named before.
  private func force(_ left: [LeavingPod], _ reason: String) async throws(StepFailure) {
    guard !left.isEmpty else { return }
    environment.output(
      left.map { "\(DrainText.named($0.pod)) is deleted with no grace, past its budgets. \(reason)" })
    report("\(node): \(DrainText.pods(left.count)) deleted with no grace, past their budgets")
    let deadline = Deadline(seconds: Self.forceSeconds, clock: environment.clock)
    let still = try await empty(left.map { $0.forced() }, deadline)
    guard still.isEmpty else { throw limitFailure(still, deadline) }
  }

  /// Asks and waits until all are gone, or the time is up; gives what is left.
  private func empty(_ turn: [LeavingPod], _ deadline: Deadline) async throws(StepFailure) -> [LeavingPod] {
    var left = turn
    let start = deadline.elapsedSeconds
    for index in left.indices { left[index].since = start }
    while !left.isEmpty {
      try await ask(&left, deadline)
      // What was seen last may be old, when the API server has been away.
      guard !deadline.isOver else { return Self.update(left, with: try await cluster.pods(onNode: node)) }
      left = try await watch(left, deadline)
    }
    return []
  }

  // MARK: Asking

  /// Asks the pods whose time has come.
  private func ask(_ left: inout [LeavingPod], _ deadline: Deadline) async throws(StepFailure) {
    let now = deadline.elapsedSeconds
    let due = left.filter { ($0.dueAt ?? .max) <= now }
    guard !due.isEmpty else { return }
    let budgets = try await budgets(for: due, deadline)
    let answers = await evictions.ask(Evictions.worthAsking(due, budgets))
    let again = now + Self.askAgainSeconds
    var refused: [String] = []
    for index in left.indices where (left[index].dueAt ?? .max) <= now {
      let pod = left[index].pod
      switch answers[pod.uid] {
      case .success(.evicted), .success(.gone): left[index].state = .going
      case .success(.blocked(let message, let seconds)):
        let why = DrainText.blocked(pod, by: budgets, serverSays: message)
        left[index].state = .pending(atSecond: seconds.map { now + $0 } ?? again, blockedBy: why)
      case .success(.namespaceTerminating):
        left[index].state = .pending(atSecond: again, blockedBy: "its namespace is being deleted")
      case .success(.refused(let message)): refused.append("\(pod.fullName): \(message)")
      case .failure(let failure) where failure.canBeWaitedOut:
        left[index].state = .pending(atSecond: again, blockedBy: failure.message)
      case .failure(let failure): throw failure
      case nil:
        let why = DrainText.blocked(pod, by: budgets, serverSays: "its budget lets other pods go first")
        left[index].state = .pending(atSecond: again, blockedBy: why)
      }
    }
    guard refused.isEmpty else { throw misconfigured(refused) }
  }

  private var evictions: Evictions {
    Evictions(
      cluster: cluster, gracePeriodSeconds: policy.gracePeriodSeconds, parallel: policy.maxParallelEvictions)
  }

  /// The budgets, when they matter; none when they may not be read, for the API server keeps them anyhow.
  private func budgets(
    for due: [LeavingPod], _ deadline: Deadline
  ) async throws(StepFailure) -> [ClusterBudget] {
    guard due.contains(where: { $0.manner == .evict }) else { return [] }
    do throws(StepFailure) {
      return try await deadline.retrying(report: report) { () async throws(StepFailure) in
        try await cluster.budgets()
      }
    } catch {
      guard error.code == "api-forbidden" else { throw error }
      return []
    }
  }

  // MARK: Waiting

  /// Watches the node until its pods are gone, one of them is to be asked, or it is time to say something.
  private func watch(
    _ left: [LeavingPod], _ deadline: Deadline
  ) async throws(StepFailure) -> [LeavingPod] {
    let seen = SeenPods(left)
    let due = left.compactMap(\.dueAt).min() ?? .max
    let wait = min(due - deadline.elapsedSeconds, Self.reportSeconds, deadline.remainingSeconds)
    do throws(StepFailure) {
      try await cluster.waitForPods(onNode: node, timeoutSeconds: max(1, wait)) { pods in
        let (now, isFirst) = seen.update(with: pods)
        if isFirst, !now.isEmpty { report(progress(now, deadline)) }
        return now.isEmpty || now.contains { $0.dueAt == 0 }
      }
    } catch {
      guard error.canBeWaitedOut else { throw error }
      // A wait that ran out says nothing new; any other trouble with the API server is waited out.
      if error.code != "api-timed-out" {
        report("\(error.message) Trying again.")
        try await deadline.pause(seconds: Self.askAgainSeconds)
      }
    }
    return seen.pods
  }

  /// The pods that are still there, by UID. A pod that terminates need not be asked any more.
  static func update(_ left: [LeavingPod], with pods: [ClusterPod]) -> [LeavingPod] {
    let present = Dictionary(pods.map { ($0.uid, $0) }, uniquingKeysWith: { $1 })
    return left.compactMap { leaving in
      guard let pod = present[leaving.pod.uid] else { return nil }
      var leaving = leaving
      leaving.pod = pod
      if leaving.manner == .completion, DrainFilter.hasEnded(pod) {
        leaving.manner = .delete
        leaving.state = .pending(atSecond: 0, blockedBy: nil)
      }
      if pod.terminating, leaving.manner != .force { leaving.state = .going }
      return leaving
    }
  }

  // MARK: Texts

  private func progress(_ left: [LeavingPod], _ deadline: Deadline) -> String {
    DrainText.progress(node: node, left: left, elapsed: deadline.elapsedSeconds, limit: deadline.seconds)
  }

  private func limitFailure(_ left: [LeavingPod], _ deadline: Deadline) -> StepFailure {
    let lines = left.map { $0.line(atSecond: deadline.elapsedSeconds) }
    let retry = policy.atLimit.retry
    let (run, step) = (environment.context.run, environment.step.id)
    let force =
      "; or give them up with `pawl approve \(run) \(step) --as force --reason TEXT`, which deletes them with no "
      + "grace, past their budgets"
    return StepFailure(
      code: "drain-timed-out",
      message:
        "Draining \(node) did not end within \(deadline.seconds) s; \(DrainText.pods(left.count)) left: "
        + "\(DrainText.joined(lines)).",
      causes: lines, retry: retry,
      hint:
        "The node stays cordoned. Help these pods to leave, then run `pawl resume \(run)`: the drain goes on"
        + (retry.isLimit ? force : "") + ".")
  }

  private func misconfigured(_ refused: [String]) -> StepFailure {
    StepFailure(
      code: "eviction-refused",
      message:
        "\(node) is not drained, because the API server refuses evictions for good: \(DrainText.joined(refused)).",
      causes: refused,
      hint:
        "Usually several budgets match one pod: leave it one. The node stays cordoned; then run `pawl resume`."
    )
  }
}

/// The pods of a turn as a watch tells of them.
private final class SeenPods: Sendable {
  private let state: Mutex<(pods: [LeavingPod], isFirst: Bool)>

  init(_ pods: [LeavingPod]) { state = Mutex((pods, true)) }

  var pods: [LeavingPod] { state.withLock { $0.pods } }

  func update(with present: [ClusterPod]) -> (pods: [LeavingPod], isFirst: Bool) {
    state.withLock { state in
      defer { state.isFirst = false }
      state.pods = Drain.update(state.pods, with: present)
      return (state.pods, state.isFirst)
    }
  }
}

extension StepFailure {
  /// Whether the way to the API server failed, or a wait ran out, and nobody wants the step to end.
  var canBeWaitedOut: Bool { retry == .transport && code != Self.cancelled.code }
}
