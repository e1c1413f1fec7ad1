package import PawlEngine
import PawlModel
package import PawlPlan

/// Proves, by asking etcd itself on a host, that it can spare the member there, or that every member is well again.
///
/// For hosts of the role `etcd`, which are no nodes: nothing in the API tells of their members.
package struct EtcdCheckMembers: ReadOnlyAction {
  package static let spec = ActionSpec(
    name: "etcd/check-members", version: 1,
    summary: "Waits until etcd can spare the member on a host, or until every member is healthy.",
    parameters: [
      .init(
        "spare", .bool, default: .bool(true),
        "True: etcd keeps its quorum without this host. False: every member is healthy, this host's too.")
    ],
    reversibility: .readOnly, retry: RetryPolicy(attempts: 1), timeoutSeconds: 180, estimateSeconds: 2,
    proof: .moment,
    title: { site in
      let host = site.host?.name ?? "its host"
      return site.parameters["spare"] == .bool(false)
        ? "Wait until every etcd member is healthy, that of \(host) too"
        : "Check that etcd can spare the member on \(host)"
    })

  private let host: String
  private let spare: Bool

  package init(step: PlanStep) throws(StepFailure) {
    let parameters = StepParameters(step)
    host = try parameters.host()
    spare = try parameters.flag("spare", default: true)
  }

  package func perform(_ environment: ActionEnvironment) async throws(StepFailure) -> StepOutcome {
    let session = try await environment.host(host)
    var wasAsked = false
    let proof = try await Gate(environment: environment, subject: host).wait(
      { () async throws(StepFailure) in
        let findings = try await look(session)
        wasAsked = findings.wasAsked
        return findings.sight
      }, failure: { missing, seconds in failure(missing, seconds: seconds, wasAsked: wasAsked) })
    return StepOutcome("etcd: \(proof.text).", changed: false)
  }

  private func look(
    _ session: StepHost
  ) async throws(StepFailure) -> (sight: Gate.Sight, wasAsked: Bool) {
    let result: HostCommandResult
    do throws(StepFailure) {
      result = try await session.look(
        EtcdQuestion.argv, asRoot: true, timeoutSeconds: EtcdQuestion.timeoutSeconds)
    } catch {
      // The question's time, not the way to the host.
      guard error.code == "host-timed-out" else { throw error }
      return (.lacks(["etcd did not answer in \(EtcdQuestion.timeoutSeconds) s"]), false)
    }
    guard result.succeeded else {
      throw notAsked(result.lines.last.map(WebAddress.excerpt) ?? result.ending, retry: .permanent)
    }
    let answers = EtcdAnswer.all(in: result.output)
    guard !answers.isEmpty else {
      return (.lacks(["no etcd runs there: its member is down, and only it could tell of the others"]), false)
    }
    return try judge(answers)
  }

  /// What all etcds of the host say together; there is more than one where events have an etcd of their own.
  private func judge(
    _ answers: [EtcdAnswer]
  ) throws(StepFailure) -> (sight: Gate.Sight, wasAsked: Bool) {
    var held: [String] = []
    var missing: [String] = []
    for answer in answers {
      if let trouble = answer.trouble {
        guard trouble.mayPass else { throw notAsked(trouble.text, retry: .permanent) }
        return (.lacks([trouble.text]), false)
      }
      guard let own = answer.own else {
        return (.lacks(["no member on etcd's list is this host's (\(answer.quorum.count))"]), false)
      }
      switch spare ? try sparing(own, answer.quorum) : whole(answer.quorum) {
      case .holds(let text): held.append(text)
      case .lacks(let texts): missing += texts
      }
    }
    return (missing.isEmpty ? .holds(held.joined(separator: "; ")) : .lacks(missing), true)
  }

  private func sparing(_ own: String, _ quorum: EtcdQuorum) throws(StepFailure) -> Gate.Sight {
    let arithmetic = quorum.arithmetic(without: own)
    if quorum.members == [own] {
      return .holds("1 member, on \(host): etcd is away while it restarts, and nothing can spare it")
    }
    guard quorum.members.count > 2 || !quorum.members.contains(own) else {
      throw StepFailure(
        code: "quorum-at-risk",
        message: "etcd can't spare the member on \(host): \(arithmetic), so etcd would stop.",
        hint: "Add a third member, or leave \(host) out with --limit.")
    }
    return quorum.keeps(without: own) ? .holds(arithmetic) : .lacks([arithmetic])
  }

  private func whole(_ quorum: EtcdQuorum) -> Gate.Sight {
    quorum.healthy.count == quorum.members.count ? .holds(quorum.count) : .lacks([quorum.count])
  }

  private func failure(_ missing: [String], seconds: Int, wasAsked: Bool) -> StepFailure {
    let text = GateText.joined(missing)
    guard wasAsked else { return notAsked(text, retry: .temporary) }
    let hint =
      "Make the other members well first (`etcdctl endpoint health --cluster`); then run `pawl resume`."
    return spare
      ? StepFailure(
        code: "quorum-at-risk",
        message: "etcd could not spare the member on \(host) within \(seconds) s: \(text).",
        causes: missing, retry: .temporary, hint: hint)
      : StepFailure(
        code: "members-unhealthy",
        message: "Not every etcd member was healthy within \(seconds) s, asked on \(host): \(text).",
        causes: missing, retry: .temporary,
        hint: "See `journalctl -u etcd` on the host of each member that is named; then run `pawl resume`.")
  }

  private func notAsked(_ cause: String, retry: StepFailure.Retry) -> StepFailure {
    StepFailure(
      code: "etcd-not-asked",
      message:
        "etcd's members could not be asked on \(host), so whether the others hold quorum is not known: \(cause).",
      causes: [cause], retry: retry,
      hint:
        "See that etcd runs on \(host), that etcdctl is there (Debian's package etcd-client) and that root can use "
        + "etcd's certificates; then run `pawl resume`. Or leave \(host) out with --limit.")
  }
}
