import Foundation
import PawlEngine
import PawlPlan

/// A run as plain lines: for logs, pipes and small terminals. One line when a step starts, waits or ends.
struct LineView: RunView {
  private let palette: Palette
  private let write: @Sendable (String) -> Void
  private var run = RunID("")
  private var plan: Plan?
  private var steps: StepIndex?
  private var progress: RunProgress?
  private var status: [StepID: (words: String, time: ContinuousClock.Instant)] = [:]

  init(palette: Palette, write: @escaping @Sendable (String) -> Void = { Console.line($0) }) {
    self.palette = palette
    self.write = write
  }

  mutating func begin(_ run: RunID, plan: Plan, state: RunState) {
    self.run = run
    self.plan = plan
    steps = StepIndex(plan)
    progress = RunProgress(plan: plan, state: state)
    write("Run \(run): \(plan.title)")
  }

  mutating func show(_ notice: RunNotice, at time: ContinuousClock.Instant) {
    switch notice {
    case .progress(let step, .status(let text)):
      guard isNews(text, of: step, at: time) else { return }
      line(palette.dim("wait"), step, RunText.oneLine(text))
    case .progress(_, .output): return
    case .event(let event):
      let took = event.kind.step.flatMap { progress?.elapsed($0, at: time) }
      progress?.follow(event.kind, at: time)
      show(event.kind, took: took, at: time)
    }
  }

  /// A status is worth a line when its words change; one whose numbers alone change only twice a minute.
  private mutating func isNews(_ text: String, of step: StepID, at time: ContinuousClock.Instant) -> Bool {
    let words = text.filter { !$0.isNumber }
    if let last = status[step], last.words == words, last.time.duration(to: time) < .seconds(30) {
      return false
    }
    status[step] = (words, time)
    return true
  }

  private mutating func show(_ event: RunEventKind, took: String?, at time: ContinuousClock.Instant) {
    switch event {
    case .runStarted, .runStopped, .stepProbeStarted, .stepRetried: return
    case .stepStarted(let step, let attempt):
      line("start", step, (attempt > 1 ? "attempt \(attempt): " : "") + (steps?.step(step)?.title ?? ""))
    case .stepSucceeded(let step, _, let outcome):
      let times = [took, progress?.left(at: time)].compactMap(\.self).joined(separator: "; ")
      line(palette.green("done"), step, outcome.summary + (times.isEmpty ? "" : " (\(times))"))
    case .stepAttemptFailed(let step, _, let failure, let seconds):
      line(palette.yellow("retry"), step, "\(failure.message) Next attempt in \(seconds) s.")
    case .stepFailed(let step, _, let failure):
      line(palette.red("FAILED"), step, failure.message)
    case .stepHeld(let step, _, let reason):
      line(palette.yellow("held"), step, reason.message)
    case .hostSkipped(let host, let step, _):
      line(palette.yellow("skip"), step, RunText.skipped(host))
    case .stepInDoubt(let step, _, let reason):
      line(palette.yellow("doubt"), step, reason)
    case .stepProbed(let step, _, let verdict):
      line("probe", step, verdict.sentence)
    case .stepUndoStarted(let step, let attempt):
      line("undo", step, (attempt > 1 ? "attempt \(attempt): " : "") + "puts back what it left")
    case .stepUndone(let step, _, let outcome):
      line(palette.green("undone"), step, outcome.summary)
    case .stepUndoFailed(let step, _, let failure, let seconds):
      line(
        seconds == nil ? palette.red("FAILED") : palette.yellow("retry"), step,
        RunText.undoFailed(failure, seconds))
    case .controlRequested(let action, let by):
      write("\(by) asks: \(action.label).")
    case .stepStopped(let step, _, let reason):
      line(palette.yellow("stop"), step, reason)
    case .stepForced(let step, _, let by, let reason):
      line("told", step, "\(by) says: force, because: \(reason)")
    case .stepDecided(let step, _, let decision, let by):
      line("told", step, "\(by) says: \(decision.rawValue).")
    }
  }

  private func line(_ word: String, _ step: StepID, _ text: String) {
    let (done, total) = (progress?.done ?? 0, progress?.total ?? 0)
    let counter = "[\(String(done).leftPadded(to: String(total).count))/\(total)]"
    write("\(counter) \(word) \(step)  \(text)")
  }

  mutating func tick(at time: ContinuousClock.Instant) {}

  mutating func end(_ outcome: RunOutcome?, state: RunState) {
    guard let plan else { return }
    for line in RunText.closing(outcome, run: run, plan: plan, state: state) { write(line) }
  }
}

extension ProbeVerdict {
  /// What was found, for people.
  var sentence: String {
    switch self {
    case .done(let outcome): "It had taken effect: \(outcome.summary)"
    case .attached(let text): "It is still there: \(text)"
    case .notStarted: "It had not begun; it is started again."
    case .torn(let text): "It was half done; it is repaired: \(text)"
    case .unknown(let question): question
    case .unreachable(let failure): failure.message
    }
  }
}

extension String {
  /// The text with spaces before it up to a width.
  func leftPadded(to width: Int) -> String {
    count < width ? String(repeating: " ", count: width - count) + self : self
  }
}
