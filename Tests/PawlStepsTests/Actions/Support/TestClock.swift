import Synchronization

/// A clock whose sleeps end at once and move it on.
final class TestClock: Clock, Sendable {
  struct Instant: InstantProtocol {
    var offset: Duration
    func advanced(by duration: Duration) -> Instant { Instant(offset: offset + duration) }
    func duration(to other: Instant) -> Duration { other.offset - offset }
    static func < (left: Instant, right: Instant) -> Bool { left.offset < right.offset }
  }

  private let time = Mutex(Duration.zero)

  var now: Instant { Instant(offset: time.withLock { $0 }) }
  var minimumResolution: Duration { .zero }

  /// Whole seconds since the beginning.
  var seconds: Int { Int(now.offset.components.seconds) }

  func advance(seconds: Int) { time.withLock { $0 += .seconds(seconds) } }

  func sleep(until deadline: Instant, tolerance: Duration?) async throws {
    try Task.checkCancellation()
    time.withLock { $0 = max($0, deadline.offset) }
  }
}

/// A clock whose sleepers wake when `open` is called, or are cancelled.
final class GatedClock: Clock, Sendable {
  private let gate: AsyncStream<Void>
  private let opener: AsyncStream<Void>.Continuation

  init() { (gate, opener) = AsyncStream.makeStream() }

  var now: TestClock.Instant { TestClock.Instant(offset: .zero) }
  var minimumResolution: Duration { .zero }

  func open() { opener.finish() }

  func sleep(until deadline: TestClock.Instant, tolerance: Duration?) async throws {
    for await _ in gate {}
    try Task.checkCancellation()
  }
}
