import PawlEngine
import PawlSteps
import Synchronization

/// An effecting call of a run: a detached command or a change through the API server.
package struct EffectingCall: Sendable, Hashable {
  /// nil for the API server.
  package let host: String?
  /// What a `SimulatedFault` matches.
  package let pattern: String
  /// Which one of the calls with the same text, from 1.
  package let occurrence: Int
}

/// Passes everything on and notes the detached commands.
final class RecordingHosts: HostSessions {
  private let base: any HostSessions
  private let commands = Mutex<[(host: String, command: HostCommand)]>([])

  init(_ base: any HostSessions) { self.base = base }

  /// The commands that were started, in order.
  var started: [(host: String, command: HostCommand)] { commands.withLock { $0 } }

  func session(to host: String) async throws(HostError) -> any HostSession {
    RecordingSession(base: try await base.session(to: host)) { [self] command in
      commands.withLock { $0.append((host, command)) }
    }
  }
}

private struct RecordingSession: HostSession {
  let base: any HostSession
  let note: @Sendable (HostCommand) -> Void

  var host: String { base.host }

  func run(_ command: HostCommand) async throws(HostError) -> HostCommandResult {
    try await base.run(command)
  }

  func runDetached(
    _ command: HostCommand, key: JobKey, epoch: Int, onOutput: @escaping @Sendable (String) -> Void
  ) async throws(HostError) -> HostCommandResult {
    note(command)
    return try await base.runDetached(command, key: key, epoch: epoch, onOutput: onOutput)
  }

  func jobState(_ key: JobKey) async throws(HostError) -> JobState { try await base.jobState(key) }
  func terminate(_ key: JobKey) async throws(HostError) { try await base.terminate(key) }
  func runsWithJobs() async throws(HostError) -> [RunID] { try await base.runsWithJobs() }
  func removeJobs(of run: RunID) async throws(HostError) { try await base.removeJobs(of: run) }
}

/// Numbers calls that have the same text.
struct CallCounter {
  private var counts: [String: Int] = [:]

  mutating func call(on host: String?, _ pattern: String) -> EffectingCall {
    counts["\(host ?? "") \(pattern)", default: 0] += 1
    return EffectingCall(host: host, pattern: pattern, occurrence: counts["\(host ?? "") \(pattern)"] ?? 1)
  }
}
