import Foundation
import PawlModel
import PawlPlan
import Testing

@testable import PawlEngine

/// What steps leave on record reaches those behind them on the same host.
@Suite struct RecordTests {
  private func step(_ id: String, _ host: String?, uses: String = "test/other@v1", _ needs: [String])
    -> PlanStep
  {
    PlanStep(
      id: StepID(id), title: id, uses: uses, host: host, path: [], needs: needs.map { StepID($0) }, with: [:],
      retry: .never, timeoutSeconds: 60, reversibility: .readOnly, estimateSeconds: 1, effects: [])
  }

  /// `a`: two turns on host a with a step of the cluster between them, and one on host b.
  private var steps: [PlanStep] {
    [
      step("note-1", "a", uses: "test/note@v1", []), step("note-b", "b", uses: "test/note@v1", []),
      step("look-1", "a", ["note-1", "note-b"]), step("cluster", nil, ["look-1"]),
      step("look-2", "a", ["cluster"]), step("note-2", "a", uses: "test/note@v1", ["look-1"]),
      step("look-3", "a", ["note-2"]),
    ]
  }

  private func machine(_ records: [String: String]) throws -> RunMachine {
    let plan = Plan(
      cluster: "c", runbook: RunbookReference(name: "r", version: "1.0.0", digest: "0"), inputs: [:],
      title: "T",
      versions: [], steps: steps, skipped: [], notes: [], basis: [:])
    var kinds: [RunEventKind] = [.runStarted(by: "t", resumed: false)]
    for (id, record) in records {
      kinds.append(.stepStarted(StepID(id), attempt: 1))
      kinds.append(
        .stepSucceeded(StepID(id), attempt: 1, StepOutcome("Noted.", changed: false, record: record)))
    }
    let events = kinds.enumerated().map {
      RunEvent(sequence: $0.offset + 1, time: Date(timeIntervalSince1970: 0), kind: $0.element)
    }
    return try RunMachine(plan: plan, events: events)
  }

  private func records(before id: String, _ records: [String: String]) throws -> [String: String] {
    try machine(records).records(before: #require(steps.first { $0.id.text == id }))
  }

  @Test func theHostsOwnRecordIsFound() throws {
    let kept = ["note-1": "first", "note-b": "of b"]
    #expect(try records(before: "look-1", kept) == ["test/note@v1": "first"])
  }

  @Test func theNearestCounts() throws {
    let kept = ["note-1": "first", "note-2": "second"]
    #expect(try records(before: "look-3", kept) == ["test/note@v1": "second"])
    #expect(try records(before: "look-3", ["note-1": "first"]) == ["test/note@v1": "first"])
  }

  /// A turn ends where a step of the cluster or of another host comes between.
  @Test func anotherTurnsRecordIsNotFound() throws {
    #expect(try records(before: "look-2", ["note-1": "first"]) == [:])
    #expect(try records(before: "cluster", ["note-1": "first"]) == [:])
  }

  /// Journals of before have no record, and a step without one writes none.
  @Test func outcomesWithoutARecordAreWrittenAsBefore() throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    let plain = StepOutcome("Done.", changed: true)
    let text = String(decoding: try encoder.encode(plain), as: UTF8.self)
    #expect(text == #"{"changed":true,"summary":"Done."}"#)
    #expect(try JSONDecoder().decode(StepOutcome.self, from: Data(text.utf8)) == plain)
  }
}
