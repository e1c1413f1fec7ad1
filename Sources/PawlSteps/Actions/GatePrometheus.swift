package import PawlEngine
import PawlModel
package import PawlPlan

/// Waits until a Prometheus query compares as it should or, without a query, until no alert fires but those excepted.
package struct GatePrometheus: ReadOnlyAction {
  private static let sampling = Sampling(Gates.Timing.prometheus)

  package static let spec = ActionSpec(
    name: "gate/prometheus", version: 1,
    summary: "Waits until a Prometheus query compares as wanted, or until no alert fires.",
    parameters: [
      .init("url", .string, "Where Prometheus is, without `/api`; it is asked from where Pawl runs."),
      WebAddress.caFile,
      .init("query", .string, default: .string(""), "PromQL; without it the alerts are looked at."),
      .init(
        "op", .string, default: .string("=="), allowed: Gates.Comparison.allCases.map(\.rawValue),
        "How each value of the query compares with `value`."),
      .init("value", .string, default: .string(""), "A number in quotes; needed with `query`."),
      .init("except", .stringList, default: .list([]), "Names of alerts that may fire."),
    ] + Sampling.parameters(default: sampling), needsHost: false,
    reversibility: .readOnly, retry: RetryPolicy(attempts: 1),
    timeoutSeconds: Gates.Timing.prometheus.timeoutSeconds, estimateSeconds: 15, proof: .moment,
    title: { site in
      site.text("query").isEmpty
        ? "Wait until no alert fires at \(site.text("url"))"
        : "Wait for \(site.text("query")) \(site.text("op")) \(site.text("value"))"
    },
    freeze: freeze)

  /// What is asked.
  private enum Question: Sendable {
    case query(String, Gates.Comparison, Double)
    case alerts(except: [String])
  }

  private let base: String
  private let caFile: String?
  private let question: Question
  private let sampling: Sampling

  package init(step: PlanStep) throws(StepFailure) {
    let parameters = StepParameters(step)
    let url = try parameters.text("url")
    base = url.hasSuffix("/") ? String(url.dropLast()) : url
    caFile = try parameters.text("caFile", default: nil)
    if let query = try parameters.text("query", default: nil) {
      question = .query(
        query, try parameters.choice("op", default: .equal), try parameters.decimal("value"))
    } else {
      question = .alerts(except: try parameters.texts("except"))
    }
    sampling = try Sampling(parameters, default: Self.sampling)
  }

  private static func freeze(
    _ site: ActionSpec.Site, _ facts: HostFacts?
  ) throws(PlanRefusal) -> [String: Value] {
    if !site.text("query").isEmpty, Double(site.text("value")) == nil {
      throw PlanRefusal(
        code: "gate-value",
        message:
          "The query '\(site.text("query"))' is to be compared with '\(site.text("value"))', which is no number.",
        hint: "Give the gate a `value`, in quotes.")
    }
    return try WebAddress.check(site, facts)
  }

  package func perform(_ environment: ActionEnvironment) async throws(StepFailure) -> StepOutcome {
    let proof = try await Gate(environment: environment, subject: base, sampling: sampling).wait(
      { () async throws(StepFailure) in try await look(environment) },
      failure: { missing, seconds in
        StepFailure(
          code: "prometheus-gate-closed",
          message: "Prometheus at \(base) did not pass within \(seconds) s: \(GateText.joined(missing)).",
          causes: missing, retry: .temporary,
          hint:
            "Look there at what it says; whoever is on call for it can help. Then run `pawl resume`: it is "
            + "asked again.")
      })
    return StepOutcome(
      "Prometheus at \(base): \(proof.text), \(sampling.text), \(proof.when).", changed: false)
  }

  private func look(_ environment: ActionEnvironment) async throws(StepFailure) -> Gate.Sight {
    let url =
      switch question {
      case .query(let query, _, _): "\(base)/api/v1/query?query=\(WebAddress.escape(query))"
      case .alerts: "\(base)/api/v1/alerts"
      }
    switch try await WebAddress.get(url, caFile: caFile, environment) {
    case .failure(let error): return .lacks(["it \(error.message)"])
    case .success(let answer):
      do throws(PrometheusAnswer.Problem) { return try sight(of: answer.body) } catch {
        return .lacks(["\(error.text) (status \(answer.status))"])
      }
    }
  }

  private func sight(of body: String) throws(PrometheusAnswer.Problem) -> Gate.Sight {
    switch question {
    case .alerts(let except):
      let firing = try PrometheusAnswer.firing(in: body)
      let unexpected = firing.filter { !except.contains($0) }
      guard unexpected.isEmpty else { return .lacks(unexpected.map { "alert \($0) fires" }) }
      return .holds(firing.isEmpty ? "no alert fires" : "only \(firing.joined(separator: ", ")) fires")
    case .query(let query, let comparison, let value):
      let samples = try PrometheusAnswer.samples(in: body)
      guard !samples.isEmpty else { return .lacks(["\(query) has no value"]) }
      let wrong = samples.filter { !comparison.holds($0.value, value) }
      let wanted = "\(comparison.rawValue) \(Self.text(value))"
      guard wrong.isEmpty else {
        return .lacks(
          wrong.map { "\($0.series.isEmpty ? query : $0.series) is \(Self.text($0.value)), not \(wanted)" })
      }
      let values = GateText.joined(samples.map { Self.text($0.value) })
      return .holds("\(query) is \(values), so \(wanted)")
    }
  }

  /// `3` rather than `3.0`.
  private static func text(_ value: Double) -> String {
    value == value.rounded() && abs(value) < 1e15 ? String(Int(value)) : String(value)
  }
}
