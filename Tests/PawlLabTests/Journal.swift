import Foundation
import PawlTestSupport
import Testing

/// One line of `-o json`, as far as the lab's tests read it.
struct EventLine: Decodable {
  let event: String
  let step: String?

  /// nil for a line that is no event.
  init?(_ line: String) {
    do { self = try JSONDecoder().decode(EventLine.self, from: Data(line.utf8)) } catch { return nil }
  }
}

/// The journal of a run, as `pawl show RUN -o json` prints it.
struct Journal {
  let events: [EventLine]

  /// The newest run's, whose hash chain must hold.
  static func ofLastRun(_ pawl: PawlProgram) async throws -> Journal {
    let runs = try await pawl.run(["runs"])
    let id = try #require(runs.output.split(separator: " ").first.map(String.init), "\(runs.errors)")
    let verified = try await pawl.run(["runs", "verify"])
    #expect(verified.status == 0, "\(verified.errors)")
    let shown = try await pawl.run(["show", id, "-o", "json"])
    return Journal(events: shown.output.split(separator: "\n").compactMap { EventLine(String($0)) })
  }

  /// No step starts again after it succeeded, and none succeeds twice; only proofs of the moment, which change nothing,
  /// are looked at again when the run is taken up.
  ///
  /// - Returns: the steps that were ever in doubt.
  func expectNothingRanTwice() -> Set<String> {
    var succeeded: Set<String> = []
    var doubted: Set<String> = []
    for event in events {
      guard let step = event.step else { continue }
      switch event.event {
      case "step-started": #expect(!succeeded.contains(step), "\(step) ran again after it had succeeded")
      case "step-retried" where Self.provesTheMoment(step): succeeded.remove(step)
      case "step-in-doubt": doubted.insert(step)
      case "step-succeeded": #expect(succeeded.insert(step).inserted, "\(step) succeeded twice")
      default: break
      }
    }
    return doubted
  }

  /// By the names that such steps have in the built-in runbooks.
  private static func provesTheMoment(_ step: String) -> Bool {
    let name = step.prefix { $0 != "@" }.split(separator: "/").last ?? ""
    return name.hasSuffix("await-window")
      || [
        "check-health", "check-health-again", "check-quorum", "check-quorum-again", "check-members",
        "check-members-again", "verify-members", "before-drain", "prometheus", "http",
      ]
      .contains(name)
  }
}
