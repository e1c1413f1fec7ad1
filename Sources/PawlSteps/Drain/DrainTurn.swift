import PawlEngine
import Synchronization

/// Pods that go together, and the time they have.
///
/// They are asked to leave through the eviction API, some at a time; those that a budget holds back are asked again
/// until the deadline. A pod counts as gone by its UID: a new pod of the same name is another pod.
struct DrainTurn: Sendable {
  /// How long a pod is left alone that may not go now, when the server does not say.
  private static let askAgainSeconds = 5
  /// How long a pod is left alone whose budget has no room: looking at the budgets again is one request for all pods.
  private static let lookAgainSeconds = 1
  /// The longest that the server may ask for.
  private static let longestPause = 60
  /// How often a silent wait says what it waits for.
  private static let reportSeconds = 15

  let node: String
  let policy: DrainPolicy
  let environment: ActionEnvironment
  let deadline: Deadline
  /// Whether what is left in the end is forced: then nothing ends the turn before.
  let isForced: Bool

  private var cluster: StepCluster { environment.cluster }

  private func report(_ text: String) { environment.status(text) }

  /// Asks and waits until all are gone, or the time is up; gives what is left.
  func empty(_ pods: [LeavingPod]) async throws(StepFailure) -> [LeavingPod] {
    var left = pods
    let start = deadline.elapsedSeconds
    for index in left.indices { left[index].since = start }
    while !left.isEmpty {
      try await ask(&left)
      // What was seen last may be old, when the API server has been away.
      guard !deadline.isOver else { return Self.update(left, with: try await cluster.pods(onNode: node)) }
      left = try await watch(left)
    }
    return []
  }

  // MARK: Asking

  /// Asks the pods whose time has come.
  private func ask(_ left: inout [LeavingPod]) async throws(StepFailure) {
    let now = deadline.elapsedSeconds
    let due = left.filter { ($0.dueAt ?? .max) <= now }
    guard !due.isEmpty else { return }
    let budgets = due.contains { $0.manner == .evict } ? try await budgets() : []
    let worthAsking = Evictions.worthAsking(due, budgets)
    let answers = await evictions.ask(worthAsking)
    var turn = Answers(asked: Set(worthAsking.map(\.pod.uid)), budgets: budgets, now: now)
    for index in left.indices where (left[index].dueAt ?? .max) <= now {
      try note(answers[left[index].pod.uid], on: &left[index], &turn)
    }
    guard turn.refused.isEmpty else { throw misconfigured(turn.refused) }
  }

  /// What one round of questions is judged by.
  private struct Answers {
    let asked: Set<String>
    let budgets: [ClusterBudget]
    let now: Int
    /// What the server refuses for good.
    var refused: [String] = []

    var again: Int { now + DrainTurn.askAgainSeconds }
  }

  private func note(
    _ answer: Evictions.Answer?, on leaving: inout LeavingPod, _ round: inout Answers
  ) throws(StepFailure) {
    let pod = leaving.pod
    leaving.isDueNow = false
    func wait(_ why: String, until second: Int? = nil) {
      leaving.state = .pending(atSecond: second ?? round.again, blockedBy: why)
    }
    switch answer {
    case .success(.evicted): leaving.state = .going
    case .success(.gone): wait("the API server called it gone when it was asked to leave")
    case .success(.blocked(let message, let seconds, let isBudget)):
      let why = isBudget ? DrainText.blocked(pod, by: round.budgets, serverSays: message) : message
      wait(why, until: seconds.map { round.now + min(max($0, 1), Self.longestPause) })
    case .success(.namespaceTerminating): wait("its namespace is being deleted")
    case .success(.refused(let message)):
      let why = DrainText.refused(pod, by: round.budgets, serverSays: message)
      wait(why)
      if !isForced { round.refused.append("\(DrainText.named(pod)): \(why)") }
    case .failure(let failure) where failure.canBeWaitedOut: wait(failure.message)
    case .failure(let failure): throw failure
    case nil where round.asked.contains(pod.uid): break  // The time was up before its turn came.
    case nil:
      wait(
        DrainText.blocked(pod, by: round.budgets, serverSays: "its budget lets other pods go first"),
        until: round.now + Self.lookAgainSeconds)
    }
  }

  private var evictions: Evictions {
    Evictions(
      cluster: cluster, gracePeriodSeconds: policy.gracePeriodSeconds, parallel: policy.maxParallelEvictions,
      deadline: deadline)
  }

  /// The budgets; none when they may not be read, for the API server keeps them anyhow.
  func budgets() async throws(StepFailure) -> [ClusterBudget] {
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
  private func watch(_ left: [LeavingPod]) async throws(StepFailure) -> [LeavingPod] {
    let seen = SeenPods(left)
    let due = left.compactMap(\.dueAt).min() ?? .max
    let wait = min(due - deadline.elapsedSeconds, Self.reportSeconds, deadline.remainingSeconds)
    do throws(StepFailure) {
      try await cluster.waitForPods(onNode: node, timeoutSeconds: max(1, wait)) { pods in
        let (now, isFirst) = seen.update(with: pods)
        if isFirst, !now.isEmpty { report(progress(now)) }
        return now.isEmpty || now.contains(where: \.isDueNow)
      }
    } catch {
      guard error.canBeWaitedOut else { throw error }
      // A wait that ran out says nothing new, unless the API server told nothing at all; any other trouble with the
      // API server is waited out.
      let ranOut = error.code == "api-timed-out"
      if !ranOut || seen.isBlind { report("\(error.message) Trying again.") }
      if !ranOut { try await deadline.pause(seconds: Self.askAgainSeconds) }
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
      if pod.terminating {
        if leaving.manner != .force { leaving.state = .going }
      } else if leaving.manner == .completion, pod.hasEnded {
        leaving.manner = .delete
        leaving.state = .pending(atSecond: 0, blockedBy: nil)
        leaving.isDueNow = true
      }
      return leaving
    }
  }

  // MARK: Texts

  private func progress(_ left: [LeavingPod]) -> String {
    DrainText.progress(
      node: node, left: left, elapsed: deadline.elapsedSeconds, limit: deadline.seconds,
      begun: environment.drainBegunSecondsAgo)
  }

  private func misconfigured(_ refused: [String]) -> StepFailure {
    StepFailure(
      code: DrainSurvey.evictionRefused,
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
  private let state: Mutex<(pods: [LeavingPod], isBlind: Bool)>

  init(_ pods: [LeavingPod]) { state = Mutex((pods, true)) }

  var pods: [LeavingPod] { state.withLock { $0.pods } }

  /// Whether nothing was told yet.
  var isBlind: Bool { state.withLock { $0.isBlind } }

  func update(with present: [ClusterPod]) -> (pods: [LeavingPod], isFirst: Bool) {
    state.withLock { state in
      defer { state.isBlind = false }
      state.pods = DrainTurn.update(state.pods, with: present)
      return (state.pods, state.isBlind)
    }
  }
}
