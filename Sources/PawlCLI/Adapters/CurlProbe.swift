import Foundation
import PawlKube
import PawlSteps

/// Web addresses behind the port `HTTPProbe`.
struct CurlProbe: HTTPProbe {
  private let client: WebClient

  /// - Throws: `CommandFailure` when libcurl can't be used.
  init() throws(CommandFailure) {
    do throws(WebClient.Failure) { client = try WebClient() } catch {
      throw CommandFailure(.failed, "libcurl can't be used: \(error.detail).")
    }
  }

  func get(
    _ url: String, caFile: String?, timeoutSeconds: Int
  ) async throws(HTTPProbeError) -> HTTPAnswer {
    let authorities = try caFile.map(Self.authorities)
    do throws(WebClient.Failure) {
      let answer = try await client.get(
        url, authorities: authorities, timeout: .seconds(timeoutSeconds))
      return HTTPAnswer(status: answer.status, body: String(decoding: answer.body, as: UTF8.self))
    } catch {
      throw Self.error(error)
    }
  }

  private static func authorities(_ path: String) throws(HTTPProbeError) -> Data {
    do throws(CommandFailure) { return try Files.readCertificates(path) } catch {
      throw HTTPProbeError(.authorities, error.lines.joined(separator: " "))
    }
  }

  private static func error(_ failure: WebClient.Failure) -> HTTPProbeError {
    switch failure.kind {
    case .unreachable: HTTPProbeError(.unreachable, "could not be reached (\(failure.detail))")
    case .tls: HTTPProbeError(.tls, "has a certificate that is not trusted (\(failure.detail))")
    case .timeout: HTTPProbeError(.timedOut, "did not answer in time")
    case .tooLarge: HTTPProbeError(.tooLarge, "answered with more than \(WebClient.bodyLimit >> 20) MiB")
    case .cancelled: HTTPProbeError(.cancelled, "was given up")
    case .address, .other: HTTPProbeError(.failed, "can't be asked (\(failure.detail))")
    }
  }
}
