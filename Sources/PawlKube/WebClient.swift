package import Foundation

/// Gets web addresses over the same libcurl as the API server is reached by. Certificates are verified, redirections are
/// not followed, and no proxy of the environment is used.
package final class WebClient: Sendable {
  /// An answer of any status.
  package struct Answer: Sendable {
    /// The HTTP status.
    package let status: Int
    /// The body, whole.
    package let body: Data
  }

  /// Why there is no answer.
  package struct Failure: Error, Sendable {
    /// The kind of trouble.
    package enum Kind: Sendable, Hashable {
      case unreachable, tls, timeout, tooLarge, cancelled, address, other
    }

    /// The kind of trouble.
    package let kind: Kind
    /// libcurl's own words.
    package let detail: String
  }

  /// The largest body that is taken, in bytes.
  package static let bodyLimit = 4 << 20

  private let loop: CurlLoop

  /// Makes a client; nothing is sent yet.
  package init() throws(Failure) {
    do throws(HTTPFailure) { loop = try CurlLoop() } catch { throw Failure(error) }
  }

  /// Gets an address.
  /// - Parameter authorities: PEM certificates that the server's is verified by instead of the machine's.
  package func get(
    _ url: String, authorities: Data? = nil, timeout: Duration
  ) async throws(Failure) -> Answer {
    var request = HTTPRequest(
      method: "GET", url: url, headers: ["Accept: */*", "User-Agent: pawl"],
      mode: .whole(limit: Self.bodyLimit), timeout: timeout, connectTimeout: timeout, freshConnection: true,
      verifiesServer: true)
    request.certificateAuthority = authorities
    do throws(HTTPFailure) {
      let response = try await loop.send(request)
      return Answer(status: response.status, body: response.body)
    } catch {
      throw Failure(error)
    }
  }
}

extension WebClient.Failure {
  init(_ failure: HTTPFailure) {
    kind =
      switch failure.kind {
      case .unreachable: .unreachable
      case .timeout: .timeout
      case .tooLarge: .tooLarge
      case .cancelled: .cancelled
      case .setup: .address
      case .tls: .tls
      case .other: .other
      }
    detail = failure.detail
  }
}
