package import PawlEngine
import PawlModel
package import PawlPlan

/// Waits until a program on the step's host ends with status 0. It must change nothing: it may be run many times.
package struct GateCommand: ReadOnlyAction {
  package static let spec = ActionSpec(
    name: "gate/command", version: 1, summary: "Waits until a program on a host ends with status 0.",
    parameters: [
      .init(
        "run", .stringList, "The program and its arguments; no shell reads them. It must change nothing."),
      .init("asRoot", .bool, default: .bool(false), "Whether it is run as root."),
    ] + Sampling.parameters(default: sampling),
    reversibility: .readOnly, retry: RetryPolicy(attempts: 1),
    timeoutSeconds: Gates.Timing.command.timeoutSeconds, estimateSeconds: 5,
    title: { "Wait for '\(command($0))' to pass on \($0.host?.name ?? "its host")" })

  private static let sampling = Sampling(Gates.Timing.command)

  private static func command(_ site: ActionSpec.Site) -> String {
    guard case .list(let words) = site.parameters["run"] else { return "" }
    return words.map(\.description).joined(separator: " ")
  }

  private let host: String
  private let argv: [String]
  private let asRoot: Bool
  private let sampling: Sampling

  package init(step: PlanStep) throws(StepFailure) {
    let parameters = StepParameters(step)
    host = try parameters.host()
    argv = try parameters.texts("run")
    asRoot = try parameters.flag("asRoot", default: false)
    sampling = try Sampling(parameters, default: Self.sampling)
  }

  package func perform(_ environment: ActionEnvironment) async throws(StepFailure) -> StepOutcome {
    let session = try await environment.host(host)
    let proof = try await Gate(environment: environment, subject: host, sampling: sampling).wait(
      { () async throws(StepFailure) in try await look(session) },
      failure: { missing, seconds in
        StepFailure(
          code: "command-gate-closed",
          message: "The gate on \(host) did not pass within \(seconds) s: \(GateText.joined(missing)).",
          causes: missing, retry: .temporary,
          hint: "Run it on \(host) by hand to see why. Then run `pawl resume`: it is run again.")
      })
    return StepOutcome("On \(host) \(proof.text), \(sampling.text), \(proof.when).", changed: false)
  }

  private func look(_ session: StepHost) async throws(StepFailure) -> Gate.Sight {
    let command = argv.joined(separator: " ")
    let result: HostCommandResult
    do throws(StepFailure) {
      result = try await session.look(argv, asRoot: asRoot, timeoutSeconds: Self.secondsPerLook)
    } catch {
      // The program's time, not the way to the host.
      guard error.code == "host-timed-out" else { throw error }
      return .lacks(["'\(command)' took longer than \(Self.secondsPerLook) s"])
    }
    guard result.succeeded else {
      let last = result.lines.last.map { ": \(WebAddress.excerpt($0))" } ?? ""
      return .lacks(["'\(command)' ended with \(result.ending)\(last)"])
    }
    return .holds("'\(command)' ended with status 0")
  }

  /// How long the program may take at each look.
  private static let secondsPerLook = 60
}
