/// How many pods are asked to leave at once.
///
/// A kubelet removes stopped containers one by one, from a queue of 50 (`containerDeletorBufferLimit` in
/// pkg/kubelet/pod_container_deletor.go), in which each stands about twice. Of those that find no place it thinks again
/// only at its next collection of garbage, up to a minute later; until then their pods stay. So a node whose pods all
/// stop at once is empty later than one whose pods stop in turn.
struct DrainPace {
  /// Containers that may be stopping at once.
  static let containers = 20
  /// A pod that is still there after so many seconds takes its time to end, and counts no more.
  static let seconds = 5

  /// Of the pods that are due, the first ones for which there is room.
  static func allowed(_ due: [LeavingPod], of left: [LeavingPod], now: Int) -> [LeavingPod] {
    var room = containers - stopping(left, now: now)
    return Array(
      due.prefix { leaving in
        defer { room -= leaving.containers }
        return room > 0
      })
  }

  /// Whether it is worth asking again: half of the room is free. Each time costs requests.
  static func hasRoom(_ left: [LeavingPod], now: Int) -> Bool {
    stopping(left, now: now) * 2 <= containers
  }

  /// The second at which one that stops now will count no more; nil when none counts.
  static func nextRoom(_ left: [LeavingPod], now: Int) -> Int? {
    left.compactMap(\.askedAt).map { $0 + seconds }.filter { $0 > now }.min()
  }

  private static func stopping(_ left: [LeavingPod], now: Int) -> Int {
    left.filter { $0.askedAt.map { now < $0 + seconds } ?? false }.map(\.containers).reduce(0, +)
  }
}
