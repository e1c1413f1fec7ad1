import Foundation
import PawlEngine
import PawlModel
import PawlPlan

/// Addresses that gates ask.
enum WebAddress {
  /// The limit for one question.
  static let timeoutSeconds = 10

  /// For `ActionSpec.freeze`: adds nothing, and refuses a plan whose `url` can't be asked.
  static func check(_ site: ActionSpec.Site, _ facts: HostFacts?) throws(PlanRefusal) -> [String: Value] {
    let text = site.text("url")
    guard Gates.isAddress(text) else {
      throw PlanRefusal(
        code: "gate-address", message: "'\(text)' is not an http or https address that a gate can ask.",
        hint: "Correct `url` of that gate; credentials have no place in it.")
    }
    return [:]
  }

  /// The parameter of gates with the certificates to verify with.
  static let caFile = ActionSpec.Parameter(
    "caFile", .string, default: .string(""),
    "A file with PEM certificates where Pawl runs: the server's is verified by these instead of the machine's."
  )

  /// Gets an address; nothing that goes wrong there ends the gate, it is only not proven. A file that can't be read here
  /// ends it: waiting does not bring it.
  static func get(
    _ url: String, caFile: String?, _ environment: ActionEnvironment
  ) async throws(StepFailure) -> Result<HTTPAnswer, HTTPProbeError> {
    do throws(HTTPProbeError) {
      return .success(
        try await environment.http.get(url, caFile: caFile, timeoutSeconds: timeoutSeconds))
    } catch {
      switch error.code {
      case .cancelled: throw .cancelled
      case .authorities:
        throw StepFailure(
          code: "ca-file-unreadable",
          message: "Step \(environment.step.id) can't verify the certificate of \(url): \(error.message)",
          retry: .permanent,
          hint: "Put the certificates there on the machine where Pawl runs, then run `pawl resume`.")
      default: return .failure(error)
      }
    }
  }

  /// A text as the value of a query field: everything but the unreserved characters of RFC 3986 escaped.
  static func escape(_ text: String) -> String {
    let plain = CharacterSet(
      charactersIn: "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~")
    return text.addingPercentEncoding(withAllowedCharacters: plain) ?? ""
  }

  /// The start of an answer as one line, for a message.
  static func excerpt(_ body: String) -> String {
    let line = body.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    return line.count > 120 ? line.prefix(120) + "…" : line
  }
}
