import PawlEngine

/// Moves the pods of a cordoned node away.
///
/// Pods are asked to leave through the eviction API, some at a time; those that a budget holds back are asked again
/// until the deadline. Then the drain waits until every pod that was to go is gone, by its UID: a new pod of the same
/// name is another pod.
struct Drain: Sendable {
  /// Evictions under way at once.
  private static let parallel = 5
  /// How long a pod is left alone that may not go now, when the server does not say.
  private static let askAgainSeconds = 5
  /// How often a silent wait says what it waits for.
  private static let reportSeconds = 15

  let node: String
  let policy: DrainPolicy
  let cluster: StepCluster
  let deadline: Deadline
  let report: @Sendable (String) -> Void

  /// What would be done with each pod; changes nothing.
  func survey() async throws(StepFailure) -> DrainSurvey {
    try await deadline.retrying(report: report) { () async throws(StepFailure) in
      try await DrainSurvey.take(node: node, policy: policy, cluster: cluster)
    }
  }

  /// Empties the node, which must be cordoned.
  /// - Returns: How many pods left.
  func run() async throws(StepFailure) -> Int {
    // Pods may have come since the last look; from now on the cordon keeps new ones away.
    let survey = try await survey()
    try survey.refuseIfNeeded(node: node, cordoned: true)
    var left = survey.leaving.map { LeavingPod($0) }
    for verdict in survey.leaving where verdict.behaviour == .evict && !verdict.message.isEmpty {
      report("\(node): \(verdict.pod.fullName) is given up: \(verdict.message)")
    }
    let total = left.count
    while left.contains(where: { $0.dueAt != nil }) {
      try await ask(&left)
      try await settle(&left)
    }
    try await waitUntilGone(&left)
    return total
  }

  // MARK: Asking

  /// Asks every pod whose time has come.
  private func ask(_ left: inout [LeavingPod]) async throws(StepFailure) {
    let now = deadline.elapsedSeconds
    let due = left.filter { ($0.dueAt ?? .max) <= now }
    let answers = await evictions.ask(due)
    var refused: [String] = []
    for index in left.indices {
      switch answers[left[index].pod.uid] {
      case .success(.evicted), .success(.gone):
        left[index].state = .going
      case .success(.blocked(let message, let seconds)):
        left[index].state = .pending(atSecond: now + (seconds ?? Self.askAgainSeconds), blockedBy: message)
      case .success(.namespaceTerminating):
        let text = "its namespace is being deleted"
        left[index].state = .pending(atSecond: now + Self.askAgainSeconds, blockedBy: text)
      case .success(.refused(let message)):
        refused.append("\(left[index].pod.fullName): \(message)")
      case .failure(let failure)
      where failure.retry == .transport && failure.code != StepFailure.cancelled.code:
        left[index].state = .pending(atSecond: now + Self.askAgainSeconds, blockedBy: failure.message)
      case .failure(let failure): throw failure
      case nil: continue
      }
    }
    guard refused.isEmpty else { throw misconfigured(refused) }
  }

  private var evictions: Evictions {
    Evictions(cluster: cluster, gracePeriodSeconds: policy.gracePeriodSeconds, parallel: Self.parallel)
  }

  /// Looks which pods are gone; if some have still to be asked, says why, and waits until the next one's time.
  private func settle(_ left: inout [LeavingPod]) async throws(StepFailure) {
    try await refresh(&left)
    guard left.contains(where: { $0.dueAt != nil }) else { return }
    try await explain(&left)
    report(progress(left))
    guard !deadline.isOver else { throw timedOut(left) }
    let next = left.compactMap(\.dueAt).min() ?? 0
    try await deadline.pause(seconds: max(1, next - deadline.elapsedSeconds))
    try await refresh(&left)
  }

  /// Reads the node's pods again: what is gone is dropped, what terminates need not be asked any more.
  private func refresh(_ left: inout [LeavingPod]) async throws(StepFailure) {
    let node = node
    let pods = try await deadline.retrying(report: report) { () async throws(StepFailure) in
      try await cluster.pods(onNode: node)
    }
    left = Self.update(left, with: pods)
  }

  /// The pods that are still there, by UID.
  static func update(_ left: [LeavingPod], with pods: [ClusterPod]) -> [LeavingPod] {
    let present = Dictionary(pods.map { ($0.uid, $0) }, uniquingKeysWith: { $1 })
    return left.compactMap { leaving in
      guard let pod = present[leaving.pod.uid] else { return nil }
      var leaving = leaving
      leaving.pod = pod
      if pod.terminating { leaving.state = .going }
      return leaving
    }
  }

  /// Puts the budgets' arithmetic in place of the server's words.
  private func explain(_ left: inout [LeavingPod]) async throws(StepFailure) {
    guard left.contains(where: \.isBlocked) else { return }
    let budgets = try await deadline.retrying(report: report) { () async throws(StepFailure) in
      try await cluster.budgets()
    }
    for index in left.indices {
      guard case .pending(let second, let message?) = left[index].state else { continue }
      let why = DrainText.blocked(left[index].pod, by: budgets, serverSays: message)
      left[index].state = .pending(atSecond: second, blockedBy: why)
    }
  }

  // MARK: Waiting

  private func waitUntilGone(_ left: inout [LeavingPod]) async throws(StepFailure) {
    while !left.isEmpty {
      report(progress(left))
      guard !deadline.isOver else { throw timedOut(left) }
      let (node, uids) = (node, Set(left.map(\.pod.uid)))
      let seconds = max(1, min(Self.reportSeconds, deadline.remainingSeconds))
      do throws(StepFailure) {
        try await cluster.waitForPods(onNode: node, timeoutSeconds: seconds) { pods in
          !pods.contains { uids.contains($0.uid) }
        }
        return
      } catch {
        guard error.retry == .transport, error.code != StepFailure.cancelled.code else { throw error }
        // A wait that ran out says nothing new; any other trouble with the API server is waited out.
        if error.code != "api-timed-out" {
          report("\(error.message) Trying again.")
          try await deadline.pause(seconds: Self.askAgainSeconds)
        }
      }
      try await refresh(&left)
    }
  }

  // MARK: Texts

  private func progress(_ left: [LeavingPod]) -> String {
    DrainText.progress(node: node, left: left, elapsed: deadline.elapsedSeconds, limit: deadline.seconds)
  }

  private func timedOut(_ left: [LeavingPod]) -> StepFailure {
    let lines = left.map { "\($0.pod.fullName): \($0.why)" }
    return StepFailure(
      code: "drain-timed-out",
      message:
        "Draining \(node) did not end within \(deadline.seconds) s; \(DrainText.pods(left.count)) left: "
        + "\(DrainText.joined(lines)).",
      causes: lines, retry: .temporary,
      hint: "The node stays cordoned. Help these pods to leave, then run `pawl resume`: the drain goes on.")
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
