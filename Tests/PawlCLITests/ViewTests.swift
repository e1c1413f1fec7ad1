import PawlEngine
import PawlPlan
import PawlTestSupport
import Testing

@testable import PawlCLI

@Suite("Views of a run")
struct ViewTests {
  private let palette = Palette(noColor: true)
  private let start = ContinuousClock.now

  /// The sample's journal, four seconds an event, with what a view does not need between its events.
  private func show(_ view: any RunView, progress: String = "2 of 3 are healthy") throws {
    var view = view
    let plan = try RunSample.plan()
    view.begin(RunSample.run, plan: plan, state: try RunState(plan: plan, events: []))
    for (index, event) in RunSample.journal.enumerated() {
      let time = start + .seconds(4 * index)
      view.show(.event(event), at: time)
      guard let step = event.kind.step else { continue }
      view.show(.progress(step, .status(progress)), at: time)
      view.show(.progress(step, .output("Reading package lists...\r\n\u{1B}[31m\(progress)\n")), at: time)
      view.tick(at: time + .seconds(1))
    }
    let state = try RunState(plan: plan, events: RunSample.journal)
    view.end(.failed(RunSample.install), state: state)
  }

  @Test("Lines stay as they are")
  func lines() throws {
    let output = Output()
    try show(LineView(palette: palette, write: output.add))
    try Golden().expect(output.lines.joined(separator: "\n") + "\n", "lines.txt")
  }

  @Test("A status whose numbers alone change is a line twice a minute only")
  func status() throws {
    let output = Output()
    var view = LineView(palette: palette, write: output.add)
    for (seconds, text) in [
      (0, "pod 1 of 9"), (10, "pod 2 of 9"), (29, "pod 3 of 9"), (31, "pod 4 of 9"), (32, "done"),
    ] {
      view.show(.progress(RunSample.check, .status(text)), at: start + .seconds(seconds))
    }
    #expect(output.lines.map { $0.split(separator: "  ").last } == ["pod 1 of 9", "pod 4 of 9", "done"])
  }

  @Test("The live part leaves nothing behind, however narrow the terminal", arguments: [12, 24, 40, 60, 200])
  func live(width: Int) throws {
    let terminal = Terminal(width: width)
    let long = String(repeating: "\u{6F22}", count: 40) + String(repeating: " and a long line", count: 20)
    try show(live(terminal), progress: long)
    let text = terminal.lines.joined(separator: "\n")
    #expect(!text.contains("...") && !text.contains("[-") && !text.contains("[#"), "\(text)")
    #expect(!text.contains("\u{6F22}"))
    #expect(terminal.lines.count { $0.contains("failed 1.20/install-kubeadm@cp-1") } == 2)
    #expect(terminal.lines.last?.hasSuffix(RunSample.run.text) == true)
  }

  @Test("A terminal that becomes narrower while lines stand on it is cleared too")
  func resized() throws {
    let terminal = Terminal(width: 100)
    var view = live(terminal)
    let plan = try RunSample.plan()
    let state = try RunState(plan: plan, events: [])
    view.begin(RunSample.run, plan: plan, state: state)
    for event in RunSample.journal.prefix(2) { view.show(.event(event), at: start) }
    #expect(terminal.lines.count == 3)
    terminal.resize(to: 30)
    view.end(nil, state: state)
    let text = terminal.lines.joined(separator: "\n")
    #expect(!text.contains("...") && !text.contains("[-"), "\(text)")
    #expect(terminal.lines.first == "Run \(RunSample.run): Upgrade single to 1.20.15")
  }

  @Test("A cancelled run that is stuck says why, what stays cordoned and what to do; undone, how to go on")
  func undo() throws {
    let plan = try RunSample.plan()
    let drain = StepID("1.20/drain@cp-1")
    let taken: [RunEventKind] = [
      .runStarted(by: "anna@ops1", resumed: false), .stepStarted(drain, attempt: 1),
      .stepSucceeded(drain, attempt: 1, RunSample.outcome), .stepUndoStarted(drain, attempt: 1),
    ]
    func closing(_ further: [RunEventKind], _ outcome: RunOutcome) throws -> [String] {
      let events = (taken + further).enumerated().map { RunSample.event($0.offset + 1, $0.element) }
      let state = try RunState(plan: plan, events: events)
      return RunText.closing(outcome, run: RunSample.run, plan: plan, state: state)
    }
    let failed = RunEventKind.stepUndoFailed(
      drain, attempt: 1, RunSample.failure, retryAfterSeconds: nil)
    let stuck = try closing([failed, .runStopped(.stuck(drain))], .stuck(drain))
    #expect(
      stuck.first
        == "Stuck: what the run left can't be undone because of \(drain). 0 of \(plan.steps.count) steps done."
    )
    #expect(stuck.contains("  \(RunSample.failure.message)"))
    #expect(stuck.contains("Still cordoned by this run: cp-1."))
    #expect(stuck.last == "When that is mended: pawl cancel \(RunSample.run)")
    let undone = try closing([.stepUndone(drain, attempt: 1, RunSample.outcome)], .cancelled)
    #expect(undone.last == "To go on from where the cluster is, plan anew: pawl upgrade")
    #expect(!undone.joined().contains("cordoned"))
  }

  private func live(_ terminal: Terminal) -> LiveView {
    LiveView(palette: palette, screen: Screen(width: { terminal.width }, write: terminal.write))
  }
}
