@preconcurrency import Dispatch
import Glibc
import PawlEngine
import Synchronization

/// Ctrl-C as the run understands it: once, finish what runs, then undo what it left; twice, stop it on the hosts first;
/// three times, leave it and say where things stand.
final class Interrupts: Sendable {
  let controls: AsyncStream<RunControl>
  private let continuation: AsyncStream<RunControl>.Continuation
  private let count = Mutex(0)
  private let sources: [any DispatchSourceSignal]

  init() {
    let (stream, continuation) = AsyncStream<RunControl>.makeStream()
    controls = stream
    self.continuation = continuation
    let queue = DispatchQueue(label: "pawl.signals")
    sources = [SIGINT, SIGTERM].map { number in
      signal(number, SIG_IGN)
      return DispatchSource.makeSignalSource(signal: number, queue: queue)
    }
    for source in sources {
      source.setEventHandler { [weak self] in self?.interrupted() }
      source.resume()
    }
  }

  /// Hands on what was asked in another way.
  func send(_ control: RunControl) { continuation.yield(control) }

  private func interrupted() {
    let times = count.withLock { value in
      value += 1
      return value
    }
    switch times {
    case 1:
      Console.error(
        "Finishing what runs, then undoing what the run left. Once more stops what runs on hosts first.")
      send(.stop(.cancel))
    case 2:
      Console.error("Stopping what runs on hosts: TERM, then KILL. Once more leaves it and stops watching.")
      send(.stopSteps)
    default:
      send(.detach)
    }
  }

  /// Gives the signals back.
  func end() {
    for source in sources { source.cancel() }
    continuation.finish()
    signal(SIGINT, SIG_DFL)
    signal(SIGTERM, SIG_DFL)
  }
}
