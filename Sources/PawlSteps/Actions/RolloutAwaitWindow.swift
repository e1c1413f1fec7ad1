import Foundation
package import PawlEngine
import PawlModel
package import PawlPlan

/// Starts a node only when it can be expected to be done before its maintenance window closes.
package struct RolloutAwaitWindow: ReadOnlyAction {
  package static let spec = ActionSpec(
    name: "rollout/await-window", version: 1,
    summary: "Waits for a maintenance window with time enough; pauses the run when that is far off.",
    parameters: [
      .init("windows", .stringList, "Windows such as `sat,sun 22:00-04:00 Europe/Berlin`."),
      .init("seconds", .int, "What the node is expected to take."),
    ],
    needsHost: false, reversibility: .readOnly, timeoutSeconds: 3600, estimateSeconds: 0, proof: .moment,
    title: { "Start \($0.node) only in a maintenance window with time enough" })

  /// Between two looks at the clock on the wall, which may be set.
  private static let pieceSeconds = 30

  private let windows: [MaintenanceWindow]
  private let seconds: Int
  private let place: String

  package init(step: PlanStep) throws(StepFailure) {
    let parameters = StepParameters(step)
    seconds = try parameters.int("seconds")
    place = step.host ?? "the cluster"
    var windows: [MaintenanceWindow] = []
    for text in try parameters.texts("windows") {
      guard let window = MaintenanceWindow(parsing: text) else {
        throw parameters.problem("has no window that can be read in '\(text)'")
      }
      windows.append(window)
    }
    self.windows = windows
  }

  package func perform(_ environment: ActionEnvironment) async throws(StepFailure) -> StepOutcome {
    let deadline = environment.deadline()
    while true {
      let now = environment.now()
      let need = "\(place) is expected to take \(PlanReport.duration(seconds))"
      guard let open = MaintenanceWindow.opening(of: windows, for: seconds, after: now) else {
        throw hold(environment, "\(need), and no maintenance window of the next two weeks is that long.")
      }
      if open.start <= now {
        return StepOutcome(
          "\(need); the maintenance window is open until \(Self.text(open.end)).", changed: false)
      }
      let left = Int(open.start.timeIntervalSince(now).rounded(.up))
      guard left <= deadline.remainingSeconds else {
        throw hold(
          environment, "\(need); the next maintenance window for it opens at \(Self.text(open.start)).")
      }
      environment.status("waits for the maintenance window, which opens at \(Self.text(open.start))")
      try await deadline.pause(seconds: min(left, Self.pieceSeconds))
    }
  }

  private func hold(_ environment: ActionEnvironment, _ message: String) -> StepFailure {
    let (run, step) = (environment.context.run, environment.step.id)
    return .hold(
      code: "outside-window", message,
      hint: "To start it outside of its windows: pawl approve \(run) \(step) --as done")
  }

  /// In UTC, so that nobody has to guess: windows may have several zones.
  private static func text(_ time: Date) -> String { time.formatted(.iso8601) }
}
