import Dispatch

/// One piece of work on a link, with a deadline and a caller who may cancel it.
///
/// It lives on the pool's executor. Whoever waits inside it is woken by events of the link, by its deadline and by
/// cancellation, and looks again; being woken for nothing is harmless.
final class Operation {
  /// Why it has to end early.
  enum Stop { case timedOut, cancelled }

  let id: Int
  private(set) var stop: Stop?
  private var continuation: CheckedContinuation<Void, Never>?
  private var isWoken = false

  init(id: Int) { self.id = id }

  func end(_ reason: Stop) {
    if stop == nil { stop = reason }
    wake()
  }

  func wake() {
    if let waiting = continuation {
      continuation = nil
      waiting.resume()
    } else {
      isWoken = true
    }
  }

  /// Returns at the next wake, or at once if there was one since the last wait.
  func wait() async {
    if !isWoken { await withCheckedContinuation { continuation = $0 } }
    isWoken = false
  }

  /// Throws when the deadline has passed or the caller has cancelled.
  func check(hop: String, doing what: String) throws(SSHError) {
    switch stop {
    case nil: return
    case .timedOut:
      throw SSHError(
        .timedOut, hop: hop,
        "\(what) on \(hop) took too long and was given up; check that the host is not overloaded.")
    case .cancelled:
      throw SSHError(.cancelled, hop: hop, "\(what) on \(hop) was cancelled.")
    }
  }
}

/// Lets a bounded number of operations in at a time, first come, first served.
final class Gate {
  private var free: Int
  private var queue: [Operation] = []

  init(limit: Int) { free = limit }

  /// Waits for a place; the caller gives it back with `leave`.
  func enter(_ operation: Operation, hop: String, doing what: String) async throws(SSHError) {
    if free > 0, queue.isEmpty {
      free -= 1
      return
    }
    queue.append(operation)
    while free == 0 || queue.first !== operation {
      await operation.wait()
      do throws(SSHError) {
        try operation.check(hop: hop, doing: what)
      } catch {
        queue.removeAll { $0 === operation }
        queue.first?.wake()
        throw error
      }
    }
    queue.removeFirst()
    free -= 1
    if free > 0 { queue.first?.wake() }
  }

  func leave() {
    free += 1
    queue.first?.wake()
  }
}
