import PawlEngine
package import PawlPlan
package import PawlSimulation

/// Steps that fail, are done twice, or lose their link.
extension CrashBench {
  /// Runs with a trouble that passes; one resume has to complete the run.
  package func troubled(_ trouble: Trouble) async throws -> [String] {
    let world = try await CrashWorld(self)
    let disturbance: Disturbance =
      switch trouble {
      case .failsOnceAfterwards, .everythingAgain: .doneAgain
      case .failsOnce, .losesReply, .everythingTwice, .fails, .undoFailsOnce, .undoFails, .interrupted:
        .driverLost
      }
    switch await world.stretch(trouble: trouble) {
    case .ended(.completed): return named(trouble, try await world.differences(after: disturbance))
    case .ended(.failed): return named(trouble, try await goOn(world, after: disturbance))
    case let other: return named(trouble, ["\(other)", try await world.tail()])
    }
  }

  /// A step that fails for good: the run stops there, nothing behind it has begun, and each step behind names it.
  package func stopped(by step: StepID) async throws -> [String] {
    let world = try await CrashWorld(self)
    let end = await world.stretch(trouble: .fails(step))
    guard end == .ended(.failed(step)) else { return named(step, ["\(end)", try await world.tail()]) }
    let state = try RunState(plan: plan, events: try await world.events())
    var found = await world.cluster.violations.map { "rule \($0.rule): \($0.message), after \($0.cause)" }
    let blockers = state.blockers(in: plan)
    let behind = state.leftBehind(in: plan)
    for other in plan.steps where isBehind(other, step) {
      // What comes after a worker that is left behind goes on without it.
      if !behind.isEmpty, other.host.map({ behind[$0] == nil }) ?? true { continue }
      if state.status(of: other.id) != .pending {
        found.append("\(other.id) is \(state.status(of: other.id).label)")
      }
      if blockers[other.id]?.contains(step) != true { found.append("\(other.id) does not name \(step)") }
    }
    // Once its cause is gone, a resume completes the run.
    found += try await goOn(world, after: .driverLost)
    return named(step, found)
  }

  private func isBehind(_ step: PlanStep, _ other: StepID) -> Bool {
    var open = step.needs
    var seen: Set<StepID> = []
    while let next = open.popLast() {
      guard seen.insert(next).inserted else { continue }
      if next == other { return true }
      open += plan.step(next)?.needs ?? []
    }
    return false
  }

  /// Runs with a fault at a call; as many resumes as it takes, two at most.
  package func faulted(
    _ effect: SimulatedFault.Effect, at call: EffectingCall, _ disturbance: Disturbance
  ) async throws -> [String] {
    let world = try await CrashWorld(self)
    await world.cluster.inject(
      SimulatedFault(effect, at: call.pattern, on: call.host, occurrence: call.occurrence))
    let name = "\(effect) at \(call.pattern) on \(call.host ?? "the API server"), number \(call.occurrence)"
    for _ in 0..<2 {
      switch await world.stretch() {
      case .ended(.completed): return named(name, try await world.differences(after: disturbance))
      case .ended(.failed), .ended(.unreachable): continue
      case let other: return named(name, ["\(other)", try await world.tail()])
      }
    }
    return named(name, try await goOn(world, after: disturbance))
  }
}
