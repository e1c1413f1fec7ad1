package import Foundation

/// A cluster that lives in memory, behind the ports of the real one.
///
/// Commands run on a timeline of their own, so they go on when nobody watches, as detached commands on a real host
/// do. With the instant pace time moves only while somebody waits, and always to the next event; with a clock it
/// goes by itself.
package actor SimulatedCluster {
  var world: SimulatedWorld
  private let time: SimulatedTime

  /// Makes a cluster in that state.
  /// - Parameter maxUnavailable: how many nodes may be out of service before it counts as a violation.
  package init(_ state: SimulatedState, pace: SimulatedPace = .instant, maxUnavailable: Int = 1) {
    self.world = SimulatedWorld(state: state)
    self.world.invariants.maxUnavailable = maxUnavailable
    self.time = SimulatedTime(pace: pace)
  }

  // MARK: What happened

  /// Every effect of commands and API calls, in order.
  package var ledger: [EffectRecord] {
    settle()
    return world.ledger
  }

  /// Rules that were broken, each once.
  package var violations: [InvariantViolation] {
    settle()
    return world.violations
  }

  /// The whole state now.
  package var state: SimulatedState {
    settle()
    return world.state
  }

  /// The state without the names that differ from run to run.
  package var snapshot: SimulatedSnapshot { state.snapshot }

  /// Simulated time since the start.
  package var now: Duration { time.now }

  /// The time on the wall of the cluster's operators; it begins on 2026-11-21 at 10:45:12 UTC, a Saturday.
  package nonisolated var wallTime: @Sendable () -> Date {
    { [time] in Date(timeIntervalSince1970: 1_795_257_912 + time.now / .seconds(1)) }
  }

  /// The cluster's time as a clock.
  package nonisolated var clock: SimulatedClock { SimulatedClock(time: time) }

  // MARK: What goes wrong

  /// Adds a fault; each strikes once.
  package func inject(_ fault: SimulatedFault) { world.faults.add(fault) }

  /// Takes a host off the network, or puts it back.
  package func setReachable(_ host: String, _ reachable: Bool) {
    if reachable { world.unreachableHosts.remove(host) } else { world.unreachableHosts.insert(host) }
  }

  /// Takes the API server away for that long.
  package func takeAPIServerAway(for duration: Duration) {
    settle()
    world.apiServerAway = true
    world.timeline.schedule(.apiServerUp, at: now + duration)
  }

  /// Reboots a host.
  package func reboot(_ host: String) {
    settle()
    world.reboot(host)
  }

  /// Cuts the driver off from everything after the n-th effect, as if its process had died there. What runs on hosts
  /// goes on as time goes by.
  package func cutOff(afterEffects count: Int) { world.cutOffAfterEffects = count }

  /// Ends a cut-off after some time.
  package func reconnect(after pause: Duration = .zero) {
    advance(by: pause)
    world.cutOffAfterEffects = nil
  }

  /// Changes the state by hand: what an operator or another program did.
  package func edit(_ change: @Sendable (inout SimulatedState) -> Void) {
    settle()
    change(&world.state)
    for node in world.state.nodes.keys.sorted() { world.makeMirrorPods(of: node) }
    world.fillAll()
  }

  // MARK: Time

  /// Lets that much time pass at once; with the instant pace only.
  package func advance(by duration: Duration) {
    time.jump(to: now + duration)
    settle()
  }

  /// Waits for that long in simulated time: for steps that pause between tries.
  package func sleep(for duration: Duration) async throws(CancellationError) {
    do { try await time.sleep(until: now + duration) } catch { throw CancellationError() }
    settle()
  }

  /// Lets everything happen that is due.
  func settle() { world.settle(to: now) }

  /// Waits until the condition holds, at most until the deadline; gives whether it holds.
  func wait(
    until deadline: Duration, _ condition: (borrowing SimulatedWorld) -> Bool
  ) async throws(CancellationError) -> Bool {
    var quietRounds = 0
    var seen = -1
    while true {
      settle()
      if condition(world) { return true }
      guard now < deadline else { return false }
      if Task.isCancelled { throw CancellationError() }
      quietRounds = world.revision == seen ? quietRounds + 1 : 0
      seen = world.revision
      let next = min(world.timeline.nextDue ?? deadline, deadline)
      await pass(toward: next, eventless: world.timeline.nextDue == nil, quietRounds: quietRounds)
    }
  }

  /// One round of waiting. The instant pace jumps to the next event; when there is none it first gives other tasks
  /// their turn, for they may be about to cause one.
  private func pass(toward next: Duration, eventless: Bool, quietRounds: Int) async {
    guard !time.isInstant else {
      if !eventless || quietRounds >= Self.patience { time.jump(to: next) }
      await Task.yield()
      return
    }
    // A change by somebody else may satisfy the condition before the next event: look again every half second.
    let pause = min(max(next - now, .milliseconds(10)), .milliseconds(500))
    // A cancelled sleep is seen by the caller.
    do { try await time.sleep(until: now + pause) } catch { await Task.yield() }
  }

  /// Rounds without anything happening after which the instant pace gives up waiting for other tasks.
  private static let patience = 500

  /// Waits in real time until the condition holds or the task is cancelled, for an hour at most.
  func hang(until condition: (borrowing SimulatedWorld) -> Bool = { _ in false }) async {
    for _ in 0..<3_600_000 where !Task.isCancelled {
      settle()
      if condition(world) { return }
      do { try await Task.sleep(for: .milliseconds(1)) } catch { return }
    }
  }
}
