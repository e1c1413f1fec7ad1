import Foundation

/// A change of a watched collection.
package enum KubeWatchEvent<Item: KubeObject>: Sendable {
  /// The object is new.
  case added(Item)
  /// The object has changed, or came into the selection.
  case modified(Item)
  /// The object is gone, or left the selection; this is its last state.
  case deleted(Item)
  /// Nothing has changed up to this resource version.
  case bookmark(resourceVersion: String)
}

private struct WatchLine<Item: KubeObject>: Decodable {
  struct Bookmark: Decodable { let metadata: KubeMetadata }
  enum CodingKeys: String, CodingKey { case type, object }

  let event: Result<KubeWatchEvent<Item>, WatchRefusal>?

  init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    switch try container.decode(String.self, forKey: .type) {
    case "ADDED": event = .success(.added(try container.decode(Item.self, forKey: .object)))
    case "MODIFIED": event = .success(.modified(try container.decode(Item.self, forKey: .object)))
    case "DELETED": event = .success(.deleted(try container.decode(Item.self, forKey: .object)))
    case "BOOKMARK":
      let metadata = try container.decode(Bookmark.self, forKey: .object).metadata
      event = .success(.bookmark(resourceVersion: metadata.resourceVersion ?? ""))
    case "ERROR":
      event = .failure(WatchRefusal(status: try container.decode(KubeStatus.self, forKey: .object)))
    // A kind of event that is younger than this client changes nothing that it knows.
    default: event = nil
    }
  }
}

private struct WatchRefusal: Error, Sendable {
  let status: KubeStatus
}

extension KubeClient {
  /// Watches nodes from a resource version on. The stream ends when the server closes the watch, and throws
  /// `KubeError` otherwise: with the code `expired` the caller lists again. A task that is cancelled takes the
  /// watch off the wire.
  package func watchNodes(
    fieldSelector: String? = nil, labelSelector: String? = nil, resourceVersion: String,
    deadline: ContinuousClock.Instant? = nil
  ) -> AsyncThrowingStream<KubeWatchEvent<KubeNode>, any Error> {
    watch(
      .nodes(fieldSelector: fieldSelector, labelSelector: labelSelector),
      resourceVersion: resourceVersion, deadline: deadline)
  }

  /// Watches pods; see `watchNodes`.
  package func watchPods(
    namespace: String? = nil, fieldSelector: String? = nil, labelSelector: String? = nil,
    resourceVersion: String, deadline: ContinuousClock.Instant? = nil
  ) -> AsyncThrowingStream<KubeWatchEvent<KubePod>, any Error> {
    watch(
      .pods(namespace: namespace, fieldSelector: fieldSelector, labelSelector: labelSelector),
      resourceVersion: resourceVersion, deadline: deadline)
  }

  func watch<Item>(
    _ query: KubeQuery<Item>, resourceVersion: String, deadline: ContinuousClock.Instant?
  ) -> AsyncThrowingStream<KubeWatchEvent<Item>, any Error> {
    let call = watchCall(query, resourceVersion: resourceVersion, deadline: deadline)
    let buffer = configuration.limits.bufferedEvents
    return AsyncThrowingStream(bufferingPolicy: .bufferingOldest(buffer)) { continuation in
      let task = Task {
        do throws(KubeError) {
          try await self.stream(call) { self.forward($0, of: call, to: continuation) }
          continuation.finish()
        } catch {
          continuation.finish(throwing: error)
        }
      }
      continuation.onTermination = { _ in task.cancel() }
    }
  }

  private func watchCall<Item>(
    _ query: KubeQuery<Item>, resourceVersion: String, deadline: ContinuousClock.Instant?
  ) -> KubeCall {
    let window = configuration.limits.watch
    let length = min(window, deadline.map { ContinuousClock.now.duration(to: $0) } ?? window)
    let fields = [
      ("watch", "true"), ("allowWatchBookmarks", "true"), ("resourceVersion", resourceVersion),
      ("timeoutSeconds", String(max(1, length.components.seconds))),
    ]
    // The server ends the watch on time; a little later the client no longer believes that it will.
    let patience = ContinuousClock.now + length + .seconds(15)
    return KubeCall(
      action: "the watch on " + query.action, path: query.path, query: query.selectors + fields,
      deadline: min(patience, deadline ?? patience), isLong: true, repeats: false)
  }

  /// Decodes one line for the reader; false ends the watch.
  private func forward<Item>(
    _ line: Data, of call: KubeCall,
    to continuation: AsyncThrowingStream<KubeWatchEvent<Item>, any Error>.Continuation
  ) -> Bool {
    let event: Result<KubeWatchEvent<Item>, WatchRefusal>?
    do { event = try KubeJSON.decode(WatchLine<Item>.self, from: line).event } catch {
      continuation.finish(
        throwing: KubeError(
          .invalidResponse, server: server,
          message: "\(server) sent an event of \(call.action) that Pawl does not understand; list again.",
          cause: "\(error)"))
      return false
    }
    switch event {
    case nil: return true
    case .failure(let refusal):
      continuation.finish(
        throwing: KubeError.refusal(
          httpStatus: refusal.status.code ?? 500, status: refusal.status, retryAfterHeader: nil,
          bodyExcerpt: nil, server: server, action: call.action))
      return false
    case .success(let event):
      switch continuation.yield(event) {
      case .enqueued: return true
      case .dropped:
        continuation.finish(
          throwing: KubeError(
            .expired, server: server,
            message: "\(call.action) on \(server) brought events faster than they were read; list again."))
        return false
      case .terminated: return false
      @unknown default: return false
      }
    }
  }
}
