import Synchronization

/// Pauses that take no time, written down. A test that pauses without end is stopped.
final class PauseLog: Sendable {
  private let durations = Mutex<[Duration]>([])
  private let most: Int

  init(most: Int = 1000) { self.most = most }

  var all: [Duration] { durations.withLock { $0 } }

  func add(_ duration: Duration) throws(CancellationError) {
    let count = durations.withLock { durations in
      durations.append(duration)
      return durations.count
    }
    if count > most || Task.isCancelled { throw CancellationError() }
  }
}
