import Foundation
import PawlEngine
import PawlPlan
import Testing

@Suite("Times of steps from a journal")
struct StepTimesTests {
  private static let s0 = StepID("s0")
  private static let made = StepOutcome("Made.", changed: true)
  private static let failure = StepFailure(code: "x", message: "It failed.", retry: .temporary)

  private func estimate(_ events: [(second: Int, kind: RunEventKind)]) -> Estimate? {
    var history = StepHistory()
    history.add(
      TestPlan.chain(2),
      events.enumerated().map {
        RunEvent(sequence: $0 + 1, time: Date(timeIntervalSince1970: Double($1.second)), kind: $1.kind)
      })
    return history.estimate(uses: "test/effect@v1", host: nil)
  }

  @Test("From the first start to the success, attempts and waits included")
  func attempts() {
    #expect(
      estimate([
        (0, .runStarted(by: "t", resumed: false)), (10, .stepStarted(Self.s0, attempt: 1)),
        (15, .stepAttemptFailed(Self.s0, attempt: 1, Self.failure, retryAfterSeconds: 5)),
        (20, .stepStarted(Self.s0, attempt: 2)), (42, .stepSucceeded(Self.s0, attempt: 2, Self.made)),
      ]) == Estimate(32))
  }

  @Test(
    "A step that was cut off, in doubt, held or found done tells nothing",
    arguments: [
      [(5, .runStarted(by: "t", resumed: true)), (9, .stepSucceeded(s0, attempt: 1, made))],
      [(5, .stepInDoubt(s0, attempt: 1, reason: "r")), (9, .stepProbed(s0, attempt: 1, .done(made)))],
      [(5, .stepHeld(s0, attempt: 1, failure)), (9, .stepDecided(s0, attempt: 1, .done, by: "t"))],
      [(5, .stepSucceeded(s0, attempt: 1, StepOutcome("Found.", changed: false)))],
      [(5, .stepFailed(s0, attempt: 1, failure))],
    ] as [[(second: Int, kind: RunEventKind)]])
  func nothing(_ events: [(second: Int, kind: RunEventKind)]) {
    #expect(
      estimate([(0, .runStarted(by: "t", resumed: false)), (1, .stepStarted(Self.s0, attempt: 1))] + events)
        == nil)
  }
}
