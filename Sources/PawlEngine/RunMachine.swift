import PawlModel
package import PawlPlan

/// What happens to the machine.
package enum RunInput: Sendable {
  /// A process takes the run up: to go on, or to cancel it.
  case begin(by: String, cancelling: Bool = false)
  /// These events are durable.
  case recorded([RunEventKind])
  /// An attempt ended.
  case finished(StepID, StepResult)
  /// A probe ended.
  case probed(StepID, ProbeVerdict)
  /// An attempt of an undo ended.
  case undoEnded(StepID, Result<StepOutcome, StepFailure>)
  case timerFired(StepID)
  /// Start nothing more; what runs ends by itself.
  case stopRequested(StopReason)
  /// The same, or an answer for a step, from another terminal; only when `refusal(of:)` has nothing against it.
  case controlRequested(ControlAction, by: String)
}

/// Why somebody wants the run to stop.
package enum StopReason: Sendable, Hashable {
  case pause(String)
  case cancel
}

/// What the machine wants done.
package enum RunCommand: Sendable, Hashable {
  /// Make these durable, then say so by `recorded`.
  case record([RunEventKind])
  case perform(StepID, attempt: Int)
  case probe(StepID, attempt: Int)
  /// The attempt is the undo's own.
  case undo(StepID, attempt: Int)
  case startTimer(StepID, seconds: Int)
  /// Nothing is left to do.
  case finish(RunOutcome)
}

