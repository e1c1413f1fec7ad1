import Foundation
import PawlEngine
import PawlTestSupport
import Testing

@testable import PawlCLI

@Suite("JSON lines")
struct EventLineTests {
  private let schema: JSONSchema

  init() throws { schema = try JSONSchema(file: PawlProgram.root + "/schemas/event.schema.json") }

  private func lines(_ notices: [RunNotice], end: RunOutcome? = .completed) throws -> [Any] {
    let output = Output()
    var view = JSONView(write: output.add)
    let plan = try RunSample.plan()
    let state = try RunState(plan: plan, events: [])
    view.begin(RunSample.run, plan: plan, state: state)
    for notice in notices { view.show(notice, at: .now) }
    view.end(end, state: state)
    return try output.lines.map { try JSONSerialization.jsonObject(with: Data($0.utf8)) }
  }

  @Test("Every kind of event fits schemas/event.schema.json, and its name is in there")
  func everyKind() throws {
    let notices = RunSample.kinds.enumerated().map {
      RunNotice.event(RunSample.event($0.offset + 1, $0.element))
    }
    let lines = try lines(notices)
    #expect(lines.count == notices.count + 1)
    for line in lines { #expect(schema.problems(of: line) == []) }
    let names = Set(lines.compactMap { ($0 as? [String: Any])?["event"] as? String })
    #expect(names.count == 18, "seventeen kinds and the summary: \(names)")
    for name in names { #expect(schema.names(name, under: "event"), "\(name)") }
  }

  @Test("Progress and the summary of each end fit too")
  func passing() throws {
    let progress: [RunNotice] = [
      .progress(RunSample.check, .status("2 of 3")), .progress(RunSample.check, .output("a\n\"b\"\u{1}")),
    ]
    let ends: [RunOutcome?] = [
      .completed, .failed(RunSample.check), .unreachable(RunSample.check), .paused("By anna."), .cancelled,
      .needsOperator(RunSample.check), .stuck(RunSample.check), nil,
    ]
    for end in ends {
      let lines = try lines(progress, end: end)
      #expect(lines.count == 3)
      for line in lines { #expect(schema.problems(of: line) == []) }
      let summary = try #require(lines.last as? [String: Any])
      #expect(summary["exitCode"] as? Int32 == PawlCLI.ExitStatus(end).rawValue)
    }
  }

  @Test("A step's line names step, host, attempt and what is known of a failure")
  func fields() throws {
    let kind = RunEventKind.stepAttemptFailed(
      RunSample.update, attempt: 2, RunSample.failure, retryAfterSeconds: 5)
    let line = try #require(try lines([.event(RunSample.event(7, kind))]).first as? NSDictionary)
    #expect(
      line == [
        "schemaVersion": 1, "run": RunSample.run.text, "event": "step-attempt-failed", "sequence": 7,
        "time": "2026-11-21T10:45:19Z", "step": "1.20/update-packages@cp-1", "host": "cp-1", "attempt": 2,
        "message": "cp-1: another program holds dpkg's lock.", "code": "apt-lock-held",
        "causes": ["lock-frontend"], "hint": "Wait for it, then resume.", "retryAfterSeconds": 5,
      ])
  }

  @Test("What the schema does not allow is found")
  func schemaIsAsked() {
    let wrong: [String: Any] = [
      "schemaVersion": 2, "event": "x", "attempt": "1", "causes": [1], "outcome": "odd", "time": "today",
    ]
    #expect(
      schema.problems(of: wrong).sorted() == [
        "attempt is no integer", "causes[0] is no string", "outcome is none of those allowed",
        "run is missing", "schemaVersion is not the constant", "time is no date-time",
      ])
  }
}
