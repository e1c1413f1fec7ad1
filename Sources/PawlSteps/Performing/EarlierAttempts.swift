import PawlEngine
import PawlPlan

/// What a host still knows of the commands of a step in doubt: of this attempt and, if it started none, of those
/// before it.
struct EarlierAttempts {
  enum Findings: Sendable, Hashable {
    /// This attempt's command runs or has left its result: performing it again goes on with it.
    case attached(String)
    /// A command of an attempt that counts as ended still runs: nothing may be started beside it.
    case stillRunning(String)
    case commands(ActionEnvironment.EarlierCommands)
  }

  /// Earlier attempts that are looked at.
  private static let attemptsBack = 10

  let step: StepID
  let host: StepHost
  let changesPerAttempt: Int

  func look() async throws(StepFailure) -> Findings {
    let attempt = host.context.attempt
    switch try await lastCommand(of: attempt) {
    case .running: return .attached("its command runs on \(host.name)")
    // Its result would only say that it was ended, on request or by its time limit.
    case .finished(let result) where result.wasEndedBySignal: return .commands(.unfinished(result.ending))
    case .finished: return .attached("its command has ended on \(host.name) and left its result")
    case .lost(let reason): return .commands(.unfinished(reason))
    case .absent: return try await lookBack(from: attempt)
    }
  }

  /// An attempt that started nothing leaves the host as the attempt before it did.
  private func lookBack(from attempt: Int) async throws(StepFailure) -> Findings {
    for earlier in stride(from: attempt - 1, through: max(1, attempt - Self.attemptsBack), by: -1) {
      switch try await lastCommand(of: earlier) {
      case .absent: continue
      case .running:
        return .stillRunning(
          "The command of attempt \(earlier) of step \(step) still runs on \(host.name). "
            + "When it has ended, has the step been done?")
      case .lost(let reason): return .commands(.unfinished(reason))
      case .finished(let result):
        return .commands(
          result.succeeded ? .none : .unfinished("attempt \(earlier) failed: \(result.ending)"))
      }
    }
    return .commands(.none)
  }

  private func lastCommand(of attempt: Int) async throws(StepFailure) -> JobState {
    var last = JobState.absent
    for number in 1...changesPerAttempt {
      let key = JobKey(run: host.context.run, step: step, attempt: attempt, number: number)
      let state: JobState
      do throws(HostError) {
        state = try await host.session.jobState(key)
      } catch {
        throw StepFailure(error)
      }
      guard state != .absent else { break }
      last = state
    }
    return last
  }
}
