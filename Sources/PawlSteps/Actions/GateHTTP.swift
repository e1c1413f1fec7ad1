package import PawlEngine
import PawlModel
package import PawlPlan

/// Waits until a web address answers as it should, asked from where Pawl runs.
package struct GateHTTP: ReadOnlyAction {
  private static let sampling = Sampling(Gates.Timing.http)

  package static let spec = ActionSpec(
    name: "gate/http", version: 1,
    summary: "Waits until a web address answers with a status and, if wanted, a text.",
    parameters: [
      .init("url", .string, "The http or https address; it is asked from where Pawl runs."),
      WebAddress.caFile,
      .init("status", .int, default: .int(200), "The status that it must answer."),
      .init("contains", .string, default: .string(""), "A text that the body must have in it."),
    ] + Sampling.parameters(default: sampling), needsHost: false,
    reversibility: .readOnly, retry: RetryPolicy(attempts: 1),
    timeoutSeconds: Gates.Timing.http.timeoutSeconds, estimateSeconds: 10, proof: .moment,
    title: { "Wait for \($0.text("url")) to answer \($0.text("status"))" }, freeze: WebAddress.check)

  private let url: String
  private let caFile: String?
  private let status: Int
  private let text: String?
  private let sampling: Sampling

  package init(step: PlanStep) throws(StepFailure) {
    let parameters = StepParameters(step)
    url = try parameters.text("url")
    caFile = try parameters.text("caFile", default: nil)
    status = try parameters.int("status", default: 200)
    text = try parameters.text("contains", default: nil)
    sampling = try Sampling(parameters, default: Self.sampling)
  }

  package func perform(_ environment: ActionEnvironment) async throws(StepFailure) -> StepOutcome {
    let proof = try await Gate(environment: environment, subject: url, sampling: sampling).wait(
      { () async throws(StepFailure) in sight(of: try await WebAddress.get(url, caFile: caFile, environment))
      },
      failure: { missing, seconds in
        StepFailure(
          code: "http-gate-closed",
          message: "\(url) did not pass within \(seconds) s: \(GateText.joined(missing)).", causes: missing,
          retry: .temporary,
          hint:
            "Whoever runs it can help; see that this machine reaches it. Then run `pawl resume`: it is asked "
            + "again.")
      })
    return StepOutcome("\(url) \(proof.text), \(sampling.text), \(proof.when).", changed: false)
  }

  private func sight(of result: Result<HTTPAnswer, HTTPProbeError>) -> Gate.Sight {
    switch result {
    case .failure(let error): return .lacks(["it \(error.message)"])
    case .success(let answer) where answer.status != status:
      return .lacks(["it answers \(answer.status), not \(status): \(WebAddress.excerpt(answer.body))"])
    case .success(let answer):
      guard let text, !answer.body.contains(text) else { return .holds("answers \(status)") }
      return .lacks(["its answer has no '\(text)' in it: \(WebAddress.excerpt(answer.body))"])
    }
  }
}
