import Foundation
import PawlEngine
import PawlPlan

/// The words that all views of a run share.
enum RunText {
  /// The lines that close a run, with what to do next.
  static func closing(_ outcome: RunOutcome?, run: RunID, plan: Plan, state: RunState) -> [String] {
    let done = plan.steps.count { state.status(of: $0.id).isSucceeded }
    let count = "\(done) of \(plan.steps.count) steps done."
    switch outcome {
    case .completed:
      return ["Done. \(count)"] + unreachable(plan)
    case .failed(let step):
      return ["Stopped: \(step) failed. \(count)"] + failure(of: step, state)
        + leftBehind(plan, state) + unreachable(plan) + left(plan, state) + [
          "When the cause is mended:            pawl resume \(run)",
          "To give it up and undo what it left: pawl cancel \(run)",
        ]
    case .unreachable(let step):
      return ["Stopped: the host of \(step) can't be reached. \(count)"] + failure(of: step, state)
        + left(plan, state) + ["When it is back: pawl resume \(run)"]
    case .needsOperator(let step):
      return ["Stopped: only you can tell whether \(step) took effect. \(count)"] + failure(of: step, state)
        + answers(for: step, run, state) + ["Then:          pawl resume \(run)"]
    case .paused(let reason):
      return ["Paused: \(reason) \(count)"] + held(plan, state) + open(plan, state) + limits(plan, state)
        + left(plan, state)
        + ["To go on: pawl resume \(run)"]
    case .stuck(let step):
      return ["Stuck: what the run left can't be undone because of \(step). \(count)"]
        + failure(of: step, state) + left(plan, state) + answers(for: step, run, state)
        + ["When that is mended: pawl cancel \(run)"]
    case .cancelled where state.isUndoing:
      return ["Cancelled, and undone what it left. \(count)"] + open(plan, state)
        + ["To go on from where the cluster is, plan anew: \(plan.commandAnew)"]
    case .cancelled:
      return ["Cancelled; nothing more was started. \(count)"] + open(plan, state) + left(plan, state)
        + ["To go on all the same: pawl resume \(run)"]
    case nil:
      return [
        "No longer watching; remote commands under way go on by themselves. \(count)"
      ] + open(plan, state) + ["To find them again and go on: pawl resume \(run)"]
    }
  }

  /// What to do about steps that stopped at their limit.
  private static func limits(_ plan: Plan, _ state: RunState) -> [String] {
    plan.steps.compactMap { state.status(of: $0.id).limit?.hint }.map { "  \($0)" }
  }

  /// How to answer for a step that only an operator can tell about; empty for any other.
  private static func answers(for step: StepID, _ run: RunID, _ state: RunState) -> [String] {
    guard case .needsOperator = state.status(of: step) else { return [] }
    return [
      "If it did:     pawl approve \(run) \(step) --as done",
      "If it did not: pawl approve \(run) \(step) --as redo",
    ]
  }

  /// Why an attempt of an undo failed, and when it is tried again.
  static func undoFailed(_ failure: StepFailure, _ retryAfterSeconds: Int?) -> String {
    let next = retryAfterSeconds.map { " Next attempt in \($0) s." } ?? ""
    return "It could not be undone: \(failure.message)\(next)"
  }

  /// What is known of a step that did not succeed.
  static func failure(of step: StepID, _ state: RunState) -> [String] {
    switch state.status(of: step) {
    case .failed(_, let failure), .undoFailed(_, _, let failure), .held(_, let failure):
      ["  \(failure.message)"] + failure.causes.map { "    \($0)" } + (failure.hint.map { ["  \($0)"] } ?? [])
    case .inDoubt(_, let reason): ["  \(reason)"]
    case .needsOperator(_, let question): ["  \(question)"]
    default: []
    }
  }

  /// That a worker is left as it is.
  static func skipped(_ host: String) -> String {
    "\(host) is left behind as it is, within the failure budget; its other steps are skipped."
  }

  /// Workers that were left behind, each with the step that was the reason.
  private static func leftBehind(_ plan: Plan, _ state: RunState) -> [String] {
    let hosts = state.leftBehind(in: plan).sorted { $0.key < $1.key }
    return hosts.isEmpty
      ? []
      : ["Left behind; a resume tries again:"]
        + hosts.map { "  \($0.key), because of \($0.value.step): \($0.value.failure.message)" }
  }

  /// Workers that the plan went without.
  private static func unreachable(_ plan: Plan) -> [String] {
    guard let workers = plan.unreachable else { return [] }
    return ["Left behind, because they could not be reached when the plan was made:"]
      + workers.map { "  \($0.host): \($0.reason)" } + ["When they are back, plan anew: \(plan.commandAnew)"]
  }

  /// Steps that wait for an approval or for their time, each with what to do.
  private static func held(_ plan: Plan, _ state: RunState) -> [String] {
    plan.steps.flatMap { step -> [String] in
      guard case .held = state.status(of: step.id) else { return [] }
      return failure(of: step.id, state)
    }
  }

  /// Steps that were begun and have no outcome: where they may still run, or what is known of them.
  static func open(_ plan: Plan, _ state: RunState) -> [String] {
    plan.steps.flatMap { step -> [String] in
      switch state.status(of: step.id) {
      case .started, .attached: ["  \(step.id) may still run on \(step.host ?? "the cluster")."]
      case .inDoubt: failure(of: step.id, state)
      default: []
      }
    }
  }

  /// Nodes that the run has taken out of service and not put back yet. One that the plan never puts back was cordoned
  /// by somebody else before.
  static func left(_ plan: Plan, _ state: RunState) -> [String] {
    let own = plan.steps.flatMap(\.effects).filter { if case .inService = $0 { true } else { false } }
    var out: [String] = []
    for step in plan.steps where state.status(of: step.id).attempt > 0 {
      if case .undone = state.status(of: step.id) { continue }
      for effect in step.effects {
        switch effect {
        case .outOfService(let node):
          if own.contains(.inService(node: node)), !out.contains(node) { out.append(node) }
        case .inService(let node): if state.status(of: step.id).isSucceeded { out.removeAll { $0 == node } }
        case .controlPlane, .kubeletInstalled, .kubeletRunning: break
        }
      }
    }
    return out.isEmpty ? [] : ["Still cordoned by this run: \(out.joined(separator: ", "))."]
  }

  /// A duration between two moments, for people.
  static func elapsed(_ from: ContinuousClock.Instant, _ to: ContinuousClock.Instant) -> String {
    PlanReport.duration(Int(from.duration(to: to).components.seconds))
  }

  /// The part of an output or status text that fits on one line, without control characters.
  static func oneLine(_ text: String) -> String {
    let last = text.split(whereSeparator: \.isNewline).last.map(String.init) ?? ""
    let scalars = last.unicodeScalars.map { $0.properties.generalCategory == .control ? " " : $0 }
    return String(String.UnicodeScalarView(scalars)).trimmedEnd
  }
}
