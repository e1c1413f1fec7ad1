import ArgumentParser
import Foundation
import PawlEngine
import PawlModel
import PawlPlan
import PawlSteps

/// The one place where errors become text and exit codes.
enum FailureReport {
  /// The failure for any error that a command lets out.
  static func failure(for error: any Error) -> CommandFailure {
    switch error {
    case let failure as CommandFailure: failure
    case let error as DiagnosticsError: CommandFailure(.invalidInput, error.diagnostics.map(\.description))
    case PlanningError.invalid(let error): failure(for: error)
    case PlanningError.refused(let refusals): refused(refusals)
    case let error as StoreError:
      CommandFailure(error.code == .locked ? .locked : .failed, [error.message])
    case let error as ClusterLockError: CommandFailure(status(of: error), [error.message])
    case let error as HostError: CommandFailure(status(of: error), [error.message])
    case let error as ClusterError: CommandFailure(status(of: error), [error.message])
    case let error as StepFailure:
      CommandFailure(error.retry == .transport ? .unreachable : .failed, [error.message])
    case let error as IllegalTransition:
      CommandFailure(.failed, [error.description, "Look at it with 'pawl runs verify'."])
    case is CancellationError: CommandFailure(.failed, "Cancelled.")
    default: CommandFailure(.failed, "Unexpected trouble: \(error)")
    }
  }

  static func refused(_ refusals: [PlanRefusal]) -> CommandFailure {
    CommandFailure(
      .failed, ["The plan is refused; nothing was touched."] + refusals.map { "  \($0.code): \($0)" })
  }

  private static func status(of error: ClusterLockError) -> ExitStatus {
    switch error.code {
    case .held, .lost: .locked
    case .unreachable, .unauthorized: .unreachable
    case .forbidden, .cancelled, .failed: .failed
    }
  }

  private static func status(of error: HostError) -> ExitStatus {
    switch error.code {
    case .unreachable, .hostKey, .authentication, .linkLost, .timedOut: .unreachable
    case .fenced: .locked
    case .cancelled, .failed: .failed
    }
  }

  private static func status(of error: ClusterError) -> ExitStatus {
    switch error.code {
    case .unreachable, .unauthorized, .timedOut: .unreachable
    case .forbidden, .notFound, .conflict, .cancelled, .failed: .failed
    }
  }
}

/// Runs a command's body and turns whatever it throws into text on standard error and an exit code.
///
/// - Throws: `ExitCode` only.
func reportingFailures(_ body: () async throws -> ExitStatus) async throws {
  let status: ExitStatus
  do {
    status = try await body()
  } catch let error as ExitCode {
    throw error
  } catch {
    let failure = FailureReport.failure(for: error)
    for line in failure.lines { Console.error(line) }
    status = failure.status
  }
  if status != .success { throw ExitCode(status.rawValue) }
}
