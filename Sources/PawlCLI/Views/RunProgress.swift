import PawlEngine
import PawlPlan

/// How far a run is, and how long the rest of it may take.
struct RunProgress: Sendable {
  private let remaining: RemainingTime
  private var over: Set<StepID>
  private var started: [StepID: ContinuousClock.Instant] = [:]
  /// Of workers that are left behind.
  private var skipped: Set<StepID> = []
  private let steps: [PlanStep]
  let total: Int

  init(plan: Plan, state: RunState) {
    remaining = RemainingTime(plan)
    steps = plan.steps
    total = plan.steps.count
    over = Set(plan.steps.map(\.id).filter { state.status(of: $0).isSucceeded })
  }

  /// Steps that are done.
  var done: Int { over.count }

  mutating func follow(_ event: RunEventKind, at time: ContinuousClock.Instant) {
    guard let step = event.step else { return }
    switch event {
    case .stepStarted:
      started[step] = time
    case .stepSucceeded, .stepProbed(_, _, .done), .stepDecided(_, _, .done, _):
      started[step] = nil
      over.insert(step)
    case .stepRetried:
      over.remove(step)
    case .hostSkipped(let host, _, _):
      skipped.formUnion(steps.filter { $0.host == host }.map(\.id))
    default:
      started[step] = nil
    }
  }

  /// Seconds that are left by the plan's estimates.
  func leftSeconds(at time: ContinuousClock.Instant) -> Int {
    let running = started.mapValues { Int($0.duration(to: time).components.seconds) }
    return remaining.seconds(done: over.union(skipped), running: running)
  }

  /// `about 12 min left`; nil when nothing is.
  func left(at time: ContinuousClock.Instant) -> String? {
    let seconds = leftSeconds(at: time)
    return seconds > 0 ? "about \(PlanReport.duration(seconds)) left" : nil
  }

  /// How long a step has been under way, for people; nil when that was not seen.
  func elapsed(_ step: StepID, at time: ContinuousClock.Instant) -> String? {
    started[step].map { RunText.elapsed($0, time) }
  }
}
