import Testing

@testable import PawlModel

@Suite("Fragments of runbooks") struct RunbookFragmentsTests {
  /// A runbook whose steps begin in line 6, with fragments after them.
  private func read(_ steps: String, fragments: String) throws(DiagnosticsError) -> Runbook {
    try Runbook.read(
      text: """
        apiVersion: pawl.dev/v1alpha1
        kind: Runbook
        metadata: {name: r, version: 1.0.0, description: d.}
        inputs: {target: {type: version}}
        steps:
        \(steps)
        fragments:
        \(fragments)
        """, file: "r.yaml")
  }

  private func problems(_ steps: String, fragments: String) -> [String] {
    do {
      _ = try read(steps, fragments: fragments)
      return []
    } catch {
      return error.diagnostics.map { String($0.description.dropFirst("r.yaml:".count)) }
    }
  }

  private let drain = "  drain: [{id: drain, uses: node/drain@v1}, {id: wait, uses: a/b@v1}]"

  @Test func stepsStandWhereTheyAreIncluded() throws {
    let runbook = try read(
      """
        - {id: workers, on: {role: worker}, steps: [{id: first, uses: a/b@v1}, {include: drain}, {id: last, uses: a/b@v1, needs: [wait]}]}
        - {id: others, on: {}, steps: [{include: drain}]}
      """, fragments: drain)
    let groups = runbook.steps.map { step -> [String] in
      guard case .group(let steps) = step.body else { return [] }
      return steps.map(\.id)
    }
    #expect(groups == [["first", "drain", "wait", "last"], ["drain", "wait"]])
  }

  @Test func whatAFragmentMayUseIsDecidedWhereItStands() {
    let fragment = "  ask: [{id: ask, uses: a/b@v1, with: {name: '${{ host.name }}'}}]"
    #expect(problems("  - {id: w, on: {}, steps: [{include: ask}]}", fragments: fragment).isEmpty)
    let problem =
      "8:51: error: there is no 'host' here. A step has one when it or a group around it has 'on'."
    #expect(problems("  - include: ask", fragments: fragment) == [problem])
    #expect(
      problems(
        "  - {id: a, steps: [{include: ask}]}\n  - {id: b, steps: [{include: ask}]}", fragments: fragment)
        == ["9" + problem.dropFirst()], "once, although two places include it")
  }

  @Test(arguments: [
    (
      "  - include: drian",
      [
        "6:14: error: there is no fragment 'drian'. Did you mean 'drain'?",
        "8:3: error: no step includes the fragment 'drain'. Remove it, or add '- include: drain'.",
      ]
    ),
    (
      "  - {include: drain, id: a}",
      ["6:22: error: a step that includes a fragment has no key 'id'. It has: include."]
    ),
    (
      "  - include: drain\n  - include: drain",
      [
        "9:16: error: two steps have the id 'drain'; the first is on line 9",
        "9:50: error: two steps have the id 'wait'; the first is on line 9",
      ]
    ),
    (
      "  - include: [drain]",
      [
        "6:14: error: 'include' has to be text, not a list",
        "8:3: error: no step includes the fragment 'drain'. Remove it, or add '- include: drain'.",
      ]
    ),
  ])
  func whatIsWrong(steps: String, expected: [String]) {
    #expect(problems(steps, fragments: drain) == expected)
  }

  @Test(arguments: [
    ("  Drain: [{id: a, uses: a/b@v1}]", "'Drain' is not a name for a fragment"),
    ("  drain: []", "'drain' is empty"),
    ("  drain: {id: a, uses: a/b@v1}", "'drain' has to be a list, not a map"),
    ("  drain: [{include: drain}]", "a fragment can't include another one"),
    ("  drain: [{id: a, uses: a/b@v1}]\n  drain: [{id: b, uses: a/b@v1}]", "'drain' is given twice"),
  ])
  func whatIsWrongInAFragment(fragments: String, words: String) {
    #expect(problems("  - include: drain", fragments: fragments).contains { $0.contains(words) })
  }
}
