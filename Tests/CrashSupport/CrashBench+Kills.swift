import PawlEngine
import PawlPlan
import PawlSimulation

/// Killed and taken up again.
extension CrashBench {
  /// How long a killed Pawl is away: commands on hosts have hardly begun, are under way, or have long ended.
  private static let pauses: [Duration] = [.zero, .milliseconds(700), .seconds(4), .seconds(90)]

  /// Kills a run in the given ways, one process after the other, and lets the last one go on to the end.
  ///
  /// - Returns: what is not as in the undisturbed run; empty when all is well.
  package func killed(_ deaths: [Death]) async throws -> [String] {
    let world = try await CrashWorld(self)
    for (round, death) in deaths.enumerated() {
      switch await world.stretch(until: death) {
      case .killed:
        await world.comeBack(after: Self.pauses[(Self.number(of: death) + round) % Self.pauses.count])
      // A later death may lie behind the end of the run.
      case .ended(.completed): return named(deaths, try await world.differences(after: .driverLost))
      case let other: return named(deaths, ["\(other)", try await world.tail()])
      }
    }
    return named(deaths, try await goOn(world, after: .driverLost))
  }

  /// Cuts the driver off from hosts and API server after that many effects while it lives on; then resumes.
  package func cutOff(afterEffects count: Int) async throws -> [String] {
    let world = try await CrashWorld(self)
    await world.cluster.cutOff(afterEffects: count)
    switch await world.stretch() {
    case .ended(.unreachable), .ended(.failed): break
    case .ended(.completed) where count >= reference.effectCount: break
    case let other: return named(count, ["\(other)", try await world.tail()])
    }
    await world.comeBack(after: Self.pauses[count % Self.pauses.count])
    return named(count, try await goOn(world, after: .driverLost))
  }

  /// The last process: it must complete, and everything must be as if nothing had happened.
  func goOn(_ world: CrashWorld, after disturbance: Disturbance) async throws -> [String] {
    let end = await world.stretch()
    guard end == .ended(.completed) else { return ["it ended with \(end)", try await world.tail()] }
    return try await world.differences(after: disturbance)
  }

  func named<Case>(_ name: Case, _ findings: [String]) -> [String] {
    findings.isEmpty ? [] : ["\(scenario): \(name)"] + findings.map { "  \($0)" }
  }

  private static func number(of death: Death) -> Int {
    switch death {
    case .afterEvent(let number), .beforeEvent(let number), .afterEffect(let number): number
    }
  }
}
