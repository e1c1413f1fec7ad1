import Synchronization

/// What a condition was shown, in order.
final class PodNames: Sendable {
  private let names = Mutex<[[String]]>([])

  var all: [[String]] { names.withLock { $0 } }

  func add(_ more: [String]) { names.withLock { $0.append(more) } }
}
