import Testing

@testable import PawlModel

@Suite struct RunbookInputsTests {
  static let runbook = Runbook(
    name: "r", version: "1.0.0", summary: "",
    inputs: [
      InputDefinition(name: "target", kind: .version, summary: ""),
      InputDefinition(name: "timeout", kind: .duration, defaultValue: .int(600), summary: ""),
      InputDefinition(name: "count", kind: .int, defaultValue: .int(1), summary: ""),
      InputDefinition(name: "force", kind: .bool, defaultValue: .bool(false), summary: ""),
      InputDefinition(
        name: "mode", kind: .string, defaultValue: .string("safe"),
        allowed: [.string("safe"), .string("fast")],
        summary: ""),
    ], steps: [], digest: "")

  private func problems(_ given: [String: String]) -> [String] {
    do {
      _ = try Self.runbook.resolveInputs(given)
      return []
    } catch {
      return error.diagnostics.map(\.description)
    }
  }

  @Test func typesWhatIsGivenAndFillsInDefaults() throws {
    #expect(
      try Self.runbook.resolveInputs(["target": "v1.12", "timeout": "1h30m", "count": "-3", "force": "true"])
        == [
          "target": .string("1.12"), "timeout": .int(5400), "count": .int(-3), "force": .bool(true),
          "mode": .string("safe"),
        ])
    #expect(try Self.runbook.resolveInputs(["target": "1.12.3"])["target"] == .string("1.12.3"))
  }

  @Test func reportsEverythingAtOnce() {
    #expect(
      problems(["timeout": "10", "count": "007", "force": "yes", "mode": "slow", "mod": "x", "other": ""])
        == [
          "error: the runbook 'r' has no input 'mod'. Did you mean 'mode'?",
          "error: the runbook 'r' has no input 'other'. It has: target, timeout, count, force, mode.",
          "error: the input 'target' is missing: give it with --set target=…",
          "error: the input 'timeout': '10' is not a duration; write 10s, 5m or 1h30m",
          "error: the input 'count': '007' is not a whole number",
          "error: the input 'force': 'yes' is not true or false",
          "error: the input 'mode' has to be one of safe, fast, not 'slow'",
        ])
  }

  @Test(arguments: [
    ("target", "latest", "error: the input 'target': 'latest' is not a version such as 1.20 or 1.20.3"),
    (
      "count", "99999999999999999999",
      "error: the input 'count': '99999999999999999999' is not a whole number"
    ),
  ])
  func reportsWrongValues(name: String, text: String, message: String) {
    #expect(problems(["target": "1.20"].merging([name: text]) { _, new in new }) == [message])
  }
}
