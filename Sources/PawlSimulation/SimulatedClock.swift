import Synchronization

/// The simulated time, shared by a cluster and the clock that steps pause by.
final class SimulatedTime: Sendable {
  let pace: SimulatedPace
  /// Used by the instant pace only.
  private let instantNow = Mutex(Duration.zero)

  init(pace: SimulatedPace) { self.pace = pace }

  /// Since the start.
  var now: Duration { pace.elapsed?() ?? instantNow.withLock { $0 } }

  /// Whether time only moves because somebody waits.
  var isInstant: Bool { pace.elapsed == nil }

  /// Moves the instant pace's time on; it never goes back.
  func jump(to time: Duration) { instantNow.withLock { $0 = max($0, time) } }

  /// Waits until then.
  func sleep(until deadline: Duration) async throws {
    try Task.checkCancellation()
    guard isInstant else { return try await pace.sleep(max(deadline - now, .zero)) }
    jump(to: deadline)
    await Task.yield()
  }
}

/// A cluster's time as a clock, so that steps pause in simulated time.
package struct SimulatedClock: Clock {
  /// Time since the cluster's start.
  package struct Instant: InstantProtocol {
    let time: Duration

    package func advanced(by duration: Duration) -> Instant { Instant(time: time + duration) }

    package func duration(to other: Instant) -> Duration { other.time - time }

    package static func < (left: Instant, right: Instant) -> Bool { left.time < right.time }
  }

  let time: SimulatedTime

  package var now: Instant { Instant(time: time.now) }
  package var minimumResolution: Duration { .milliseconds(1) }

  package func sleep(until deadline: Instant, tolerance: Duration?) async throws {
    try await time.sleep(until: deadline.time)
  }
}
