import PawlCrashSupport
import PawlEngine
import PawlPlan
import PawlSimulation
import Testing

/// Every runbook there is, and random ones, killed and disturbed in every way, has to end as if nothing had happened.
@Suite("Runbooks under crashes", .timeLimit(.minutes(20)))
struct RunbookCrashTests {
  /// Cases of each kind and of each scenario that is not thorough.
  private static let cases = 6

  private func bench(_ scenario: CrashScenario) async throws -> CrashBench {
    try await Benches.shared.bench(scenario)
  }

  private func some<Item>(_ items: [Item], _ what: String, of scenario: CrashScenario) -> [Item] {
    Sampling.some(items, Self.cases, what, of: scenario)
  }

  /// Shows what was found: `#expect` on a call shows the call alone.
  private func expectNone(_ findings: [String], sourceLocation: SourceLocation = #_sourceLocation) {
    #expect(findings.isEmpty, "\(findings.joined(separator: "\n"))", sourceLocation: sourceLocation)
  }

  @Test("Every runbook has a scenario, and every scenario a runbook")
  func covered() {
    #expect(!RunbookScenarios.files.isEmpty)
    #expect(RunbookScenarios.missing == [], "add them to RunbookScenarios")
    #expect(RunbookScenarios.stale == [], "take them out of RunbookScenarios")
  }

  @Test("Killed after each event", arguments: RunbookScenarios.all + RandomRunbooks.all)
  func killedAfterEvent(_ scenario: CrashScenario) async throws {
    let bench = try await bench(scenario)
    for event in some(Array(1..<bench.reference.events.count), "killed after an event", of: scenario) {
      expectNone(try await bench.killed([.afterEvent(event)]))
    }
  }

  @Test(
    "Killed after the effect and before its outcome is kept",
    arguments: RunbookScenarios.all + RandomRunbooks.all)
  func killedBeforeOutcome(_ scenario: CrashScenario) async throws {
    let bench = try await bench(scenario)
    for event in some(Array(1..<bench.reference.events.count), "killed before an event", of: scenario) {
      expectNone(try await bench.killed([.beforeEvent(after: event)]))
    }
  }

  @Test(
    "Killed at each effect, while the command goes on", arguments: RunbookScenarios.all + RandomRunbooks.all)
  func killedAtEffect(_ scenario: CrashScenario) async throws {
    let bench = try await bench(scenario)
    for effect in some(Array(1..<bench.reference.effectCount), "killed at an effect", of: scenario) {
      expectNone(try await bench.killed([.afterEffect(effect)]))
    }
  }

  @Test(
    "Killed again during recovery, twice and three times",
    arguments: RunbookScenarios.all + RandomRunbooks.all)
  func killedDuringRecovery(_ scenario: CrashScenario) async throws {
    let bench = try await bench(scenario)
    for event in some(Array(1..<bench.reference.events.count), "killed during recovery", of: scenario) {
      let first = event % 2 == 0 ? Death.afterEvent(event) : .beforeEvent(after: event)
      let second = Death.afterEvent(event + 1 + event % 4)
      let third = Death.beforeEvent(after: event + 3 + event % 5)
      expectNone(try await bench.killed([first, second]))
      expectNone(try await bench.killed([first, second, third]))
    }
  }

  @Test("Cut off from everything at each effect", arguments: RunbookScenarios.all + RandomRunbooks.all)
  func cutOff(_ scenario: CrashScenario) async throws {
    let bench = try await bench(scenario)
    for effect in some(Array(1..<bench.reference.effectCount), "cut off at an effect", of: scenario) {
      expectNone(try await bench.cutOff(afterEffects: effect))
    }
  }

  @Test(
    "The link lost before, during and after each effecting call",
    arguments: RunbookScenarios.all + RandomRunbooks.all)
  func lostLinks(_ scenario: CrashScenario) async throws {
    let bench = try await bench(scenario)
    let effects: [SimulatedFault.Effect] = [.loseLinkBefore, .loseLinkDuring, .loseLinkAfter]
    let cases = bench.reference.calls.flatMap { call in effects.map { (call, $0) } }
    for (call, effect) in some(cases, "link lost", of: scenario) {
      expectNone(try await bench.faulted(effect, at: call, .driverLost))
    }
  }

  @Test(
    "Each program killed halfway, and each failing once", arguments: RunbookScenarios.all + RandomRunbooks.all
  )
  func brokenPrograms(_ scenario: CrashScenario) async throws {
    let bench = try await bench(scenario)
    let effects: [(SimulatedFault.Effect, Disturbance)] = [
      (.killHalfway, .commandTorn), (.fail(status: 1, "It failed."), .doneAgain),
      (.failAfterEffect(status: 1, "It failed at the end."), .doneAgain),
    ]
    let cases = bench.reference.programs.flatMap { program in effects.map { (program, $0) } }
    for (program, (effect, disturbance)) in some(cases, "broken program", of: scenario) {
      expectNone(try await bench.faulted(effect, at: program, disturbance))
    }
  }

  @Test(
    "Each step fails once, before or after its effect, or its reply is lost",
    arguments: RunbookScenarios.all + RandomRunbooks.all)
  func failsOnce(_ scenario: CrashScenario) async throws {
    let bench = try await bench(scenario)
    let cases = bench.plan.steps.flatMap { step -> [Trouble] in
      [.failsOnce(step.id), .failsOnceAfterwards(step.id), .losesReply(step.id)]
    }
    for trouble in some(cases, "step fails once", of: scenario) {
      expectNone(try await bench.troubled(trouble))
    }
  }

  @Test(
    "Each step is performed twice: the same attempt, and a further one",
    arguments: RunbookScenarios.all + RandomRunbooks.all)
  func twice(_ scenario: CrashScenario) async throws {
    let bench = try await bench(scenario)
    expectNone(try await bench.troubled(.everythingTwice))
    expectNone(try await bench.troubled(.everythingAgain))
  }

  @Test(
    "Each step fails for good: nothing behind it begins", arguments: RunbookScenarios.all + RandomRunbooks.all
  )
  func failsForGood(_ scenario: CrashScenario) async throws {
    let bench = try await bench(scenario)
    for step in some(bench.plan.steps, "step fails for good", of: scenario) {
      expectNone(try await bench.stopped(by: step.id))
    }
  }

  @Test("Each repeatable effect says why, and a killed Pawl is never an excuse")
  func rules() {
    #expect(RepeatableEffect.all.allSatisfy { !$0.reason.isEmpty && !$0.when.contains(.driverLost) })
  }
}
