import PawlEngine
import PawlPlan
import PawlSteps
import Synchronization
import Testing

@Suite struct RedactorTests {
  private let redactor = Redactor(secrets: ["s3cr3t-value", "s3cr3t-value-longer", "tiny"])

  @Test(arguments: [
    ("a s3cr3t-value here", "a [redacted] here"), ("s3cr3t-value-longer", "[redacted]"),
    ("Authorization: Bearer abcdef123456", "Authorization: Bearer [redacted]"),
    ("kubeadm join --token abcdef.0123456789abcdef x", "kubeadm join --token [redacted] x"),
    ("abcdef.0123456789abcdef", "[redacted]"), ("token=hunter2", "token=[redacted]"),
    ("PASSWORD='two words'", "PASSWORD='[redacted]'"),
    (#"{"password": "hunter2hunter2"}"#, #"{"password": "[redacted]"}"#),
    ("get https://eve:hunter2@repo.example/x", "get https://eve:[redacted]@repo.example/x"),
    ("--passphrase hunter2", "--passphrase [redacted]"),
    ("id eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJrdWJlIn0.c2lnbmF0dXJl!", "id [redacted]!"),
  ])
  func takesOut(_ text: String, _ expected: String) { #expect(redactor.redact(text) == expected) }

  @Test(arguments: [
    "", "tiny", "kubeadm 1.20.15-00", "10.0.0.1", "https://10.0.0.1:6443/x@y", "invalid token: expired",
    "The bearer of this is Eve.",
    "registry.example/pause:3.9", "a secret is a secret", "kube-system/coredns-7db6d8ff4d-x2x9z",
  ])
  func leavesAlone(_ text: String) { #expect(redactor.redact(text) == text) }

  @Test func aPrivateKeyGoesAsAWhole() {
    let text =
      "a\n-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNz\naC1rZXk=\n-----END OPENSSH PRIVATE KEY-----\nz\n"
    #expect(redactor.redact(text) == "a\n[redacted]\nz\n")
  }

  @Test func piecesOfAnySizeGiveTheSame() {
    let text =
      "x s3cr3t-value\r\ny token=hunter2\n-----BEGIN PRIVATE KEY-----\nAAA\n-----END PRIVATE KEY-----\nlast abcdef.0123456789abcdef"
    let whole = redactor.redact(text)
    #expect(!whole.contains("hunter2") && !whole.contains("AAA") && !whole.contains("abcdef."))
    for size in 1...text.utf8.count {
      var stream = RedactedStream(redactor)
      var shown = ""
      var rest = Substring(text)
      while !rest.isEmpty {
        shown += stream.take(String(rest.prefix(size)))
        rest = rest.dropFirst(size)
      }
      #expect(shown + stream.finish() == whole, "pieces of \(size)")
    }
  }

  /// Says the secret in every place that it has a text for.
  private struct Talkative: StepPerformer {
    var result: StepResult
    var verdict: ProbeVerdict

    func perform(_ step: PlanStep, in context: StepContext) async -> StepResult {
      context.report(.status("status s3cr3t-value"))
      context.report(.output("out s3cr3t-"))
      context.report(.output("value\n"))
      context.report(.output("rest s3cr3t-value"))
      return result
    }

    func probe(_ step: PlanStep, in context: StepContext) async -> ProbeVerdict {
      context.report(.output("s3cr3t-value\n"))
      return verdict
    }

    func hasUndo(_ step: PlanStep) -> Bool { true }

    func undo(_ step: PlanStep, in context: StepContext) async throws(StepFailure) -> StepOutcome {
      context.report(.status("status s3cr3t-value"))
      switch result {
      case .succeeded(let outcome): return outcome
      case .failed(let failure), .lost(let failure), .stopped(let failure): throw failure
      }
    }
  }

  private static let failure = StepFailure(
    code: "x", message: "m s3cr3t-value", causes: ["c s3cr3t-value"], hint: "h s3cr3t-value")
  private static let outcome = StepOutcome("o s3cr3t-value", changed: true)

  @Test(
    arguments: [.succeeded(outcome), .failed(failure), .lost(failure), .stopped(failure)] as [StepResult],
    [
      .done(outcome), .attached("s3cr3t-value"), .notStarted, .torn("s3cr3t-value"), .unknown("s3cr3t-value"),
      .unreachable(failure),
    ] as [ProbeVerdict])
  func nothingThatAStepSaysHoldsASecret(_ result: StepResult, _ verdict: ProbeVerdict) async {
    let log = Mutex<[String]>([])
    let performer = RedactingPerformer(Talkative(result: result, verdict: verdict), redactor: redactor)
    let context = StepContext(run: ActionBench.run, attempt: 1, epoch: 1) { progress in
      log.withLock { $0.append("\(progress)") }
    }
    let step = ActionBench.step("node/drain@v1")
    let said = "\(await performer.perform(step, in: context)) \(await performer.probe(step, in: context))"
    let undone: String
    do throws(StepFailure) { undone = "\(try await performer.undo(step, in: context))" } catch {
      undone = "\(error) \(error.causes) \(error.hint ?? "")"
    }
    let all = said + undone + log.withLock { $0.joined() }
    #expect(!all.contains("s3cr3t-value"), "\(all)")
    #expect(all.contains("out [redacted]") && all.contains("rest [redacted]"))
  }
}
