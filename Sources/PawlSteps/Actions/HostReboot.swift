package import PawlEngine
import PawlModel
package import PawlPlan

/// Boots a host anew, once, and waits until it is back.
///
/// The boot id before is kept on the host before anything else, for all attempts of the step: another one is the proof
/// that the host was rebooted, whatever became of the command and of the link.
package struct HostReboot: Action {
  /// When a reboot is done.
  enum Mode: String, CaseIterable { case auto, always }

  package static let spec = ActionSpec(
    name: "host/reboot", version: 1, summary: "Reboots a host when it needs it, and waits until it is back.",
    parameters: [
      .init(
        "when", .string, default: .string("auto"), allowed: Mode.allCases.map(\.rawValue),
        "auto looks, when the step begins, whether the host needs it."),
      .init(
        "command", .stringList, default: .list([]),
        "A program with arguments; when it ends with 0 the host needs a reboot."),
    ],
    reversibility: .final, timeoutSeconds: 1200, estimateSeconds: 90, needsPatchFacts: true,
    title: { site in
      "Reboot \(site.host?.name ?? "the host")\(site.text("when") == Mode.auto.rawValue ? " if it needs it" : "")"
    },
    freeze: { site, facts throws(PlanRefusal) in
      ["manager": .string(try UpgradeChoice.patchFacts(site, facts).manager.rawValue)]
    })

  package static let hostChanges = 1

  /// The link falls while it is watched, so its limit is short: what follows is another wait.
  private static let command = HostCommand(["systemctl", "reboot"], asRoot: true, timeoutSeconds: 30)
  private static let look = ["cat", "/proc/sys/kernel/random/boot_id"]

  private let host: String
  private let mode: Mode
  private let needCommand: [String]
  private let manager: PackageManager
  private let limitSeconds: Int

  package init(step: PlanStep) throws(StepFailure) {
    let parameters = StepParameters(step)
    limitSeconds = step.timeoutSeconds
    host = try parameters.host()
    mode = try parameters.choice("when", default: .auto)
    needCommand = try parameters.texts("command")
    manager = try parameters.choice("manager", default: .apt)
  }

  package func probe(_ environment: ActionEnvironment) async throws(StepFailure) -> ProbeVerdict {
    let target = try await environment.host(host)
    guard let before = try await target.recorded() else { return .notStarted }
    if try await bootID(of: target) != before { return .done(try await rebooted(target)) }
    switch environment.earlierCommands {
    case .none: return .notStarted
    case .unfinished(let reason): return .torn("\(host) has not been rebooted yet (\(reason))")
    }
  }

  package func perform(_ environment: ActionEnvironment) async throws(StepFailure) -> StepOutcome {
    let target = try await environment.host(host)
    var before = try await target.recorded()
    if before == nil {
      if mode == .auto, try await reason(target) == nil {
        return StepOutcome("\(host) needs no reboot.", changed: false)
      }
      before = try await target.record(Self.look)
    }
    // What is left of the limit is for a last look at a host that does not answer.
    let deadline = Deadline(seconds: limitSeconds * 9 / 10, clock: environment.clock)
    if try await bootID(of: target) == before {
      environment.status("\(host) goes down for its reboot")
      try await goDown(target)
      try await waitForBoot(target, after: before, deadline, environment)
    }
    return try await rebooted(target)
  }

  /// Its own proof: `perform` ends when the boot id has changed, or nothing had to be done.
  package func verify(_ environment: ActionEnvironment) async throws(StepFailure) {}

  /// Says so when it did not help, as with a host that boots an old kernel: each further run would reboot it again.
  private func rebooted(_ target: StepHost) async throws(StepFailure) -> StepOutcome {
    let reason = try await mode == .auto ? self.reason(target) : nil
    let still = reason.map { ", but still asks for a reboot: \($0)" } ?? ""
    return StepOutcome("\(host) was rebooted and is back\(still).", changed: true)
  }

  private func reason(_ target: StepHost) async throws(StepFailure) -> String? {
    try await RebootNeed.reason(manager, command: needCommand) { argv, asRoot throws(StepFailure) in
      try await target.look(argv, asRoot: asRoot)
    }
  }

  private func bootID(of target: StepHost) async throws(StepFailure) -> String {
    let answer = try await target.look(Self.look)
    guard answer.succeeded, !answer.output.isEmpty else {
      throw StepFailure(
        code: "boot-id-unreadable", message: "The boot id of \(host) can't be read (\(answer.ending)).",
        retry: .temporary)
    }
    return answer.output
  }

  private func goDown(_ target: StepHost) async throws(StepFailure) {
    let result: HostCommandResult
    do throws(StepFailure) {
      result = try await target.change(Self.command)
    } catch {
      // A host that goes down takes the command and the way to it along.
      guard error.retry == .transport, error.code != StepFailure.cancelled.code else { throw error }
      target.forgetCommand()
      return
    }
    guard result.succeeded || result.wasEndedBySignal else {
      throw StepFailure(
        code: "reboot-refused", message: "\(host) could not be rebooted (\(result.ending)).",
        causes: Array(result.lines.suffix(5)), retry: .permanent,
        hint: "Run `systemctl reboot` there and see.")
    }
  }

  /// Whatever the host answers, or does not, on its way down and up is waited out.
  private func waitForBoot(
    _ target: StepHost, after before: String?, _ deadline: Deadline, _ environment: ActionEnvironment
  ) async throws(StepFailure) {
    while !deadline.isOver {
      environment.status("waits until \(host) is back; \(deadline.remainingSeconds) s are left")
      try await deadline.pause(seconds: 5)
      do throws(StepFailure) {
        if try await bootID(of: target) != before { return }
      } catch {
        if error.code == StepFailure.cancelled.code { throw error }
      }
    }
    throw StepFailure(
      code: "host-not-back",
      message: "\(host) did not come back from its reboot within \(deadline.seconds / 60) min.",
      retry: .permanent,
      hint: "See its console; when it is up, `pawl resume` goes on and does not reboot it again.")
  }
}
