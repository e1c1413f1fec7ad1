import PawlEngine
import PawlModel
import PawlPlan
import PawlSteps
import Testing

/// The programs of `apt/set-source`, written out in full.
enum Source {
  static let file = "/etc/apt/sources.list.d/kubernetes.list"
  static let draft = "/etc/apt/sources.list.d/.kubernetes.list.pawl"
  static let template = "deb [signed-by=/etc/apt/keyrings/k.gpg] https://packages.example/v{minor}/deb/ /"
  static let old = "deb [signed-by=/etc/apt/keyrings/k.gpg] https://packages.example/v1.19/deb/ /\n"
  static let new = "deb [signed-by=/etc/apt/keyrings/k.gpg] https://packages.example/v1.20/deb/ /\n"

  static let find = [
    "find", "/etc/apt/sources.list.d/", "-maxdepth", "1", "-name", "kubernetes.list", "-exec", "cat", "{}",
    "+",
  ]
  static let programs = [
    find, ["tee", draft], ["chmod", "644", draft], ["mv", "-f", "-T", draft, file], ["rm", "-f", draft],
  ]

  static func replies(before: String = old, after: String = new) -> [FakeHost.Reply] {
    [.init(find, before), .init(find, after), .init(programs[1], new)]
      + programs[2...].map { FakeHost.Reply($0) }
  }

  static let parameters: [String: Value] = [
    "minor": .string("1.20"), "template": .string(template), "file": .string(file),
  ]

  static let step = ActionBench.step(
    "apt/set-source@v1", with: parameters.merging(["line": .string(String(new.dropLast()))]) { $1 })
}

@Suite struct AptSetSourceTests {
  private func freeze(_ changes: [String: Value] = [:]) throws -> [String: Value] {
    let host = Host(name: "w", address: "192.0.2.1", roles: [.worker])
    let parameters = Source.parameters.merging(changes) { $1 }
    return try AptSetSource.spec.freeze(ActionSpec.Site(host: host, parameters: parameters), nil)
  }

  @Test func thePlanHoldsTheLine() throws {
    #expect(try freeze() == ["line": .string(String(Source.new.dropLast()))])
  }

  @Test(arguments: [
    ["minor": Value.string("1")], ["minor": .string("1.20.3")], ["template": .string("deb https://x ./")],
    ["template": .string("deb https://x/{minor} ./\ndeb https://y ./")],
    ["file": .string("/etc/apt/sources.list")],
    ["file": .string("/etc/apt/sources.list.d/../../shadow.list")],
    ["file": .string("/etc/apt/sources.list.d/k.conf")],
  ])
  func refuses(_ changes: [String: Value]) {
    let refusal = #expect(throws: PlanRefusal.self) { try freeze(changes) }
    #expect(refusal?.code == "invalid-parameters")
  }

  @Test func runsTheseProgramsInThisOrderAndKeepsWhatWasThere() async {
    let bench = ActionBench(Source.replies())
    let result = await bench.perform(Source.step)
    #expect(
      result.outcome
        == StepOutcome(
          "\(Source.file) on cp-1 names 1.20 now; before, it said: \(Source.old.dropLast())", changed: true))
    #expect(bench.host.programs == Source.programs + [Source.find])
    let command = bench.host.commands.first
    #expect(command?.standardInput == Array(Source.new.utf8))
    #expect(command?.asRoot == true)
    #expect(command?.always == [["rm", "-f", Source.draft]])
  }

  @Test(arguments: [
    ("", "names 1.20 now; before, it was empty or not there.", true),
    ("# two\n\ndeb x ./\n", "before, it had 2 lines, which `pawl logs` shows; the first was: # two", true),
    (Source.new, "named 1.20 already.", false),
  ])
  func saysWhatWasThere(_ before: String, _ words: String, _ changed: Bool) async throws {
    let outcome = try #require(await ActionBench(Source.replies(before: before)).perform(Source.step).outcome)
    #expect(outcome.summary.hasSuffix(words), "\(outcome.summary)")
    #expect(outcome.changed == changed)
  }

  @Test func failsWhenTheFileIsNotAsWritten() async {
    let result = await ActionBench(Source.replies(after: Source.old)).perform(Source.step)
    #expect(result.failure?.code == "source-not-as-planned")
  }

  @Test func aFullDiskIsNamed() async {
    var replies = Source.replies()
    replies[2] = .init(Source.programs[1], "", status: 1, error: "tee: x: No space left on device\n")
    #expect(await ActionBench(replies).perform(Source.step).failure?.code == "disk-full")
  }

  @Test(arguments: [
    (Source.new, JobState.absent, "done"), (Source.old, .absent, "not started"), ("", .absent, "not started"),
    (Source.old, .lost("the host was rebooted"), "torn"),
    (Source.new, .lost("the host was rebooted"), "done"),
  ])
  func probes(_ found: String, _ job: JobState, _ verdict: String) async {
    let bench = ActionBench([.init(Source.find, found)])
    bench.host.set(ActionBench.key(), job)
    #expect(await bench.probe(Source.step).name == verdict)
  }

  /// A plan may have been edited between its making and its use.
  @Test(arguments: [
    ["line": Value.string("deb a ./\ndeb b ./")], ["line": .string("rubbish")],
    ["file": .string("/etc/passwd")],
  ])
  func refusesAnEditedPlan(_ changes: [String: Value]) async {
    var step = Source.step
    step.with.merge(changes) { $1 }
    let bench = ActionBench()
    #expect(await bench.perform(step).failure?.code == "invalid-parameters")
    #expect(bench.host.programs.isEmpty)
  }
}
