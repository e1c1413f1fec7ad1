import Foundation
import PawlEngine
import PawlModel
import PawlPlan

/// A small generator with a printed seed, so that a failing case can be run again.
struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64
  init(seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 &+ 1 }

  mutating func next() -> UInt64 {
    state ^= state << 13
    state ^= state >> 7
    state ^= state << 17
    return state
  }
}

/// The world that steps act on: which effects are there, and how often each was made.
struct EffectWorld {
  var effects: [StepID: Int] = [:]
  /// Results to give instead of success, by step, first first.
  var scripted: [StepID: [StepResult]] = [:]
  var verdicts: [StepID: [ProbeVerdict]] = [:]
  var performed: [StepID] = []
  /// Steps that have an undo.
  var undoable: Set<StepID> = []
  /// Failures of undos, by step, first first.
  var undoFailures: [StepID: [StepFailure]] = [:]
  /// Steps in the order in which they were undone.
  var undone: [StepID] = []

  mutating func undo(_ step: StepID) -> Result<StepOutcome, StepFailure> {
    if let failure = undoFailures[step]?.first {
      undoFailures[step]?.removeFirst()
      return .failure(failure)
    }
    undone.append(step)
    return .success(StepOutcome("Undone.", changed: effects.removeValue(forKey: step) != nil))
  }

  mutating func perform(_ step: StepID) -> StepResult {
    performed.append(step)
    if let result = scripted[step]?.first {
      scripted[step]?.removeFirst()
      return result
    }
    effects[step, default: 0] += 1
    return .succeeded(StepOutcome("Made.", changed: true))
  }

  mutating func probe(_ step: StepID) -> ProbeVerdict {
    if let verdict = verdicts[step]?.first {
      verdicts[step]?.removeFirst()
      return verdict
    }
    return effects[step] == nil ? .notStarted : .done(StepOutcome("Found.", changed: false))
  }
}

/// Drives a machine to its end without time or threads; the order in which running steps end is the generator's.
struct MachineHarness {
  var log: [RunEvent] = []
  var world = EffectWorld()
  var timers: [Int] = []
  /// Stops the process, as it were, when the log has this length; nil to run to the end.
  var killAfter: Int?
  /// What was recorded in each batch, to see intent before effect.
  private(set) var outcome: RunOutcome?

  mutating func run(
    _ plan: Plan, seed: UInt64 = 1, limits: RunMachine.Limits = RunMachine.Limits(), stopAfter: Int? = nil,
    cancelling: Bool = false, undoesFailures: Bool = false
  ) throws {
    var generator = SeededGenerator(seed: seed)
    let undoable = world.undoable
    var machine = try RunMachine(
      plan: plan, events: log, limits: limits, undoesFailures: undoesFailures
    ) { undoable.contains($0.id) }
    var open: [RunInput] = [.begin(by: "test", cancelling: cancelling)]
    var waiting: [RunInput] = []
    outcome = nil
    while outcome == nil {
      if open.isEmpty {
        guard !waiting.isEmpty else { throw Stuck(log: log.map(\.kind.label)) }
        open.append(waiting.remove(at: Int.random(in: waiting.indices, using: &generator)))
      }
      for command in try machine.handle(open.removeFirst()) {
        switch command {
        case .record(let kinds):
          for kind in kinds {
            log.append(RunEvent(sequence: log.count + 1, time: Date(timeIntervalSince1970: 0), kind: kind))
            if log.count == killAfter { return }
          }
          open.append(.recorded(kinds))
          if let stopAfter, log.count >= stopAfter { open.append(.stopRequested(.cancel)) }
        case .perform(let step, _): waiting.append(.finished(step, world.perform(step)))
        case .probe(let step, _): waiting.append(.probed(step, world.probe(step)))
        case .undo(let step, _): waiting.append(.undoEnded(step, world.undo(step)))
        case .startTimer(let step, let seconds):
          timers.append(seconds)
          waiting.append(.timerFired(step))
        case .finish(let result): outcome = result
        }
      }
    }
  }

  /// An operator's answer while no process runs.
  mutating func decide(_ step: StepID, _ decision: OperatorDecision) {
    let attempt =
      log.lazy.compactMap { if case .stepHeld(step, let attempt, _) = $0.kind { attempt } else { nil } }
      .first ?? 1
    log.append(
      RunEvent(
        sequence: log.count + 1, time: Date(timeIntervalSince1970: 0),
        kind: .stepDecided(step, attempt: attempt, decision, by: "operator")))
  }

  struct Stuck: Error { let log: [String] }
}

/// Plans for engine tests: only ids, edges and retry matter.
enum TestPlan {
  static func make(_ steps: [(id: String, needs: [String])], retry: RetryPolicy = .never) -> Plan {
    Plan(
      cluster: "test", runbook: RunbookReference(name: "test", version: "1.0.0", digest: "0"), inputs: [:],
      title: "Test", versions: [],
      steps: steps.map { step in
        PlanStep(
          id: StepID(step.id), title: step.id, uses: "test/effect@v1", host: nil, path: [],
          needs: step.needs.map { StepID($0) }, with: [:], retry: retry, timeoutSeconds: 60,
          reversibility: .compensable, estimateSeconds: 1, effects: [])
      }, skipped: [], notes: [], basis: [:])
  }

  static func chain(_ count: Int) -> Plan {
    make((0..<count).map { ("s\($0)", $0 == 0 ? [] : ["s\($0 - 1)"]) })
  }

  static func random(seed: UInt64) -> Plan {
    var generator = SeededGenerator(seed: seed)
    let count = Int.random(in: 1...12, using: &generator)
    return make(
      (0..<count).map { index in
        let needs = (0..<index).filter { _ in Int.random(in: 0..<3, using: &generator) == 0 }
        return ("s\(index)", needs.map { "s\($0)" })
      })
  }
}
