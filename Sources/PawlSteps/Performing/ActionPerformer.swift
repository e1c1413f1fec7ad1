package import Foundation
package import PawlEngine
package import PawlPlan

/// Does steps by the actions of a registry, on hosts and through the API server.
package struct ActionPerformer: StepPerformer {
  /// What a step's own waits get beyond the step's limit, so that their message, which says more, comes first.
  private static let graceSeconds = 15
  /// The limit for a probe, and for ending a command that took too long.
  private static let lookSeconds = 120

  private let registry: ActionRegistry
  private let hosts: any HostSessions
  private let cluster: any ClusterClient
  private let http: any HTTPProbe
  private let gate: any EffectGate
  private let clock: any Clock<Duration>
  private let watchdog: any Clock<Duration>
  private let now: @Sendable () -> Date

  /// - Parameters:
  ///   - gate: Asked before each step and each effect.
  ///   - clock: What actions wait on between samples.
  ///   - watchdog: What a step's limit is measured with.
  ///   - now: The time on the wall, for maintenance windows and for time that passes while Pawl is away.
  package init(
    registry: ActionRegistry = .standard, hosts: any HostSessions, cluster: any ClusterClient,
    http: any HTTPProbe, gate: any EffectGate = OpenGate(), clock: any Clock<Duration> = ContinuousClock(),
    watchdog: any Clock<Duration> = ContinuousClock(), now: @escaping @Sendable () -> Date = { Date() }
  ) {
    self.registry = registry
    self.hosts = hosts
    self.cluster = cluster
    self.http = http
    self.gate = gate
    self.clock = clock
    self.watchdog = watchdog
    self.now = now
  }

  package func perform(_ step: PlanStep, in context: StepContext) async -> StepResult {
    let action: any Action
    do throws(StepFailure) {
      action = try registry.action(for: step)
    } catch {
      return .failed(error)
    }
    let tracker = EffectTracker(step: step.id, in: context, limit: type(of: action).hostChanges)
    let environment = environment(step, context, tracker)
    let limit = step.timeoutSeconds + Self.graceSeconds
    let (result, cut) = await bounded(seconds: limit, stops: context.stops) {
      await Self.attempt(action, environment)
    }
    switch cut {
    case .timeLimit where wasCancelled(result): return await endLateCommand(step, tracker)
    case .stopRequest where result.failure != nil: return await endStoppedCommand(step, tracker)
    case .timeLimit, .stopRequest, nil: return result
    }
  }

  private func wasCancelled(_ result: StepResult) -> Bool {
    result.failure?.code == StepFailure.cancelled.code
  }

  private static func attempt(_ action: any Action, _ environment: ActionEnvironment) async -> StepResult {
    do throws(StepFailure) {
      try await environment.gate.check()
      let outcome = try await action.perform(environment)
      try await action.verify(environment)
      return .succeeded(outcome)
    } catch {
      return error.retry == .transport && environment.tracker.effectBegun ? .lost(error) : .failed(error)
    }
  }

  /// Ends the command of a step that took too long, so that no attempt follows while it still runs.
  private func endLateCommand(_ step: PlanStep, _ tracker: EffectTracker) async -> StepResult {
    let failure = StepFailure(
      code: "step-timed-out",
      message: "Step \(step.id) did not end within its limit of \(step.timeoutSeconds) s and was stopped.",
      retry: .temporary, hint: "See what it did last with `pawl logs`; `pawl resume` tries again.")
    guard let open = tracker.openCommand else { return .failed(failure) }
    do throws(StepFailure) { try await gate.check() } catch { return .lost(error) }
    return await end(open) == nil ? .failed(failure) : .lost(failure)
  }

  /// Ends the command of a step that an operator wants stopped. What it had done by then a probe has to find out.
  private func endStoppedCommand(_ step: PlanStep, _ tracker: EffectTracker) async -> StepResult {
    var failure = StepFailure(
      code: "step-stopped", message: "Step \(step.id) was stopped on request.", retry: .temporary,
      hint: "`pawl resume` looks at what it had done, then goes on.")
    if let open = tracker.openCommand {
      let place = open.session.host
      let trouble: String?
      do throws(StepFailure) {
        try await gate.check()
        trouble = await end(open)?.message
      } catch {
        trouble = error.message
      }
      failure.message =
        trouble.map { "Step \(step.id) was to be stopped, but its command may still run on \(place): \($0)" }
        ?? "Step \(step.id) was stopped on request; its command on \(place) was ended."
    }
    return .stopped(failure)
  }

  /// Ends a command on its host; gives the error when that can't be done.
  private func end(_ command: EffectTracker.OpenCommand) async -> HostError? {
    let (trouble, _) = await bounded(seconds: Self.lookSeconds) { () -> HostError? in
      do throws(HostError) {
        try await command.session.terminate(command.key)
        return nil
      } catch {
        return error
      }
    }
    return trouble
  }

  package func probe(_ step: PlanStep, in context: StepContext) async -> ProbeVerdict {
    let action: any Action
    do throws(StepFailure) {
      action = try registry.action(for: step)
    } catch {
      return .unknown("\(error.message) Has the step been done?")
    }
    let (verdict, _) = await bounded(seconds: Self.lookSeconds) {
      do throws(StepFailure) {
        return try await probe(action, step, context)
      } catch {
        return error.retry == .transport
          ? .unreachable(error) : .unknown("\(error.message) Has the step been done?")
      }
    }
    return verdict
  }

  private func probe(
    _ action: any Action, _ step: PlanStep, _ context: StepContext
  ) async throws(StepFailure) -> ProbeVerdict {
    let tracker = EffectTracker(step: step.id, in: context, limit: 0)
    var environment = environment(step, context, tracker)
    let changes = type(of: action).hostChanges
    if changes > 0, let name = step.host {
      let host = try await environment.host(name)
      switch try await EarlierAttempts(step: step.id, host: host, changesPerAttempt: changes).look() {
      case .attached(let text): return .attached(text)
      case .stillRunning(let text): return .unknown(text)
      case .commands(let commands):
        environment = self.environment(step, context, tracker, earlierCommands: commands)
      }
    }
    return try await action.probe(environment)
  }

  package func hasUndo(_ step: PlanStep) -> Bool { registry.hasUndo(step) }

  package func undo(_ step: PlanStep, in context: StepContext) async throws(StepFailure) -> StepOutcome {
    let action = try registry.action(for: step)
    guard let undoable = action as? any UndoableAction else {
      throw StepFailure(code: "no-undo", message: "There is no undo for \(step.uses).")
    }
    let limit = type(of: action).hostChanges
    let tracker = EffectTracker(step: step.id, in: context, limit: limit, purpose: "undo")
    let environment = environment(step, context, tracker)
    let (result, cut) = await bounded(seconds: Self.lookSeconds) { () -> Result<StepOutcome, StepFailure> in
      do throws(StepFailure) {
        try await gate.check()
        return .success(try await undoable.undo(environment))
      } catch {
        return .failure(error)
      }
    }
    if cut != nil, case .failure = result {
      throw StepFailure(
        code: "undo-timed-out",
        message: "The undo of step \(step.id) did not end within \(Self.lookSeconds) s.",
        retry: .temporary)
    }
    return try result.get()
  }

  private func environment(
    _ step: PlanStep, _ context: StepContext, _ tracker: EffectTracker,
    earlierCommands: ActionEnvironment.EarlierCommands = .none
  ) -> ActionEnvironment {
    ActionEnvironment(
      step: step, context: context, cluster: StepCluster(client: cluster, tracker: tracker, gate: gate),
      clock: clock,
      earlierCommands: earlierCommands, http: http, now: now, hosts: hosts, tracker: tracker, gate: gate)
  }

  /// What cut an operation short.
  private enum Cut: Sendable { case timeLimit, stopRequest }

  /// Cancels `operation` after the limit or on request and says whether that happened; waits for its end in any case.
  private func bounded<Result: Sendable>(
    seconds: Int, stops: AsyncStream<Void> = AsyncStream { $0.finish() },
    _ operation: @escaping @Sendable () async -> Result
  ) async -> (Result, Cut?) {
    let work = Task { await operation() }
    let limit = Task { [watchdog] in
      do {
        try await watchdog.sleep(for: .seconds(seconds))
        work.cancel()
        return true
      } catch {
        return false
      }
    }
    let request = Task {
      for await _ in stops {
        work.cancel()
        return true
      }
      return false
    }
    return await withTaskCancellationHandler {
      let result = await work.value
      limit.cancel()
      request.cancel()
      if await request.value { return (result, .stopRequest) }
      return (result, await limit.value ? .timeLimit : nil)
    } onCancel: {
      work.cancel()
    }
  }
}

extension StepResult {
  /// Why the attempt did not succeed.
  fileprivate var failure: StepFailure? {
    switch self {
    case .succeeded: nil
    case .failed(let failure), .lost(let failure), .stopped(let failure): failure
    }
  }
}
