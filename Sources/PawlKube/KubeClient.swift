import Foundation
import Synchronization

/// A client for one API server, over one set of connections. Make one and share it.
///
/// Every method throws `KubeError`. Reads are repeated up to `KubeLimits.readRetries` times after a broken
/// connection or a 429; nothing else is ever sent twice, except that a request which the server refused with
/// 401 is sent again once with a new credential where a plugin supplies it.
package final class KubeClient: Sendable {
  /// What the client was made from.
  package let configuration: KubeConfiguration
  let discovery = KubeDiscovery()
  private let loop: CurlLoop
  private let credentials: KubeCredentialSource
  private let counters = Mutex(KubeStatistics())
  private let sleep: @Sendable (Duration) async throws(CancellationError) -> Void

  /// Makes a client; nothing is sent yet.
  package convenience init(configuration: KubeConfiguration) throws(KubeError) {
    try self.init(configuration: configuration) { duration throws(CancellationError) in
      do { try await Task.sleep(for: duration) } catch { throw CancellationError() }
    }
  }

  /// As above with another way to let time pass.
  init(
    configuration: KubeConfiguration,
    sleep: @escaping @Sendable (Duration) async throws(CancellationError) -> Void
  ) throws(KubeError) {
    self.configuration = configuration
    self.sleep = sleep
    credentials = KubeCredentialSource(configuration)
    do throws(HTTPFailure) { loop = try CurlLoop() } catch {
      throw error.error(server: configuration.endpoint.description, action: "the start of the client")
    }
  }

  /// The server's address as errors show it.
  package var server: String { configuration.endpoint.description }

  /// What the client has done so far.
  package var statistics: KubeStatistics { counters.withLock { $0 } }

  // MARK: Calls

  /// Sends a call and decodes the answer, away from the caller's actor.
  @concurrent
  func fetch<Value: Decodable & Sendable>(_ type: Value.Type, _ call: KubeCall) async throws(KubeError)
    -> Value
  {
    let response = try await perform(call)
    do {
      return try KubeJSON.decode(type, from: response.body)
    } catch {
      throw KubeError(
        .invalidResponse, server: server,
        message:
          "\(server) answered \(call.action) with something Pawl does not understand; check that the address is that of an API server.",
        httpStatus: response.status, cause: "\(error)")
    }
  }

  /// As `fetch`, with nothing for an object that is not there.
  func fetchIfPresent<Value: Decodable & Sendable>(
    _ type: Value.Type, _ call: KubeCall
  ) async throws(KubeError) -> Value? {
    do throws(KubeError) {
      return try await fetch(type, call)
    } catch {
      // A 404 without a Status object comes from something that is not an API server.
      guard error.code == .notFound, error.status != nil else { throw error }
      return nil
    }
  }

  /// Sends a call; whatever is not 2xx is thrown.
  func perform(_ call: KubeCall) async throws(KubeError) -> HTTPResponse {
    let limits = configuration.limits
    return try await repeating(call) { (request, server) throws(KubeError) in
      let response: HTTPResponse
      do throws(HTTPFailure) {
        response = try await self.exchange(request, mode: .whole(limit: limits.responseBytes))
      } catch {
        throw error.error(server: server, action: call.action)
      }
      try self.check(response, call)
      return response
    }
  }

  /// Opens a stream of lines; returns when the stream has ended.
  func stream(
    _ call: KubeCall, line: @escaping @Sendable (Data) -> Bool
  ) async throws(KubeError) {
    let limit = configuration.limits.eventBytes
    counters.withLock { $0.watches += 1 }
    try await repeating(call) { (request, server) throws(KubeError) in
      let response: HTTPResponse
      do throws(HTTPFailure) {
        response = try await self.exchange(request, mode: .lines(limit: limit, line))
      } catch {
        throw error.error(server: server, action: call.action)
      }
      try self.check(response, call)
    }
  }

  /// Lets time pass before a repetition.
  func pause(_ duration: Duration, action: String) async throws(KubeError) {
    do throws(CancellationError) { try await sleep(duration) } catch {
      throw .cancelled(server: server, action: action)
    }
  }

  // MARK: Repetition

  private func repeating<Value: Sendable>(
    _ call: KubeCall, _ attempt: (HTTPRequest, String) async throws(KubeError) -> Value
  ) async throws(KubeError) -> Value {
    var repetitions = 0
    var renewed = false
    var connectionBroke = false
    while true {
      let failure: KubeError
      do throws(KubeError) {
        return try await attempt(try await request(for: call, fresh: connectionBroke), server)
      } catch {
        failure = error
      }
      if failure.code == .unauthorized, !renewed, await credentials.forget() {
        renewed = true
        continue
      }
      guard call.isRead, call.repeats, repetitions < configuration.limits.readRetries,
        let delay = delay(after: failure, repetitions: repetitions),
        call.deadline.map({ .now + delay < $0 }) ?? true
      else { throw failure }
      try await pause(delay, action: call.action)
      connectionBroke = failure.code == .unreachable
      repetitions += 1
      counters.withLock { $0.repetitions += 1 }
    }
  }

  private func delay(after failure: KubeError, repetitions: Int) -> Duration? {
    let limits = configuration.limits
    switch failure.code {
    case .unreachable: return min(limits.firstPause * (1 << repetitions), limits.longestPause)
    case .tooManyRequests(let seconds):
      let asked = seconds.map { Duration.seconds(max(0, $0)) } ?? limits.firstPause * (1 << repetitions)
      return min(max(asked, limits.firstPause), limits.longestPause)
    default: return nil
    }
  }

  // MARK: One exchange

  private func request(for call: KubeCall, fresh: Bool) async throws(KubeError) -> HTTPRequest {
    let limits = configuration.limits
    let endpoint = configuration.endpoint
    let proof = try await credentials.proof()
    let remaining = call.deadline.map { ContinuousClock.now.duration(to: $0) } ?? limits.request
    guard remaining > .zero else {
      throw HTTPFailure(kind: .timeout, detail: "the deadline has passed").error(
        server: server, action: call.action)
    }
    var headers = ["Accept: application/json", "User-Agent: pawl", "Expect:"]
    if call.body != nil { headers.append("Content-Type: \(call.contentType)") }
    if let token = proof.token {
      headers.append("Authorization: Bearer \(String(decoding: token.bytes, as: UTF8.self))")
    }
    var connectTo: String?
    var host = endpoint.host
    if let name = endpoint.tlsServerName {
      // libcurl checks the certificate against the address, so the address carries the other name, the
      // connection goes to the real host, and the server is told the real host.
      connectTo = "\(name):\(endpoint.port):\(endpoint.host):\(endpoint.port)"
      headers.append("Host: \(endpoint.host):\(endpoint.port)")
      host = name
    }
    let authority = try configuration.certificateAuthority?.read(
      what: "certificate authority", server: server)
    return HTTPRequest(
      method: call.method,
      url:
        "\(endpoint.isTLS ? "https" : "http")://\(host):\(endpoint.port)\(endpoint.basePath)\(call.target)",
      connectTo: connectTo, headers: headers, body: call.body, mode: .whole(limit: 0),
      timeout: call.isLong ? remaining : min(remaining, limits.request),
      connectTimeout: min(limits.connect, remaining), freshConnection: fresh,
      certificateAuthority: authority, verifiesServer: configuration.verifiesServer,
      certificate: proof.certificate, key: proof.key, proxy: configuration.proxy)
  }

  private func exchange(_ request: HTTPRequest, mode: HTTPRequest.Mode) async throws(HTTPFailure)
    -> HTTPResponse
  {
    var request = request
    request.mode = mode
    counters.withLock { $0.requests += 1 }
    let response = try await loop.send(request)
    counters.withLock {
      $0.connections += response.newConnections
      $0.http2Responses += response.httpVersion == 2 ? 1 : 0
      $0.bytesReceived += response.body.count
    }
    return response
  }

  private func check(_ response: HTTPResponse, _ call: KubeCall) throws(KubeError) {
    guard !(200...299).contains(response.status) else { return }
    throw KubeError.refusal(
      httpStatus: response.status, status: KubeStatus(refusal: response.body),
      retryAfterHeader: response.retryAfter, bodyExcerpt: HTTPResponse.excerpt(response.body),
      server: server, action: call.action)
  }
}

extension KubeStatus {
  /// The Status object of a refusal, or nothing where the body is something else.
  init?(refusal body: Data) {
    struct Kind: Decodable { let kind: String }
    do {
      guard try KubeJSON.decode(Kind.self, from: body).kind == "Status" else { return nil }
      self = try KubeJSON.decode(KubeStatus.self, from: body)
    } catch {
      // A load balancer's page or a plain text; the error carries its start.
      return nil
    }
  }
}
