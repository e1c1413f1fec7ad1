import Foundation

/// A collection as it was at one moment.
struct KubeSnapshot<Item: KubeObject>: Sendable {
  var items: [Item]
  /// Where a watch starts that misses nothing after this moment.
  var resourceVersion: String?
}

private struct ListPage<Item: KubeObject>: Decodable, Sendable {
  struct Metadata: Decodable, Sendable {
    let resourceVersion: String?
    let `continue`: String?
  }
  let metadata: Metadata?
  let items: [Item]?
}

extension KubeClient {
  /// Reads a collection page by page. A continue token that has grown too old means to begin again; the last
  /// try asks for everything in one answer, which can't grow old.
  func snapshot<Item>(
    _ query: KubeQuery<Item>, deadline: ContinuousClock.Instant? = nil
  ) async throws(KubeError) -> KubeSnapshot<Item> {
    for pageSize in [configuration.limits.pageSize, configuration.limits.pageSize] {
      do throws(KubeError) {
        return try await pages(query, pageSize: pageSize, deadline: deadline)
      } catch {
        guard error.code == .expired else { throw error }
      }
    }
    return try await pages(query, pageSize: nil, deadline: deadline)
  }

  private func pages<Item>(
    _ query: KubeQuery<Item>, pageSize: Int?, deadline: ContinuousClock.Instant?
  ) async throws(KubeError) -> KubeSnapshot<Item> {
    var snapshot = KubeSnapshot<Item>(items: [], resourceVersion: nil)
    var token: String?
    for _ in 0..<Self.mostPages {
      var call = KubeCall(
        action: query.action, path: query.path, query: query.selectors, deadline: deadline)
      if let pageSize { call.query.append(("limit", String(pageSize))) }
      if let token { call.query.append(("continue", token)) }
      let page = try await fetch(ListPage<Item>.self, call)
      snapshot.items += page.items ?? []
      snapshot.resourceVersion = snapshot.resourceVersion ?? page.metadata?.resourceVersion
      token = page.metadata?.continue
      if token?.isEmpty ?? true { return snapshot }
    }
    throw KubeError(
      .invalidResponse, server: server,
      message: "\(server) does not come to the end of \(query.action); check that it is an API server.")
  }

  private static var mostPages: Int { 10_000 }
}
