package import PawlSteps
import Testing

/// What every `HTTPProbe` does, whatever is behind it. Run it with a subject for each implementation.
package enum HTTPProbeContract {
  /// Addresses to try it on.
  package struct Subject: Sendable {
    package var probe: any HTTPProbe
    /// Answers 200 with `all well`, also with a query behind it.
    package var well: String
    /// Answers 404 with `no such page`.
    package var missing: String
    /// Answers 302.
    package var moved: String
    /// Nothing listens there.
    package var closed: String
    /// As `well`, with a certificate that an authority of the file has signed.
    package var signed: (url: String, caFile: String)

    /// Makes a subject.
    package init(
      probe: any HTTPProbe, well: String, missing: String, moved: String, closed: String,
      signed: (url: String, caFile: String)
    ) {
      self.probe = probe
      self.well = well
      self.missing = missing
      self.moved = moved
      self.closed = closed
      self.signed = signed
    }
  }

  /// The names of the cases, for a parameterized test.
  package static var names: [String] { cases.map(\.name) }

  /// Runs one case.
  package static func run(_ name: String, on subject: Subject) async throws {
    try await #require(cases.first { $0.name == name }).check(subject)
  }

  private static let cases: [(name: String, check: @Sendable (Subject) async throws -> Void)] = [
    ("an answer has its status and body", answers),
    ("a refusal is an answer", refuses),
    ("a redirection is an answer and not followed", stays),
    ("an address whose authority is in the file answers", verifies),
    ("an address that nothing listens at is unreachable", isUnreachable),
  ]

  private static func answers(_ subject: Subject) async throws {
    let answer = HTTPAnswer(status: 200, body: "all well")
    #expect(try await subject.probe.get(subject.well, caFile: nil, timeoutSeconds: 10) == answer)
    #expect(
      try await subject.probe.get(subject.well + "?a=1&b=%20", caFile: nil, timeoutSeconds: 10) == answer)
  }

  private static func verifies(_ subject: Subject) async throws {
    let (url, caFile) = subject.signed
    #expect(
      try await subject.probe.get(url, caFile: caFile, timeoutSeconds: 10)
        == HTTPAnswer(status: 200, body: "all well"))
  }

  private static func refuses(_ subject: Subject) async throws {
    let answer = try await subject.probe.get(subject.missing, caFile: nil, timeoutSeconds: 10)
    #expect(answer == HTTPAnswer(status: 404, body: "no such page"))
  }

  private static func stays(_ subject: Subject) async throws {
    #expect(try await subject.probe.get(subject.moved, caFile: nil, timeoutSeconds: 10).status == 302)
  }

  private static func isUnreachable(_ subject: Subject) async throws {
    let error = await #expect(throws: HTTPProbeError.self) {
      _ = try await subject.probe.get(subject.closed, caFile: nil, timeoutSeconds: 10)
    }
    #expect(error?.code == .unreachable)
    #expect(error?.message.hasPrefix("could not be reached (") == true)
  }
}