/// The engine's core: a value that takes inputs and gives commands, without I/O, clock or chance.
///
/// A step is only performed after its `stepStarted` came back as recorded (intent before effect), and the state
/// changes by recorded events alone, so that a journal read back gives the state that was left.
package struct RunMachine: Sendable {
  /// Bounds that do not belong to a plan.
  package struct Limits: Sendable, Hashable {
    /// Steps performed at once.
    package var concurrentSteps: Int
    /// Attempts where the way to a host or the API server failed before anything was done.
    package var transportAttempts: Int
    /// Probes of a step in doubt while its host can't be reached.
    package var probeAttempts: Int
    /// Attempts of an undo in one stretch.
    package var undoAttempts: Int

    /// Makes limits.
    package init(
      concurrentSteps: Int = 32, transportAttempts: Int = 5, probeAttempts: Int = 6, undoAttempts: Int = 5
    ) {
      self.concurrentSteps = concurrentSteps
      self.transportAttempts = transportAttempts
      self.probeAttempts = probeAttempts
      self.undoAttempts = undoAttempts
    }
  }

  /// The plan being run.
  package let plan: Plan
  /// What the journal says.
  package private(set) var state: RunState
  let limits: Limits
  /// The plan's steps by id.
  package let steps: StepIndex
  private let dependents: [StepID: [StepID]]
  /// Steps whose needs are met and that are not done: the only ones looked at.
  private var candidates: StepQueue
  private(set) var unmetNeeds: [StepID: Int] = [:]
  /// What each step goes by on its host, see `proofs(of:)`.
  let proofs: [StepID: [StepID]]
  /// Intents on their way to the journal, performances, probes and timers.
  var busy: Set<StepID> = []
  /// Steps that wait for a timer; a timer that fires for another one is of no account any more.
  private var timers: Set<StepID> = []
  private var probesTried: [StepID: Int] = [:]
  private var attemptsBefore: [StepID: Int] = [:]
  let hasUndo: @Sendable (PlanStep) -> Bool
  private let undoesFailures: Bool
  /// What belongs to this stretch's undoing.
  var undos = UndoProgress()
  /// What belongs to workers that are left behind.
  var skips = SkipProgress()
  var stopping: RunOutcome?
  /// The step whose limit is why the run stops; nil when something else is.
  var limitStep: StepID?
  private(set) var isStopRecorded = false

  /// A machine at the end of a journal.
  ///
  /// - Parameters:
  ///   - undoesFailures: whether a step that fails for good cancels the run.
  ///   - hasUndo: whether there is an undo for what a step does.
  /// - Throws: `IllegalTransition` when journal and plan do not fit.
  package init(
    plan: Plan, events: [RunEvent], limits: Limits = Limits(), undoesFailures: Bool = false,
    hasUndo: @escaping @Sendable (PlanStep) -> Bool = { _ in false }
  ) throws(IllegalTransition) {
    self.plan = plan
    self.limits = limits
    self.undoesFailures = undoesFailures
    self.hasUndo = hasUndo
    state = try RunState(plan: plan, events: events)
    stopping = state.isUndoing ? .cancelled : nil
    steps = StepIndex(plan)
    candidates = StepQueue(steps)
    dependents = plan.steps.reduce(into: [:]) { result, step in
      for need in step.needs { result[need, default: []].append(step.id) }
    }
    proofs = Self.proofs(of: plan, dependents, steps)
    skips = Self.skips(of: plan, state)
    for step in plan.steps {
      let unmet = step.needs.count { !skips.settled.contains($0) }
      unmetNeeds[step.id] = unmet
      if unmet == 0, !state.status(of: step.id).isSucceeded { candidates.insert(step.id) }
      attemptsBefore[step.id] = state.status(of: step.id).attempt
    }
  }

  /// Takes an input in and says what to do now.
  ///
  /// - Throws: `IllegalTransition` for an input that does not fit; the run must stop then.
  package mutating func handle(_ input: RunInput) throws(IllegalTransition) -> [RunCommand] {
    switch input {
    case .begin(let owner, let cancelling):
      let request = cancelling ? [RunEventKind.controlRequested(.cancel, by: owner)] : []
      let forward = !cancelling && !state.isUndoing
      return [
        .record(
          [.runStarted(by: owner, resumed: state.wasStarted)] + request + leftovers(goingForward: forward))
      ]
    case .recorded(let events):
      return try recorded(events)
    case .finished(let step, let result):
      return [.record([event(for: result, of: step)])]
    case .probed(let step, let verdict):
      return [.record([.stepProbed(step, attempt: state.status(of: step).attempt, verdict)])]
    case .undoEnded(let step, let result):
      return [.record([event(for: result, ofUndo: step)])]
    case .timerFired(let step):
      guard timers.remove(step) != nil else { return [] }
      busy.remove(step)
      undos.looked.remove(step)
      return advance()
    case .stopRequested(let reason):
      stop(reason)
      return advance()
    case .controlRequested(let action, let owner):
      return [.record([event(for: action, by: owner)])]
    }
  }

  // MARK: - After the journal

  private mutating func recorded(_ events: [RunEventKind]) throws(IllegalTransition) -> [RunCommand] {
    var commands: [RunCommand] = []
    for event in events {
      try state.apply(event)
      commands += consequences(of: event)
    }
    return commands + advance()
  }

  private mutating func consequences(of event: RunEventKind) -> [RunCommand] {
    switch event {
    case .runStarted, .stepInDoubt, .stepHeld, .stepUndone:
      if let step = event.step { busy.remove(step) }
      return []
    case .stepRetried(let step, _):
      busy.remove(step)
      candidates.insert(step)
      return []
    case .stepStopped(let step, _, _):
      busy.remove(step)
      undos.looked.remove(step)
      return []
    case .stepDecided(let step, _, let decision, _):
      decided(step, decision)
      return []
    case .controlRequested(let action, _):
      if let reason = action.stopReason { stop(reason) }
      return []
    case .stepForced(let step, _, _, _):
      forced(step)
      return []
    case .runStopped(let outcome):
      return [.finish(outcome)]
    case .stepStarted(let step, let attempt):
      return [.perform(step, attempt: attempt)]
    case .stepProbeStarted(let step, let attempt):
      return [.probe(step, attempt: attempt)]
    case .hostSkipped(let host, _, _):
      skipped(host)
      return []
    case .stepUndoStarted(let step, let attempt):
      return [.undo(step, attempt: attempt)]
    case .stepUndoFailed(let step, _, _, let seconds):
      return undoFailed(step, retryAfterSeconds: seconds)
    case .stepAttemptFailed(let step, _, _, let seconds):
      return [startTimer(step, seconds: seconds)]
    case .stepSucceeded(let step, _, _):
      succeeded(step)
      return []
    case .stepFailed(let step, _, let failure):
      busy.remove(step)
      return failed(step, failure)
    case .stepProbed(let step, _, let verdict):
      return afterProbe(of: step, verdict)
    }
  }

  mutating func succeeded(_ step: StepID) {
    busy.remove(step)
    candidates.remove(step)
    settle(step)
  }

  /// What waits for the step need not wait any longer; neither what waits for one that is skipped then.
  mutating func settle(_ step: StepID) {
    var open = [step]
    while let step = open.popLast() {
      guard skips.settled.insert(step).inserted else { continue }
      for dependent in dependents[step] ?? [] {
        let left = (unmetNeeds[dependent] ?? 1) - 1
        unmetNeeds[dependent] = left
        guard left == 0 else { continue }
        if !state.status(of: dependent).isSucceeded { candidates.insert(dependent) }
        if let host = steps.step(dependent)?.host, skips.behind.contains(host) { open.append(dependent) }
      }
    }
  }

  /// What stops the run first stays its outcome, unless a failure is to be undone.
  private mutating func failed(_ step: StepID, _ failure: StepFailure) -> [RunCommand] {
    if failure.retry != .limit, let skip = skip(step, failure) { return skip }
    if undoesFailures, !failure.retry.isLimit, stopping != .cancelled {
      stopping = .cancelled
      return [.record([.controlRequested(.cancel, by: "The policy onFailure")])]
    }
    guard stopping == nil else { return [] }
    switch failure.retry {
    case .transport: stopping = .unreachable(step)
    case .temporary, .permanent, .hold: stopping = .failed(step)
    case .limit, .skip:
      stopping = .paused(failure.message)
      limitStep = step
    }
    return []
  }

  private mutating func afterProbe(of step: StepID, _ verdict: ProbeVerdict) -> [RunCommand] {
    switch verdict {
    case .done:
      succeeded(step)
    case .attached, .notStarted, .torn:
      busy.remove(step)
      probesTried[step] = nil
    case .unknown:
      busy.remove(step)
      stopping = stopping ?? .needsOperator(step)
    case .unreachable(let failure):
      let tried = (probesTried[step] ?? 0) + 1
      probesTried[step] = tried
      if tried < limits.probeAttempts {
        return [startTimer(step, seconds: Self.transportRetry.delay(after: tried))]
      }
      busy.remove(step)
      if let skip = skip(step, failure) { return skip }
      stopping = stopping ?? .unreachable(step)
    }
    return []
  }

  mutating func startTimer(_ step: StepID, seconds: Int) -> RunCommand {
    timers.insert(step)
    return .startTimer(step, seconds: seconds)
  }

  /// Waits between tries while the way to a host is gone.
  static let transportRetry = RetryPolicy(attempts: 6, delaySeconds: 2, maxDelaySeconds: 30)

  private func event(for result: StepResult, of step: StepID) -> RunEventKind {
    let attempt = state.status(of: step).attempt
    switch result {
    case .succeeded(let outcome):
      return .stepSucceeded(step, attempt: attempt, outcome)
    case .lost(let failure):
      return .stepInDoubt(step, attempt: attempt, reason: failure.message)
    case .stopped(let failure):
      return .stepStopped(step, attempt: attempt, reason: failure.message)
    case .failed(let failure) where failure.retry == .hold:
      return .stepHeld(step, attempt: attempt, failure)
    case .failed(let failure):
      guard let delay = delayBeforeRetry(of: step, attempt: attempt, after: failure) else {
        return .stepFailed(step, attempt: attempt, failure)
      }
      return .stepAttemptFailed(step, attempt: attempt, failure, retryAfterSeconds: delay)
    }
  }

  /// Seconds until the next attempt; nil when there is none. Attempts of earlier stretches do not count.
  private func delayBeforeRetry(of step: StepID, attempt: Int, after failure: StepFailure) -> Int? {
    let number = attempt - (attemptsBefore[step] ?? 0)
    let policy = steps.step(step)?.retry ?? .never
    switch failure.retry {
    case .permanent, .limit, .skip, .hold: return nil
    case .temporary: return number < policy.attempts ? policy.delay(after: number) : nil
    case .transport:
      return number < max(policy.attempts, limits.transportAttempts)
        ? Self.transportRetry.delay(after: number) : nil
    }
  }

  // MARK: - Going on

  /// Everything that may start now, in plan order, or the end.
  private mutating func advance() -> [RunCommand] {
    // First it is written down what is skipped.
    guard !isStopRecorded, skips.unwritten.isEmpty else { return [] }
    if stopping == nil {
      let intents = startable()
      if !intents.isEmpty { return [.record(intents)] }
    } else if !undos.hasBegun {
      // While stopping, a step that only waits to be tried again holds nothing up.
      busy.subtract(timers)
      timers = []
    }
    guard busy.isEmpty else { return [] }
    if stopping == .cancelled {
      let undo = undoing()
      if !undo.isEmpty { return [.record(undo)] }
    }
    isStopRecorded = true
    return [.record([.runStopped(stopping ?? outcomeWhenIdle())])]
  }

  private mutating func startable() -> [RunEventKind] {
    var intents: [RunEventKind] = []
    let turn = turn()
    for step in candidates {
      guard busy.count < limits.concurrentSteps else { break }
      if busy.contains(step) || !mayStart(step, turn) { continue }
      let status = state.status(of: step)
      switch status {
      case .pending, .waiting, .ready:
        guard isProven(step) else { continue }
        intents.append(.stepStarted(step, attempt: status.attempt + 1))
      case .attached(let attempt):
        intents.append(.stepStarted(step, attempt: attempt))
      case .inDoubt(let attempt, _):
        intents.append(.stepProbeStarted(step, attempt: attempt))
      case .started, .succeeded, .failed, .probing, .needsOperator, .held, .undoing, .undone, .undoFailed:
        continue
      }
      busy.insert(step)
    }
    return intents
  }

  private func outcomeWhenIdle() -> RunOutcome {
    for step in candidates {
      switch state.status(of: step) {
      case .needsOperator: return .needsOperator(step)
      case .held(_, let reason): return .paused(reason.message)
      default: continue
      }
    }
    let behind = leftBehind
    let first = plan.steps.lazy.compactMap(\.host).first { behind[$0] != nil }
    if let reason = first.flatMap({ behind[$0] }) { return .failed(reason.step) }
    return candidates.first.map { .failed($0) } ?? .completed
  }
}
