import Foundation

extension KubeClient {
  /// Waits until a node is as wanted, and returns it; nothing if what was wanted is that it is gone.
  ///
  /// Lists, then watches, and lists again whenever the watch ends. An API server that is away for a while does
  /// not end the wait; refusals that last do.
  /// - Throws: `KubeError` with the code `timeout` when the deadline has passed.
  @discardableResult
  package func waitForNode(
    _ name: String, deadline: ContinuousClock.Instant, until condition: @Sendable (KubeNode?) -> Bool
  ) async throws(KubeError) -> KubeNode? {
    try await wait(for: .node(name), deadline: deadline) { condition($0.first) }.first
  }

  /// Waits until a pod is as wanted; see `waitForNode`. A pod of the same name with another UID is another pod,
  /// which the condition has to tell.
  @discardableResult
  package func waitForPod(
    namespace: String, name: String, deadline: ContinuousClock.Instant,
    until condition: @Sendable (KubePod?) -> Bool
  ) async throws(KubeError) -> KubePod? {
    try await wait(for: .pod(namespace: namespace, name: name), deadline: deadline) { condition($0.first) }
      .first
  }

  /// Waits until the pods of a node, in order of namespace and name, are as wanted; see `waitForNode`.
  @discardableResult
  package func waitForPods(
    onNode node: String, deadline: ContinuousClock.Instant, until condition: @Sendable ([KubePod]) -> Bool
  ) async throws(KubeError) -> [KubePod] {
    var query = KubeQuery.pods(namespace: nil, fieldSelector: "spec.nodeName=\(node)")
    query.action = "the pods on \(node)"
    return try await wait(for: query, deadline: deadline, until: condition)
  }

  /// The loop behind all waits.
  func wait<Item>(
    for query: KubeQuery<Item>, deadline: ContinuousClock.Instant, until condition: ([Item]) -> Bool
  ) async throws(KubeError) -> [Item] {
    var setbacks = Setbacks(limits: configuration.limits)
    while ContinuousClock.now < deadline {
      do throws(KubeError) {
        if let items = try await round(query, deadline: deadline, until: condition) { return items }
        setbacks.clear()
      } catch {
        guard setbacks.survive(error) else { throw error }
      }
      let left = ContinuousClock.now.duration(to: deadline)
      try await pause(min(setbacks.pause, max(left, .zero)), action: "the wait for " + query.action)
    }
    throw KubeError(
      .timeout, server: server,
      message:
        "\(query.action) on \(server) did not become as expected in time; look at it, then resume or raise the timeout.",
      cause: setbacks.last?.message)
  }

  /// One list and one watch; nothing if the watch ended before the condition held.
  private func round<Item>(
    _ query: KubeQuery<Item>, deadline: ContinuousClock.Instant, until condition: ([Item]) -> Bool
  ) async throws(KubeError) -> [Item]? {
    let snapshot = try await snapshot(query, deadline: deadline)
    var items = Dictionary(snapshot.items.map { (key($0), $0) }) { _, last in last }
    func current() -> [Item] { items.sorted { $0.key < $1.key }.map(\.value) }
    if condition(current()) { return current() }
    do {
      let events = watch(query, resourceVersion: snapshot.resourceVersion ?? "", deadline: deadline)
      for try await event in events {
        switch event {
        case .added(let item), .modified(let item): items[key(item)] = item
        case .deleted(let item): items[key(item)] = nil
        case .bookmark: continue
        }
        if condition(current()) { return current() }
      }
    } catch let error as KubeError {
      throw error
    } catch {
      throw .cancelled(server: server, action: "the wait for " + query.action)
    }
    // Also after a cancellation, which the pause that follows reports.
    return nil
  }

  private func key(_ item: some KubeObject) -> [String] {
    [item.metadata.namespace ?? "", item.metadata.name]
  }
}

extension [String] {
  fileprivate static func < (left: [String], right: [String]) -> Bool {
    left.lexicographicallyPrecedes(right)
  }
}

/// What a wait has been through, and whether it goes on.
struct Setbacks {
  private let limits: KubeLimits
  private(set) var last: KubeError?
  private var inARow = 0
  private var refusals = 0
  /// An API server that has just started refuses what it will allow once it has read its roles.
  static let toleratedRefusals = 5

  init(limits: KubeLimits) { self.limits = limits }

  /// The pause before the next round: short after a watch that ended, longer after each failure.
  var pause: Duration { min(limits.firstPause * (1 << min(inARow, 10)), limits.longestPause) }

  mutating func clear() {
    last = nil
    inARow = 0
  }

  /// Notes a failure; false if it ends the wait.
  mutating func survive(_ error: KubeError) -> Bool {
    last = error
    inARow += 1
    if error.isTransient { return true }
    guard error.code == .unauthorized || error.code == .forbidden else { return false }
    refusals += 1
    return refusals <= Self.toleratedRefusals
  }
}
