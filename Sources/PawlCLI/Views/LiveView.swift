import Foundation
import PawlEngine
import PawlPlan

/// A run on a terminal: finished steps scroll up, what runs now stands below with what it does or waits for.
struct LiveView: RunView {
  private struct Running {
    var since: ContinuousClock.Instant
    var text: String
  }

  private let palette: Palette
  private let screen: Screen
  private var run = RunID("")
  private var plan: Plan?
  private var steps: StepIndex?
  private var running: [StepID: Running] = [:]
  private var order: [StepID] = []
  private var progress: RunProgress?
  private var begun: ContinuousClock.Instant = .now
  /// The widths of the lines of the live part that stand on the screen.
  private var drawn: [Int] = []

  init(palette: Palette, screen: Screen = .console) {
    self.palette = palette
    self.screen = screen
  }

  mutating func begin(_ run: RunID, plan: Plan, state: RunState) {
    self.run = run
    self.plan = plan
    steps = StepIndex(plan)
    begun = .now
    progress = RunProgress(plan: plan, state: state)
    for line in "Run \(run): \(plan.title)".wrapped(to: screen.width()) { screen.line(palette.bold(line)) }
  }

  mutating func show(_ notice: RunNotice, at time: ContinuousClock.Instant) {
    switch notice {
    case .progress(let step, .status(let text)), .progress(let step, .output(let text)):
      let line = RunText.oneLine(text)
      if !line.isEmpty { running[step]?.text = line }
    case .event(let event):
      progress?.follow(event.kind, at: time)
      show(event.kind, at: time)
      draw(at: time)
    }
  }

  private mutating func show(_ event: RunEventKind, at time: ContinuousClock.Instant) {
    switch event {
    case .runStarted, .runStopped, .stepRetried, .stepDecided: return
    case .stepForced(let step, _, let by, let reason):
      erase()
      screen.line("  \(by) says of \(step): force, because: \(reason)")
    case .controlRequested(let action, let by):
      erase()
      screen.line("  \(by) asks: \(action.label)")
    case .stepStopped(let step, _, let reason):
      finish(step, "stop", palette.yellow, reason, "")
    case .stepUndoStarted(let step, _):
      begin(step, "putting back what it left", at: time)
    case .stepUndone(let step, _, let outcome):
      finish(step, "undone", palette.green, outcome.summary, "")
    case .stepUndoFailed(let step, _, let failure, let seconds):
      finish(
        step, seconds == nil ? "failed" : "retry", seconds == nil ? palette.red : palette.yellow,
        RunText.undoFailed(failure, seconds), "")
    case .stepStarted(let step, _):
      begin(step, steps?.step(step)?.title ?? "", at: time)
    case .stepProbeStarted(let step, _):
      begin(step, "looking whether it took effect", at: time)
    case .stepSucceeded(let step, _, let outcome):
      let took = running[step].map { RunText.elapsed($0.since, time) } ?? ""
      finish(step, "done", palette.green, outcome.summary, took)
    case .stepAttemptFailed(let step, _, let failure, let seconds):
      finish(step, "retry", palette.yellow, "\(failure.message) Next attempt in \(seconds) s.", "")
    case .stepFailed(let step, _, let failure):
      finish(step, "failed", palette.red, failure.message, "")
    case .stepHeld(let step, _, let reason):
      finish(step, "held", palette.yellow, reason.message, "")
    case .hostSkipped(let host, let step, _):
      finish(step, "skip", palette.yellow, RunText.skipped(host), "")
    case .stepInDoubt(let step, _, let reason):
      finish(step, "doubt", palette.yellow, reason, "")
    case .stepProbed(let step, _, let verdict):
      finish(step, "probe", { $0 }, verdict.sentence, "")
    }
  }

  private mutating func begin(_ step: StepID, _ text: String, at time: ContinuousClock.Instant) {
    if running[step] == nil { order.append(step) }
    running[step] = Running(since: time, text: text)
  }

  private mutating func finish(
    _ step: StepID, _ word: String, _ paint: (String) -> String, _ text: String, _ took: String
  ) {
    running[step] = nil
    order.removeAll { $0 == step }
    erase()
    let text = took.isEmpty ? text : "\(text) (\(took))"
    if "  \(word) \(step)  \(text)".columns <= screen.width() {
      screen.line("  \(paint(word)) \(step)  \(text)")
    } else {
      screen.line("  \(paint(word)) \(step)")
      for line in text.wrapped(to: screen.width(), indent: "       ") { screen.line(line) }
    }
  }

  mutating func tick(at time: ContinuousClock.Instant) { draw(at: time) }

  private mutating func draw(at time: ContinuousClock.Instant) {
    guard let progress else { return }
    erase()
    var lines = order.prefix(8).compactMap { step in
      running[step].map { "  ... \(step)  \(RunText.elapsed($0.since, time))  \($0.text)" }
    }
    if order.count > 8 { lines.append("  ... and \(order.count - 8) more") }
    let times = [RunText.elapsed(begun, time), progress.left(at: time)].compactMap(\.self)
    let (done, total) = (progress.done, progress.total)
    lines.append("  \(bar(done, of: total))  \(done)/\(total)  \(times.joined(separator: ", "))")
    lines = lines.map { $0.clipped(to: screen.width() - 1) }
    for line in lines { screen.line(line) }
    drawn = lines.map(\.columns)
  }

  private func bar(_ part: Int, of whole: Int) -> String {
    let width = min(screen.width() / 3, 30)
    let filled = whole == 0 ? width : part * width / whole
    return "[" + String(repeating: "#", count: filled) + String(repeating: "-", count: width - filled) + "]"
  }

  /// Takes the live part away. A line stands on several rows where the terminal has become narrower than it.
  private mutating func erase() {
    let width = max(screen.width(), 1)
    let rows = drawn.map { max(1, ($0 + width - 1) / width) }.reduce(0, +)
    if rows > 0 { screen.write("\u{1B}[\(rows)A\u{1B}[J") }
    drawn = []
  }

  mutating func end(_ outcome: RunOutcome?, state: RunState) {
    erase()
    guard let plan else { return }
    let lines = RunText.closing(outcome, run: run, plan: plan, state: state)
    for (index, line) in lines.enumerated() {
      let wrapped = line.wrapped(to: screen.width(), indent: String(line.prefix { $0 == " " }))
      for part in wrapped { screen.line(index == 0 ? palette.bold(part) : part) }
    }
  }
}
