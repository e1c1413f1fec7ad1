package import PawlEngine
import PawlPlan

/// A host as an action uses it: looks and changes are told apart, and failures are those of a step.
package struct StepHost: Sendable {
  /// The inventory's name of the host.
  package let name: String
  let session: any HostSession
  let context: StepContext
  let step: StepID
  let tracker: EffectTracker
  let gate: any EffectGate

  /// Runs a program that changes nothing.
  package func look(
    _ argv: [String], asRoot: Bool = false, timeoutSeconds: Int = 60
  ) async throws(StepFailure) -> HostCommandResult {
    var command = HostCommand(argv, asRoot: asRoot, timeoutSeconds: timeoutSeconds)
    command.environment = ["LC_ALL": "C"]
    do throws(HostError) {
      return try await session.run(command)
    } catch {
      throw StepFailure(error)
    }
  }

  /// Runs a command that changes the host and outlives link and process; its output is passed on as it comes.
  ///
  /// A command of this attempt that the host knows already is not started again.
  package func change(_ command: HostCommand) async throws(StepFailure) -> HostCommandResult {
    try await gate.check()
    guard let key = tracker.begin(on: session) else {
      throw StepFailure(
        code: "too-many-commands", message: "The action starts more commands on \(name) than it declares.",
        hint: "This is a defect in the action: raise its hostChanges.")
    }
    let report = context.report
    do throws(HostError) {
      let result = try await session.runDetached(command, key: key, epoch: context.epoch) {
        report(.output($0))
      }
      tracker.closeCommand()
      return result
    } catch {
      throw await failure(from: error, of: key)
    }
  }

  /// Records that are tried for when the program that makes one is killed.
  private static let mostRecords = 5

  /// What the step recorded on the host first, by `record`; nil when it has not.
  package func recorded() async throws(StepFailure) -> String? {
    try await lastRecord().text
  }

  /// Keeps the output of a program that changes nothing on the host. All attempts of the step, and its probes, get what
  /// the first one got, whenever they ask.
  package func record(_ argv: [String]) async throws(StepFailure) -> String {
    try await gate.check()
    let (text, next) = try await lastRecord()
    if let text { return text }
    let result: HostCommandResult
    do throws(HostError) {
      result = try await session.runDetached(
        HostCommand(argv), key: recordKey(next), epoch: context.epoch, onOutput: { _ in })
    } catch {
      throw StepFailure(error)
    }
    guard result.succeeded else {
      throw StepFailure(
        code: "record-failed", message: "\(argv[0]) failed on \(name) (\(result.ending)).", retry: .temporary)
    }
    return result.output
  }

  /// The record, or the number under which one is still to be made.
  private func lastRecord() async throws(StepFailure) -> (text: String?, next: Int) {
    for number in 1...Self.mostRecords {
      do throws(HostError) {
        switch try await session.jobState(recordKey(number)) {
        case .finished(let result) where result.succeeded: return (result.output, number)
        case .absent, .running: return (nil, number)
        // What was killed or failed recorded nothing, and nothing was done by it.
        case .finished, .lost: continue
        }
      } catch {
        throw StepFailure(error)
      }
    }
    return (nil, Self.mostRecords)
  }

  /// Attempts count from 1.
  private func recordKey(_ number: Int) -> JobKey {
    JobKey(run: context.run, step: step, attempt: 0, number: number)
  }

  /// What becomes of the last command does not matter any more: something else shows its effect.
  func forgetCommand() { tracker.closeCommand() }

  /// Tells a command that was never started from one whose end is unknown.
  private func failure(from error: HostError, of key: JobKey) async -> StepFailure {
    var failure = StepFailure(error)
    switch error.code {
    case .fenced:
      tracker.retract()
    case .failed:
      if await isAbsent(key) { tracker.retract() } else { failure.retry = .transport }
    case .unreachable, .linkLost, .timedOut, .cancelled, .hostKey, .authentication:
      // Whatever cut the way to the host says nothing about the command: the outcome is unknown.
      failure.retry = .transport
    }
    return failure
  }

  private func isAbsent(_ key: JobKey) async -> Bool {
    do throws(HostError) {
      return try await session.jobState(key) == .absent
    } catch {
      return false
    }
  }
}
