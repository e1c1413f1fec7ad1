import PawlEngine

/// Asks pods to leave, some at a time.
struct Evictions: Sendable {
  let cluster: StepCluster
  let gracePeriodSeconds: Int?
  let parallel: Int
  /// No pod is asked any more when it is over.
  let deadline: Deadline

  typealias Answer = Result<EvictionAnswer, StepFailure>

  /// The answers by UID; none of pods that were not asked in time.
  func ask(_ pods: [LeavingPod]) async -> [String: Answer] {
    await withTaskGroup(of: (String, Answer).self) { group in
      var waiting = pods[...]
      var answers: [String: Answer] = [:]
      for _ in 0..<max(1, parallel) {
        guard !deadline.isOver, let next = waiting.popFirst() else { break }
        group.addTask { (next.pod.uid, await ask(next)) }
      }
      for await (uid, answer) in group {
        answers[uid] = answer
        if !deadline.isOver, let next = waiting.popFirst() {
          group.addTask { (next.pod.uid, await ask(next)) }
        }
      }
      return answers
    }
  }

  private func ask(_ leaving: LeavingPod) async -> Answer {
    let (pod, seconds) = (leaving.pod, leaving.manner == .force ? 0 : gracePeriodSeconds)
    do throws(StepFailure) {
      guard leaving.manner != .evict else {
        return .success(try await cluster.evict(pod, gracePeriodSeconds: seconds))
      }
      try await cluster.delete(pod, gracePeriodSeconds: seconds)
      return .success(.evicted)
    } catch {
      return error.code == "api-not-found" ? .success(.gone) : .failure(error)
    }
  }

  /// Of the pods that are due, those that it makes sense to ask now: as many of each budget as it allows, and always
  /// one, because only the API server knows for sure. A pod that is not ready is always asked: other rules hold for it.
  static func worthAsking(_ due: [LeavingPod], _ budgets: [ClusterBudget]) -> [LeavingPod] {
    var room = budgets.map { max(1, $0.disruptionsAllowed) }
    return due.filter { leaving in
      guard leaving.manner == .evict, leaving.pod.ready else { return true }
      let own = budgets.indices.filter { budgets[$0].covers(leaving.pod) }
      // Several budgets on one pod are refused for good, which has to be found out.
      guard own.count == 1, let budget = own.first else { return true }
      room[budget] -= 1
      return room[budget] >= 0
    }
  }
}

extension ClusterBudget {
  /// Whether the budget speaks of a pod.
  func covers(_ pod: ClusterPod) -> Bool { namespace == pod.namespace && selects(pod.labels) }
}
