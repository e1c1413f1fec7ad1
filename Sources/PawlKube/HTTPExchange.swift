import Foundation

/// One request, complete: nothing about it is decided below this line.
struct HTTPRequest: Sendable {
  enum Mode: Sendable {
    /// The answer's body is kept whole, up to so many bytes.
    case whole(limit: Int)
    /// Each line of a 200 answer goes to the closure, which says whether it wants more.
    case lines(limit: Int, @Sendable (Data) -> Bool)
  }

  var method: String
  /// The full address.
  var url: String
  /// Whom to connect to in place of the address's host, as `CURLOPT_CONNECT_TO` wants it.
  var connectTo: String?
  var headers: [String]
  var body: Data?
  var mode: Mode
  var timeout: Duration
  var connectTimeout: Duration
  /// Whether an idle connection must not be used again.
  var freshConnection: Bool
  var certificateAuthority: Data?
  var verifiesServer: Bool
  var certificate: Data?
  var key: Data?
  var proxy: KubeSecret?
}

/// An answer of any status.
struct HTTPResponse: Sendable {
  var status: Int
  /// The value of `Retry-After` in seconds.
  var retryAfter: Int?
  var body: Data
  /// Connections that had to be made for it.
  var newConnections: Int
  /// 1 or 2, as libcurl reports it.
  var httpVersion: Int

  /// The start of a text from outside as one printable line.
  static func excerpt(_ bytes: Data, limit: Int = 300) -> String? {
    let text = String(decoding: bytes.prefix(limit * 4), as: UTF8.self)
    let printable = text.unicodeScalars.map { $0.value < 0x20 || $0.value == 0x7f ? " " : Character($0) }
    let line = String(printable).split(separator: " ").joined(separator: " ")
    return line.isEmpty ? nil : String(line.prefix(limit))
  }
}

/// Why there is no answer.
struct HTTPFailure: Error, Sendable, Equatable {
  enum Kind: Sendable, Equatable {
    case unreachable, timeout, tooLarge, cancelled, setup, other
    case tls(TLSProblem)
  }

  /// What a handshake can fail on, as far as libcurl tells.
  enum TLSProblem: Sendable, Equatable {
    case unknownAuthority, wrongName, expired, notYetValid, clientCertificate, handshake
  }

  let kind: Kind
  /// libcurl's own words.
  let detail: String
}
