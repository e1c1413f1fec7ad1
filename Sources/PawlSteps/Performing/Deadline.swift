package import PawlEngine

/// A limit for a wait, measured on a clock that tests can replace.
package struct Deadline: Sendable {
  /// The limit in seconds.
  package let seconds: Int
  private let clock: any Clock<Duration>
  private let elapsedTime: @Sendable () -> Duration

  /// Starts now.
  package init(seconds: Int, clock: any Clock<Duration>) {
    self.seconds = seconds
    self.clock = clock
    self.elapsedTime = Self.stopwatch(clock)
  }

  private static func stopwatch(_ clock: some Clock<Duration>) -> @Sendable () -> Duration {
    let start = clock.now
    return { start.duration(to: clock.now) }
  }

  /// Whole seconds since the start.
  package var elapsedSeconds: Int { Int(elapsedTime().components.seconds) }

  /// Whole seconds left, 0 when it is over.
  package var remainingSeconds: Int { max(0, seconds - elapsedSeconds) }

  /// Whether the time is up.
  package var isOver: Bool { remainingSeconds == 0 }

  /// Sleeps, but not beyond the deadline.
  /// - Throws: `cancelled`.
  package func pause(seconds: Int) async throws(StepFailure) {
    do {
      try await clock.sleep(for: .seconds(max(0, min(seconds, remainingSeconds))))
    } catch {
      throw .cancelled
    }
  }

  /// Calls `attempt` until it gives a value; only while the way to the API server fails is it called again, every
  /// 5 seconds until the time is up. An API server that is upgraded is away for some seconds.
  package func retrying<Result: Sendable>(
    report: @Sendable (String) -> Void, _ attempt: () async throws(StepFailure) -> Result
  ) async throws(StepFailure) -> Result {
    while true {
      do throws(StepFailure) {
        return try await attempt()
      } catch {
        guard error.retry == .transport, error.code != StepFailure.cancelled.code, !isOver else {
          throw error
        }
        report("\(error.message) Trying again; \(remainingSeconds) s are left.")
        try await pause(seconds: 5)
      }
    }
  }
}
