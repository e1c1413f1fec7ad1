package import Foundation
package import PawlEngine
package import PawlPlan

/// What an action may use during an attempt or a probe.
package struct ActionEnvironment: Sendable {
  /// What is known of the commands that earlier tries of the step started on its host.
  package enum EarlierCommands: Sendable, Hashable {
    /// None was started, or the last one ended well.
    case none
    /// The last one was started and did not end well: the host may be in a state in between. The text says how.
    case unfinished(String)
  }

  /// The step of the plan.
  package let step: PlanStep
  /// The attempt.
  package let context: StepContext
  /// The API server.
  package let cluster: StepCluster
  /// For waits between samples; a test's clock does not wait.
  package let clock: any Clock<Duration>
  /// Only for `probe`.
  package let earlierCommands: EarlierCommands
  /// Web addresses, asked from where Pawl runs.
  let http: any HTTPProbe
  /// The time on the wall, for maintenance windows and for time that passes while Pawl is away.
  package let now: @Sendable () -> Date
  let hosts: any HostSessions
  let tracker: EffectTracker
  let gate: any EffectGate

  /// The session to an inventory host.
  package func host(_ name: String) async throws(StepFailure) -> StepHost {
    do throws(HostError) {
      let session = try await hosts.session(to: name)
      return StepHost(
        name: name, session: session, context: context, step: step.id, tracker: tracker, gate: gate)
    } catch {
      throw StepFailure(error)
    }
  }

  /// Says what the step does or waits for now.
  package func status(_ text: String) { context.report(.status(text)) }

  /// Adds lines to the step's output, which is kept.
  package func output(_ lines: [String]) {
    if !lines.isEmpty { context.report(.output(lines.map { $0 + "\n" }.joined())) }
  }

  /// Since the run first began the step, also while Pawl was away; nil when that is not known. By the clock on the
  /// wall, but never negative.
  var secondsSinceFirstBegun: Int? {
    context.firstBegun.map { Int(max(0, now().timeIntervalSince($0))) }
  }

  /// The step's own limit, from now on.
  package func deadline() -> Deadline { Deadline(seconds: step.timeoutSeconds, clock: clock) }
}
