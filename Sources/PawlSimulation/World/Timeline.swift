/// What will happen by itself, in order of time.
struct Timeline: Sendable {
  enum Event: Sendable, Hashable {
    /// A command's next line or change.
    case jobTurn(Int)
    case podReady(uid: String)
    case podGone(uid: String)
    /// The volumes of claims leave a node, unless a pod there uses them again.
    case volumesDetached(node: String, [String])
    /// A kubelet started the n-th time sends its first status, and then Ready.
    case kubeletReports(node: String, start: Int)
    case kubeletReady(node: String, start: Int)
    case hostUp(String)
    case apiServerUp
  }

  private struct Entry: Sendable {
    var due: Duration
    var order: Int
    var event: Event
  }

  private var entries: [Entry] = []
  private var order = 0

  /// When something happens next; nil when nothing will.
  var nextDue: Duration? { entries.map(\.due).min() }

  mutating func schedule(_ event: Event, at due: Duration) {
    order += 1
    entries.append(Entry(due: due, order: order, event: event))
  }

  /// Takes the first event that is due by the time; those of one moment come in the order they were made.
  mutating func popDue(by time: Duration) -> (due: Duration, event: Event)? {
    let due = entries.indices.filter { entries[$0].due <= time }
    guard
      let first = due.min(by: { (entries[$0].due, entries[$0].order) < (entries[$1].due, entries[$1].order) })
    else { return nil }
    let entry = entries.remove(at: first)
    return (entry.due, entry.event)
  }
}
