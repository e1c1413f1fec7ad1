import PawlSteps
import Synchronization

/// Web addresses in memory: each look at one takes the next answer, the last one for ever.
final class FakeWeb: HTTPProbe {
  typealias Answer = Result<HTTPAnswer, HTTPProbeError>

  private let answers = Mutex<[String: [Answer]]>([:])
  private let asked = Mutex<[String]>([])

  private let files = Mutex<[String?]>([])

  /// The files of authorities that each question came with.
  var caFiles: [String?] { files.withLock { $0 } }

  /// The addresses that were asked, in order.
  var questions: [String] { asked.withLock { $0 } }

  func answer(_ url: String, _ list: [Answer]) { answers.withLock { $0[url] = list } }

  func get(
    _ url: String, caFile: String?, timeoutSeconds: Int
  ) async throws(HTTPProbeError) -> HTTPAnswer {
    asked.withLock { $0.append(url) }
    files.withLock { $0.append(caFile) }
    let answer = answers.withLock { answers -> Answer in
      guard let list = answers[url], let first = list.first else {
        return .failure(HTTPProbeError(.unreachable, "could not be reached (connection refused)"))
      }
      if list.count > 1 { answers[url]?.removeFirst() }
      return first
    }
    return try answer.get()
  }
}
