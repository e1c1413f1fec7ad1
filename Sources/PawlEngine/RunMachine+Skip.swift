import PawlModel
import PawlPlan

// Workers that are left behind within the plan's failure budget, and tried again by a resume.
extension RunMachine {
  /// What one stretch remembers of workers that are left behind.
  struct SkipProgress: Sendable {
    /// Left behind in this stretch: nothing of theirs is started.
    var behind: Set<String> = []
    /// Left behind by earlier stretches, in the plan's order; the first one is tried again first.
    var untried: [String] = []
    /// Whose event is on its way to the journal.
    var unwritten: Set<String> = []
    /// Steps that nothing waits for any more.
    var settled: Set<StepID> = []
  }

  /// Which steps have their turn.
  enum Turn {
    case everyone
    /// Nodes that are out of service come back first.
    case hosts(Set<String>)
    /// Then a worker that was left behind goes through its steps, one after the other: its order with those of others
    /// was given up when they went on without it.
    case step(StepID)
  }

  /// What was left behind when a process takes the run up.
  static func skips(of plan: Plan, _ state: RunState) -> SkipProgress {
    let behind = state.leftBehind(in: plan)
    var skips = SkipProgress()
    for step in plan.steps {
      let isBehind = step.host.map { behind[$0] != nil } ?? false
      if isBehind, let host = step.host, !skips.untried.contains(host) { skips.untried.append(host) }
      // A skipped step passes its needs on: what comes after it waits for them.
      if state.status(of: step.id).isSucceeded || isBehind && step.needs.allSatisfy(skips.settled.contains) {
        skips.settled.insert(step.id)
      }
    }
    return skips
  }

  /// A step has failed for good: its worker is left behind while the budget lasts. Nil when the run has to stop.
  mutating func skip(_ step: StepID, _ failure: StepFailure) -> [RunCommand]? {
    guard stopping == nil, let host = skippableHost(of: step) else { return nil }
    if skips.behind.contains(host) { return [] }
    guard skips.unwritten.insert(host).inserted else { return [] }
    return [.record([.hostSkipped(host, because: step, failure)])]
  }

  /// The worker that may be left behind instead of stopping the run. A proof that is about more than the worker stops
  /// it: the next one would go out without.
  private func skippableHost(of id: StepID) -> String? {
    guard let rollout = plan.rollout, rollout.failureBudget > 0, let step = steps.step(id), step.proof == nil,
      let host = step.host, rollout.waves.contains(where: { $0.zones.contains { $0.contains(host) } })
    else { return nil }
    let behind = skips.unwritten.union(leftBehind.keys)
    return behind.contains(host) || behind.count < rollout.failureBudget ? host : nil
  }

  /// Takes in that a worker is left behind: what waits for its steps goes on, as far as their own needs are met.
  mutating func skipped(_ host: String) {
    skips.unwritten.remove(host)
    skips.untried.removeAll { $0 == host }
    skips.behind.insert(host)
    for step in plan.steps where step.host == host && unmetNeeds[step.id] == 0 { settle(step.id) }
  }

  /// Workers that are behind and have not caught up in this stretch.
  var leftBehind: [String: RunState.LeftBehind] {
    state.leftBehind(in: plan).filter { skips.behind.contains($0.key) || skips.untried.contains($0.key) }
  }

  /// The nodes of those workers, and of those that the plan goes without.
  var nodesLeftBehind: Set<String> {
    var nodes = Set((plan.unreachable ?? []).map(\.node))
    let hosts = leftBehind
    guard !hosts.isEmpty else { return nodes }
    for step in plan.steps where step.host.map({ hosts[$0] != nil }) ?? false {
      if case .string(let node) = step.with["node"] { nodes.insert(node) }
    }
    return nodes
  }

  /// Whose turn it is. A worker that is tried again has caught up when its next step waits for others.
  mutating func turn() -> Turn {
    while let next = skips.untried.first {
      let out = hostsOut()
      if !out.isEmpty { return .hosts(out) }
      if let step = openStep(of: next), unmetNeeds[step] == 0 { return .step(step) }
      skips.untried.removeFirst()
    }
    return .everyone
  }

  func mayStart(_ step: StepID, _ turn: Turn) -> Bool {
    let host = steps.step(step)?.host
    if let host, skips.behind.contains(host) { return false }
    switch turn {
    case .everyone: return true
    case .hosts(let hosts): return host.map(hosts.contains) ?? false
    case .step(let next): return step == next
    }
  }

  /// The first step of a host, in the plan's order, that has not succeeded.
  private func openStep(of host: String) -> StepID? {
    plan.steps.first { $0.host == host && !state.status(of: $0.id).isSucceeded }?.id
  }

  /// Hosts that the run has taken out of service and puts back by a step of its own, without those left behind.
  private func hostsOut() -> Set<String> {
    var out: [String: String] = [:]
    var returning: Set<String> = []
    for step in plan.steps {
      let status = state.status(of: step.id)
      for effect in step.effects {
        switch effect {
        case .outOfService(let node): if status.attempt > 0 { out[node] = step.host }
        case .inService(let node):
          guard let host = out.removeValue(forKey: node), !status.isSucceeded else { continue }
          returning.insert(host)
        case .controlPlane, .kubeletInstalled, .kubeletRunning: continue
        }
      }
    }
    return returning.subtracting(skips.untried).subtracting(skips.behind)
  }
}
