import Foundation

/// A request in the API's terms.
struct KubeCall: Sendable {
  /// What a caller sees in an error: a noun phrase such as "the list of nodes".
  var action: String
  var method = "GET"
  /// From the root of the API, percent-encoded.
  var path: String
  var query: [(name: String, value: String)] = []
  var body: Data?
  var contentType = "application/json"
  /// The request ends by then, repetitions included.
  var deadline: ContinuousClock.Instant?
  /// Whether only the deadline ends it, not the limit for requests.
  var isLong = false
  /// Whether a read is repeated after a broken connection or a 429.
  var repeats = true

  /// Reads have no effect, so only they are ever repeated.
  var isRead: Bool { method == "GET" }

  /// The path and query as they go on the wire.
  var target: String {
    guard !query.isEmpty else { return path }
    let fields = query.map { "\(Self.escape($0.name))=\(Self.escape($0.value))" }
    return path + "?" + fields.joined(separator: "&")
  }

  /// Escapes everything but the unreserved characters of RFC 3986.
  static func escape(_ text: String) -> String {
    var result = ""
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
        UInt8(ascii: "~"):
        result.append(Character(Unicode.Scalar(byte)))
      default:
        let digits = String(byte, radix: 16, uppercase: true)
        result += "%" + (digits.count == 1 ? "0" : "") + digits
      }
    }
    return result
  }

  /// The path of an object or collection; each part is one segment.
  static func path(_ prefix: String, _ segments: String...) -> String {
    segments.reduce(prefix) { $0 + "/" + escape($1) }
  }
}

/// A collection to list or watch.
struct KubeQuery<Item: KubeObject>: Sendable {
  var action: String
  var path: String
  var fieldSelector: String?
  var labelSelector: String?

  var selectors: [(name: String, value: String)] {
    [("fieldSelector", fieldSelector), ("labelSelector", labelSelector)].compactMap { name, value in
      value.map { (name, $0) }
    }
  }
}

extension KubeQuery<KubeNode> {
  static func nodes(fieldSelector: String? = nil, labelSelector: String? = nil) -> Self {
    Self(
      action: "the list of nodes", path: "/api/v1/nodes", fieldSelector: fieldSelector,
      labelSelector: labelSelector)
  }

  static func node(_ name: String) -> Self {
    var query = nodes(fieldSelector: "metadata.name=\(name)")
    query.action = "node \(name)"
    return query
  }
}

extension KubeQuery<KubePod> {
  static func pods(namespace: String?, fieldSelector: String? = nil, labelSelector: String? = nil) -> Self {
    Self(
      action: "the list of pods",
      path: namespace.map { KubeCall.path("/api/v1/namespaces", $0, "pods") } ?? "/api/v1/pods",
      fieldSelector: fieldSelector, labelSelector: labelSelector)
  }

  static func pod(namespace: String, name: String) -> Self {
    var query = pods(namespace: namespace, fieldSelector: "metadata.name=\(name)")
    query.action = "pod \(namespace)/\(name)"
    return query
  }
}
