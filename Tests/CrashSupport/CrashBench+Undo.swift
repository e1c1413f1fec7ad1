import PawlEngine
package import PawlPlan
import PawlSimulation
import PawlSteps

/// Runs that are cancelled: cordons, annotations and holds have to be as they were before.
extension CrashBench {
  /// How long a run was stopped before it is cancelled: its command on a host runs on, or has ended.
  private static let pauses: [Duration] = [.zero, .seconds(4), .seconds(90)]

  /// Steps that a cancel after that event may have to undo, the last one first.
  package func undosDue(afterEvent event: Int) throws -> [StepID] {
    let state = try RunState(plan: plan, events: Array(reference.events.prefix(event)))
    return state.undosDue(in: plan, hasUndo: ActionRegistry.standard.hasUndo).map(\.id)
  }

  /// Kills the run after that event and cancels it; kills the cancel after each of its events in turn, too, and takes
  /// it up again as an operator would.
  ///
  /// - Returns: what is not as before the run; empty when all is well.
  package func cancelled(afterEvent event: Int) async throws -> [String] {
    // A cancel has at most so many events for each step, which is looked at, watched to its end and undone, and a few of
    // its own.
    for further in 0...(6 * plan.steps.count + 4) {
      let world = try await stopped(afterEvent: event)
      let death = further == 0 ? nil : Death.afterEvent(event + further)
      let name = "cancelled after event \(event), killed \(further) events later"
      switch await world.stretch(until: death, cancelling: true) {
      case .killed: await world.comeBack(after: Self.pauses[further % Self.pauses.count])
      case .ended(.cancelled):
        let found = named(name, try await traces(world))
        if further > 0 || !found.isEmpty { return found }
        continue
      case let other: return named(name, ["\(other)", try await world.tail()])
      }
      let isUndoing = try RunState(plan: plan, events: try await world.events()).isUndoing
      let end = await world.stretch(cancelling: !isUndoing || further % 2 == 0)
      guard end == .ended(.cancelled) else { return named(name, ["\(end)", try await world.tail()]) }
      let found = named(name, try await traces(world))
      if !found.isEmpty { return found }
    }
    return named(event, ["the cancel does not come to an end"])
  }

  /// The undo of a step fails once, which nobody notices, or for good: then the run is stuck, the step's node is left
  /// as it is, and a further cancel puts it back.
  package func cancelled(afterEvent event: Int, failingToUndo step: StepID) async throws -> [String] {
    let once = try await stopped(afterEvent: event)
    var end = await once.stretch(trouble: .undoFailsOnce(step), cancelling: true)
    guard end == .ended(.cancelled) else { return named(event, ["\(end)", try await once.tail()]) }
    var found = try await traces(once)

    let world = try await stopped(afterEvent: event)
    end = await world.stretch(trouble: .undoFails(step), cancelling: true)
    // What was in doubt may be found to have made good what the step did.
    if end == .ended(.cancelled) { return named(event, found + (try await traces(world))) }
    guard end == .ended(.stuck(step)) else { return named(event, ["\(end)", try await world.tail()]) }
    end = await world.stretch(cancelling: true)
    guard end == .ended(.cancelled) else { return named(event, ["\(end)", try await world.tail()]) }
    found += try await traces(world)
    return named("cancelled after event \(event), the undo of \(step) fails", found)
  }

  /// The operator presses Ctrl-C while the step is performed; the run may have ended before that is noticed.
  package func interrupted(at step: StepID, twice: Bool) async throws -> [String] {
    let world = try await CrashWorld(self)
    switch await world.stretch(trouble: .interrupted(step, twice: twice)) {
    case .ended(.cancelled), .ended(.completed):
      return named("interrupted at \(step), twice: \(twice)", try await traces(world))
    case let other: return named("\(step), twice: \(twice)", ["\(other)", try await world.tail()])
    }
  }

  /// The installation is killed halfway, with its packages off hold, and Pawl with it; then the run is cancelled.
  package func cancelled(afterTearing installation: PlanStep) async throws -> [String] {
    let intent = reference.events.first { $0.kind == .stepStarted(installation.id, attempt: 1) }
    guard let host = installation.host, let intent else { return ["\(installation.id) is not started"] }
    let before = reference.events.prefix(intent.sequence).filter {
      if case .stepStarted(let id, _) = $0.kind, let step = plan.step(id) {
        step.uses == installation.uses && step.host == host
      } else {
        false
      }
    }
    let world = try await CrashWorld(self)
    await world.cluster.inject(
      SimulatedFault(.killHalfway, at: "apt-get install", on: host, occurrence: before.count))
    _ = await world.stretch(until: .beforeEvent(after: intent.sequence))
    await world.comeBack(after: .seconds(90))
    let end = await world.stretch(cancelling: true)
    guard end == .ended(.cancelled) else {
      return named(installation.id, ["\(end)", try await world.tail()])
    }
    var found = try await traces(world)
    let restored = try await world.events().contains {
      if case .stepUndone(installation.id, _, let outcome) = $0.kind { outcome.changed } else { false }
    }
    if !restored { found += ["no hold was missing", try await world.tail()] }
    return named("\(installation.id) torn, then cancelled", found)
  }

  private func stopped(afterEvent event: Int) async throws -> CrashWorld {
    let world = try await CrashWorld(self)
    _ = await world.stretch(until: .afterEvent(event))
    await world.comeBack(after: Self.pauses[event % Self.pauses.count])
    return world
  }

  private func isOnlyPutBack(_ node: String) -> Bool {
    let effects = plan.steps.flatMap(\.effects)
    return effects.contains(.inService(node: node)) && !effects.contains(.outOfService(node: node))
  }

  private func traces(_ world: CrashWorld) async throws -> [String] {
    await world.cluster.advance(by: .seconds(120))
    var found = await world.cluster.violations.map { "rule \($0.rule): \($0.message), after \($0.cause)" }
    found += world.unrecordedActs
    let (now, before) = (await world.cluster.snapshot, scenario.state.snapshot)
    for (name, node) in before.nodes {
      let after = now.nodes[name]
      // A node that the run only puts back is done with, or not begun.
      let end = reference.snapshot.nodes[name]
      if isOnlyPutBack(name), after?.unschedulable == end?.unschedulable,
        after?.annotations == end?.annotations
      {
        continue
      }
      if after?.unschedulable != node.unschedulable || after?.annotations != node.annotations {
        found.append("node \(name) is not as before: \(after.map { "\($0)" } ?? "missing")")
      }
    }
    for (name, host) in before.hosts {
      guard let after = now.hosts[name] else { continue }
      if after.holds != host.holds { found.append("holds on \(name): \(after.holds), not \(host.holds)") }
      if after.automatic != host.automatic || after.activeUnits != host.activeUnits {
        found.append("on \(name) \(after.automatic) are automatic and \(after.activeUnits) active")
      }
    }
    if !found.isEmpty { found.append(try await world.tail()) }
    return found
  }
}
