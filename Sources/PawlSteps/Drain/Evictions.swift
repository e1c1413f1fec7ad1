import PawlEngine

/// Asks pods to leave, some at a time.
struct Evictions: Sendable {
  let cluster: StepCluster
  let gracePeriodSeconds: Int?
  let parallel: Int

  typealias Answer = Result<EvictionAnswer, StepFailure>

  /// The answers by UID.
  func ask(_ pods: [LeavingPod]) async -> [String: Answer] {
    await withTaskGroup(of: (String, Answer).self) { group in
      var waiting = pods[...]
      var answers: [String: Answer] = [:]
      for _ in 0..<parallel {
        guard let next = waiting.popFirst() else { break }
        group.addTask { (next.pod.uid, await ask(next)) }
      }
      for await (uid, answer) in group {
        answers[uid] = answer
        if let next = waiting.popFirst() { group.addTask { (next.pod.uid, await ask(next)) } }
      }
      return answers
    }
  }

  private func ask(_ leaving: LeavingPod) async -> Answer {
    let (pod, seconds) = (leaving.pod, gracePeriodSeconds)
    do throws(StepFailure) {
      guard leaving.delete else {
        return .success(try await cluster.evict(pod, gracePeriodSeconds: seconds))
      }
      try await cluster.delete(pod, gracePeriodSeconds: seconds)
      return .success(.evicted)
    } catch {
      return error.code == "api-not-found" ? .success(.gone) : .failure(error)
    }
  }
}
