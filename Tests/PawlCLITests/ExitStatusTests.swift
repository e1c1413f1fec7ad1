import PawlEngine
import PawlModel
import PawlPlan
import PawlSteps
import Testing

@testable import PawlCLI

@Suite("Exit statuses and failure reports")
struct ExitStatusTests {
  @Test(
    "The end of a run gives the code that docs/command-line.md names",
    arguments: [
      (RunOutcome.completed, 0), (.failed(RunSample.check), 1), (.cancelled, 1), (.paused("x"), 3), (nil, 3),
      (.needsOperator(RunSample.check), 4), (.stuck(RunSample.check), 4), (.unreachable(RunSample.check), 69),
    ] as [(RunOutcome?, Int32)])
  func outcomes(outcome: RunOutcome?, code: Int32) {
    #expect(PawlCLI.ExitStatus(outcome).rawValue == code)
  }

  @Test("A run that is stuck because another run holds the cluster exits as that does")
  func takenOver() throws {
    let lost = StepFailure(code: StepFailure.lockLost, message: "Anna holds it.")
    for (failure, code) in [(lost, 5), (RunSample.failure, 4)] as [(StepFailure, Int32)] {
      let events: [RunEventKind] = [
        .stepStarted(RunSample.check, attempt: 1),
        .stepSucceeded(RunSample.check, attempt: 1, RunSample.outcome),
        .stepUndoStarted(RunSample.check, attempt: 1),
        .stepUndoFailed(RunSample.check, attempt: 1, failure, retryAfterSeconds: nil),
      ]
      let state = try RunState(
        plan: RunSample.plan(), events: events.enumerated().map { RunSample.event($0.offset + 1, $0.element) }
      )
      #expect(PawlCLI.ExitStatus(.stuck(RunSample.check), try RunSample.plan(), state).rawValue == code)
    }
  }

  @Test("A run that has done all of a plan that leaves workers behind exits with 1 and names them")
  func unreachable() throws {
    var plan = try RunSample.plan()
    let state = RunState(plan: plan)
    #expect(PawlCLI.ExitStatus(.completed, plan, state) == .success)
    plan.unreachable = [UnreachableWorker(host: "w-2", node: "n-2", reason: "w-2 does not answer.")]
    #expect(PawlCLI.ExitStatus(.completed, plan, state) == .failed)
    #expect(
      RunText.closing(.completed, run: RunID("r"), plan: plan, state: state).dropFirst() == [
        "Left behind, because they could not be reached when the plan was made:",
        "  w-2: w-2 does not answer.",
        "When they are back, plan anew: pawl upgrade",
      ])
    let failed = RunText.closing(.failed(RunSample.check), run: RunID("r"), plan: plan, state: state)
    #expect(failed.contains("  w-2: w-2 does not answer."))
  }

  @Test(
    "Host errors: what the way to the host is to blame for is 69",
    arguments: [
      (HostError.Code.unreachable, PawlCLI.ExitStatus.unreachable), (.hostKey, .unreachable),
      (.authentication, .unreachable), (.linkLost, .unreachable), (.timedOut, .unreachable),
      (.fenced, .locked), (.cancelled, .failed), (.failed, .failed),
    ])
  func hostErrors(code: HostError.Code, status: PawlCLI.ExitStatus) {
    let failure = FailureReport.failure(for: HostError(code, "worker-1: it is so."))
    #expect(failure.status == status)
    #expect(failure.lines == ["worker-1: it is so."])
  }

  @Test(
    "API server errors: what the way to the server is to blame for is 69",
    arguments: [
      (ClusterError.Code.unreachable, PawlCLI.ExitStatus.unreachable), (.unauthorized, .unreachable),
      (.timedOut, .unreachable), (.forbidden, .failed), (.notFound, .failed), (.conflict, .failed),
      (.cancelled, .failed), (.failed, .failed),
    ])
  func clusterErrors(code: ClusterError.Code, status: PawlCLI.ExitStatus) {
    let failure = FailureReport.failure(for: ClusterError(code, "It is so."))
    #expect(failure.status == status)
    #expect(failure.lines == ["It is so."])
  }

  @Test("Problems of a file are shown one a line with their places, with 65, also from the planner")
  func diagnostics() {
    let error = DiagnosticsError([
      Diagnostic(.error, "No such key.", at: SourceLocation(file: "a.yaml", line: 3, column: 2)),
      Diagnostic(.error, "No number.", at: SourceLocation(file: "a.yaml", line: 2, column: 9)),
    ])
    for thrown in [error, PlanningError.invalid(error)] as [any Error] {
      let failure = FailureReport.failure(for: thrown)
      #expect(failure.status == .invalidInput)
      #expect(failure.lines == ["a.yaml:2:9: error: No number.", "a.yaml:3:2: error: No such key."])
    }
  }

  @Test("A refused plan says that nothing was touched, and each rule with its code")
  func refusals() {
    let failure = FailureReport.failure(
      for: PlanningError.refused([PlanRefusal(code: "downgrade", message: "It goes down.", hint: "Go up.")]))
    #expect(failure.status == .failed)
    #expect(
      failure.lines == ["The plan is refused; nothing was touched.", "  downgrade: It goes down. Go up."])
  }

  @Test("A store's error is its sentence; only a held lock is 5")
  func storeErrors() {
    #expect(FailureReport.failure(for: StoreError(.locked, "Held by anna.")).status == .locked)
    let failure = FailureReport.failure(for: StoreError(.notFound, "There is no run 'x'."))
    #expect(failure.status == .failed)
    #expect(failure.lines == ["There is no run 'x'."])
  }

  @Test("A journal that is not consistent leads to 'pawl runs verify'")
  func illegalTransition() throws {
    let event = RunSample.event(1, .stepSucceeded(RunSample.check, attempt: 1, RunSample.outcome))
    let error = #expect(throws: IllegalTransition.self) {
      _ = try RunState(plan: RunSample.plan(), events: [event])
    }
    let failure = FailureReport.failure(for: try #require(error))
    #expect(failure.status == .failed)
    #expect(failure.lines.first?.contains("1.20/check-cluster") == true)
    #expect(failure.lines.last?.contains("pawl runs verify") == true)
  }

  @Test("A command's own failure stays as it is, a cancellation is named, anything else is not hidden")
  func others() {
    struct Odd: Error {}
    let own = FailureReport.failure(for: CommandFailure(.usage, ["One.", "Two."]))
    #expect(own.status == .usage && own.lines == ["One.", "Two."])
    #expect(FailureReport.failure(for: CancellationError()).lines == ["Cancelled."])
    let odd = FailureReport.failure(for: Odd())
    #expect(odd.status == .failed && odd.lines.joined().contains("Odd"))
  }
}
