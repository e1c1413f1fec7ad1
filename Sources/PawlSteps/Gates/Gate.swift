import PawlEngine

/// Looks again and again until what a gate asks for holds, within the step's limit. What it sees is kept in the
/// step's output, each change once, with the second at which it was seen.
struct Gate {
  /// What one look found.
  enum Sight: Sendable, Hashable {
    /// It holds; the text is what was seen.
    case holds(String)
    /// What is missing, one phrase each with its numbers.
    case lacks([String])
  }

  /// What was seen when it held.
  struct Proof {
    let text: String
    let seconds: Int
    /// Whether the first look was good enough.
    let wasImmediate: Bool

    /// `after 12 s`, or `at once`.
    var when: String { wasImmediate ? "at once" : "after \(seconds) s" }
  }

  let environment: ActionEnvironment
  /// What the gate is about, for messages: a node's name.
  let subject: String
  var sampling = Sampling.once

  /// Waits for the proof.
  /// - Parameters:
  ///   - failure: makes the failure at the limit of what was missing last and the limit in seconds.
  func wait(
    _ look: () async throws(StepFailure) -> Sight, failure: ([String], Int) -> StepFailure
  ) async throws(StepFailure) -> Proof {
    let deadline = environment.deadline()
    var window = SampleWindow(sampling)
    var seen: String?
    var looks = 0
    while true {
      let sight = try await deadline.retrying(report: { environment.status($0) }, look)
      looks += 1
      let text: String
      var lacking: [String] = []
      switch sight {
      case .holds(let what):
        window.add(true)
        text = what
      case .lacks(let missing):
        window.add(false)
        (text, lacking) = ("waits: " + GateText.joined(missing), missing)
      }
      if text != seen { keep("\(deadline.elapsedSeconds) s: \(text)") }
      seen = text
      if window.holds {
        return Proof(text: text, seconds: deadline.elapsedSeconds, wasImmediate: looks == sampling.needed)
      }
      let parts = [lacking.isEmpty ? text : GateText.joined(lacking), window.progress].compactMap(\.self)
      environment.status(
        "\(subject): waits; \(parts.joined(separator: "; ")); \(deadline.elapsedSeconds) of \(deadline.seconds) s"
      )
      guard !deadline.isOver else {
        let missing = lacking.isEmpty ? ["it does not stay so: \(window.progress ?? "")"] : lacking
        throw failure(missing, deadline.seconds)
      }
      try await deadline.pause(seconds: sampling.intervalSeconds)
    }
  }

  private func keep(_ line: String) { environment.context.report(.output(line + "\n")) }
}

/// What gates say, as pure functions.
enum GateText {
  /// The first five, and how many more there are.
  static func joined(_ items: [String]) -> String { DrainText.joined(items) }

  /// `1 workload`, `3 workloads`.
  static func count(_ count: Int, _ noun: String) -> String { "\(count) \(noun)\(count == 1 ? "" : "s")" }
}
