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
  private let gate: any EffectGate
  private let clock: any Clock<Duration>
  private let watchdog: any Clock<Duration>

  /// - Parameters:
  ///   - gate: Asked before each step and each effect.
  ///   - clock: What actions wait on between samples.
  ///   - watchdog: What a step's limit is measured with.
  package init(
    registry: ActionRegistry = .standard, hosts: any HostSessions, cluster: any ClusterClient,
    gate: any EffectGate = OpenGate(), clock: any Clock<Duration> = ContinuousClock(),
    watchdog: any Clock<Duration> = ContinuousClock()
  ) {
    self.registry = registry
    self.hosts = hosts
    self.cluster = cluster
    self.gate = gate
    self.clock = clock
    self.watchdog = watchdog
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
    let (result, timedOut) = await bounded(seconds: limit) { await Self.attempt(action, environment) }
    guard timedOut, wasCancelled(result) else { return result }
    return await endLateCommand(step, tracker)
  }

  private func wasCancelled(_ result: StepResult) -> Bool {
    switch result {
    case .failed(let failure), .lost(let failure): failure.code == StepFailure.cancelled.code
    case .succeeded: false
    }
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
    let (ended, _) = await bounded(seconds: Self.lookSeconds) {
      do throws(HostError) {
        try await open.session.terminate(open.key)
        return true
      } catch {
        return false
      }
    }
    return ended ? .failed(failure) : .lost(failure)
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

  private func environment(
    _ step: PlanStep, _ context: StepContext, _ tracker: EffectTracker,
    earlierCommands: ActionEnvironment.EarlierCommands = .none
  ) -> ActionEnvironment {
    ActionEnvironment(
      step: step, context: context, cluster: StepCluster(client: cluster, tracker: tracker, gate: gate),
      clock: clock,
      earlierCommands: earlierCommands, hosts: hosts, tracker: tracker, gate: gate)
  }

  /// Cancels `operation` after the limit and says whether that happened; waits for its end in any case.
  private func bounded<Result: Sendable>(
    seconds: Int, _ operation: @escaping @Sendable () async -> Result
  ) async -> (Result, timedOut: Bool) {
    let work = Task { await operation() }
    let watch = Task { [watchdog] in
      do {
        try await watchdog.sleep(for: .seconds(seconds))
        work.cancel()
        return true
      } catch {
        return false
      }
    }
    return await withTaskCancellationHandler {
      let result = await work.value
      watch.cancel()
      return (result, await watch.value)
    } onCancel: {
      work.cancel()
    }
  }
}
