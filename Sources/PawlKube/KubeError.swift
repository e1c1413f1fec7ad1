/// What went wrong between Pawl and an API server.
package struct KubeError: Error, Sendable, Equatable {
  /// The class of the failure, which decides what a caller does next.
  package enum Code: Sendable, Hashable {
    /// No connection, or the connection broke before the answer was complete.
    case unreachable
    /// No answer within the time allowed.
    case timeout
    /// The TLS handshake failed: wrong authority, wrong name, expired, refused client certificate.
    case tls
    /// 401: the server does not accept the credentials.
    case unauthorized
    /// 403: the credentials are good, the permission is missing.
    case forbidden
    /// 404: no such object or resource.
    case notFound
    /// 409: the object exists already, or was changed since it was read.
    case conflict
    /// 410: the resource version or the continue token is too old; list again.
    case expired
    /// 400, 405, 415, 422 and the like: the server does not accept the request as such.
    case rejected
    /// 429, with the seconds after which the server wants to be asked again, where it said so.
    case tooManyRequests(retryAfterSeconds: Int?)
    /// 5xx.
    case serverError
    /// An answer that is not what the API promises, or that is too large.
    case invalidResponse
    /// The task was cancelled, or the client was closed.
    case cancelled
    /// The kubeconfig, or something it names, can't be used.
    case configuration
  }

  /// The class of the failure.
  package let code: Code
  /// The API server's address as the kubeconfig has it, or an empty text where there is none yet.
  package let server: String
  /// One sentence for the user: the server, what happened, what to do next.
  package let message: String
  /// The server's own account, where it sent one.
  package let status: KubeStatus?
  /// The HTTP status, where there was an answer.
  package let httpStatus: Int?
  /// What the layer below said, for the printer of error chains. Never part of the description.
  package let cause: String?

  /// Makes an error; see the properties.
  package init(
    _ code: Code, server: String, message: String, status: KubeStatus? = nil, httpStatus: Int? = nil,
    cause: String? = nil
  ) {
    self.code = code
    self.server = server
    self.message = message
    self.status = status
    self.httpStatus = httpStatus
    self.cause = cause
  }

  /// Whether the same request may well succeed a little later without anybody doing anything.
  package var isTransient: Bool {
    switch code {
    case .unreachable, .timeout, .expired, .tooManyRequests, .serverError: true
    case .tls, .unauthorized, .forbidden, .notFound, .conflict, .rejected, .invalidResponse, .cancelled,
      .configuration:
      false
    }
  }
}

extension KubeError: CustomStringConvertible {
  package var description: String { message }
}

extension KubeError {
  /// The error for an answer whose HTTP status is not 2xx.
  static func refusal(
    httpStatus: Int, status: KubeStatus?, retryAfterHeader: Int?, bodyExcerpt: String?, server: String,
    action: String
  ) -> KubeError {
    let code: Code
    let sentence: String
    switch httpStatus {
    case 401:
      code = .unauthorized
      sentence =
        "\(server) did not accept the credentials for \(action); renew the credentials in the kubeconfig."
    case 403:
      code = .forbidden
      sentence = "\(server) forbids \(action); ask for the permission or use another context."
    case 404:
      code = .notFound
      sentence = "\(server) does not have what \(action) asks for; check the name and the server's version."
    case 409:
      code = .conflict
      sentence = "\(server) reports a conflict for \(action); read the object again and repeat."
    case 410:
      code = .expired
      sentence = "\(server) no longer holds the version that \(action) starts from; list again."
    case 429:
      let seconds = status?.details?.retryAfterSeconds ?? retryAfterHeader
      code = .tooManyRequests(retryAfterSeconds: seconds)
      sentence = "\(server) can't take \(action) now; try again in \(seconds.map { "\($0) s" } ?? "a while")."
    case 500...599:
      code = .serverError
      sentence =
        "\(server) answered \(action) with an error of its own (HTTP \(httpStatus)); look at its log."
    case 400...499:
      code = .rejected
      sentence =
        "\(server) rejected \(action) (HTTP \(httpStatus)); check that this version of Pawl fits the server."
    default:
      code = .invalidResponse
      sentence =
        "\(server) answered \(action) with HTTP \(httpStatus), which is not an API server's answer; check the address."
    }
    return KubeError(
      code, server: server, message: sentence, status: status, httpStatus: httpStatus,
      cause: status?.message ?? bodyExcerpt)
  }

  static func cancelled(server: String, action: String) -> KubeError {
    KubeError(.cancelled, server: server, message: "\(action) on \(server) was cancelled.")
  }
}
