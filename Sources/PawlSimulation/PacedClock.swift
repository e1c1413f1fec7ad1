/// A clock that runs faster than the machine's, so that waits of a simulated cluster's steps keep its pace.
package struct PacedClock: Clock {
  /// A moment, counted from the clock's start.
  package struct Instant: InstantProtocol {
    let offset: Duration

    package func advanced(by duration: Duration) -> Instant { Instant(offset: offset + duration) }
    package func duration(to other: Instant) -> Duration { other.offset - offset }
    package static func < (left: Instant, right: Instant) -> Bool { left.offset < right.offset }
  }

  private let speed: Double
  private let start = ContinuousClock.now

  /// A clock that starts now.
  ///
  /// - Parameter speed: paced seconds in a real second, above 0.
  package init(speed: Double) { self.speed = speed }

  package var now: Instant { Instant(offset: start.duration(to: .now) * speed) }
  package var minimumResolution: Duration { .milliseconds(1) }

  package func sleep(until deadline: Instant, tolerance: Duration?) async throws {
    try await ContinuousClock().sleep(until: start.advanced(by: deadline.offset / speed), tolerance: nil)
  }
}
