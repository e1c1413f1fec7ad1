import PawlEngine
import PawlModel
import PawlPlan
import PawlSteps
import Testing

@Suite struct PerformerTests {
  private let step = Apt.step

  @Test func aStepOfAnotherPawlIsRefused() async {
    let failure = await ActionBench().perform(ActionBench.step("node/paint@v7")).failure
    #expect(failure?.code == "unknown-action")
    #expect(failure?.message == "Step 1.20/step@cp-1 uses node/paint@v7, which this Pawl does not know.")
    #expect(await ActionBench().probe(ActionBench.step("node/paint@v7")).name == "unknown")
  }

  @Test func aHostThatCannotBeReachedHasNotBeenTouched() async {
    var bench = ActionBench()
    bench.hostError = HostError(.unreachable, "cp-1 does not answer.")
    let result = await bench.perform(step)
    #expect(
      result
        == .failed(StepFailure(code: "host-unreachable", message: "cp-1 does not answer.", retry: .transport))
    )
    #expect(await bench.probe(step).name == "unreachable")
  }

  @Test(arguments: [HostError.Code.hostKey, .authentication])
  func aHostThatDoesNotLetUsInIsAQuestionOfTheProbe(_ code: HostError.Code) async {
    var bench = ActionBench()
    bench.hostError = HostError(code, "cp-1 has another key.")
    #expect(await bench.perform(step).failure?.retry == .permanent)
    #expect(await bench.probe(step).name == "unknown")
  }

  @Test(arguments: [HostError.Code.linkLost, .unreachable, .timedOut, .cancelled, .hostKey, .authentication])
  func aLinkThatFallsUnderACommandLeavesItInDoubt(_ code: HostError.Code) async {
    let bench = ActionBench(Apt.replies())
    bench.host.set(.loses(HostError(code, "The link to cp-1 is gone.")))
    #expect(await bench.perform(step).isLost)
    #expect(await bench.probe(step).name == "attached")
    // Going on with the attempt takes the stored result; nothing is installed twice.
    #expect(await bench.perform(step).outcome?.summary == "Installed kubeadm 1.20.15-00 on cp-1.")
    #expect(bench.host.commands.count == 1)
  }

  @Test func aCommandThatNeverStartedHasFailed() async {
    let bench = ActionBench(Apt.replies())
    bench.host.set(.neverStarts(HostError(.failed, "There is no space for the command's files on cp-1.")))
    let result = await bench.perform(step)
    #expect(!result.isLost)
    #expect(result.failure?.code == "host-failed")
  }

  @Test func aCommandThatMayHaveStartedIsInDoubt() async {
    let bench = ActionBench(Apt.replies())
    bench.host.set(ActionBench.key(), .running)
    bench.host.set(.neverStarts(HostError(.failed, "The watcher on cp-1 is gone.")))
    #expect(await bench.perform(step).isLost)
  }

  @Test func aFencedPawlHasChangedNothing() async {
    let bench = ActionBench(Apt.replies())
    bench.host.set(.neverStarts(HostError(.fenced, "Another Pawl has taken cp-1 over.")))
    let result = await bench.perform(step)
    #expect(result == .failed(StepFailure(code: "fenced", message: "Another Pawl has taken cp-1 over.")))
  }

  @Test func aLinkThatFallsAfterTheCommandLeavesItInDoubt() async {
    let bench = ActionBench(Apt.replies())
    bench.host.set(lookError: HostError(.linkLost, "The link to cp-1 is gone."))
    #expect(await bench.perform(step).isLost, "the packages are installed, only not verified")
    #expect(await bench.probe(step).name == "unreachable")
  }

  @Test func aStepThatTakesTooLongIsEndedOnTheHost() async {
    var bench = ActionBench(Apt.replies())
    let watchdog = GatedClock()
    bench.watchdog = watchdog
    bench.host.set(.hangs { watchdog.open() })
    let result = await bench.perform(step)
    #expect(!result.isLost)
    #expect(result.failure?.code == "step-timed-out")
    #expect(
      result.failure?.message == "Step 1.20/step@cp-1 did not end within its limit of 600 s and was stopped.")
    #expect(bench.host.terminated == [ActionBench.key()])
  }

  @Test func aCommandThatHasEndedIsNotEndedAgain() async {
    var bench = ActionBench(Apt.replies())
    let watchdog = GatedClock()
    bench.watchdog = watchdog
    bench.host.set(lookHangs: { watchdog.open() })
    #expect(await bench.perform(step).failure?.code == "step-timed-out")
    #expect(bench.host.terminated.isEmpty)
  }

  @Test func aCancelledStepLeavesItsCommandRunningAndInDoubt() async {
    let bench = ActionBench(Apt.replies())
    let begun = AsyncStream<Void>.makeStream()
    bench.host.set(.hangs { begun.continuation.finish() })
    let task = Task { await bench.perform(Apt.step) }
    for await _ in begun.stream {}
    task.cancel()
    let result = await task.value
    #expect(result.isLost)
    #expect(result.failure?.code == "cancelled")
    #expect(bench.host.terminated.isEmpty)
  }

  @Test(arguments: [nil, HostError(.linkLost, "The link to cp-1 is gone.")])
  func aStepThatIsStoppedOnRequestEndsItsCommandOrSaysThatItMayRun(_ trouble: HostError?) async {
    let bench = ActionBench(Apt.replies())
    bench.host.set(terminateError: trouble)
    bench.host.set(.hangs { bench.stops.continuation.yield() })
    let result = await bench.perform(step)
    #expect(result.isStopped)
    #expect(
      result.failure?.message
        == (trouble == nil
          ? "Step 1.20/step@cp-1 was stopped on request; its command on cp-1 was ended."
          : """
          Step 1.20/step@cp-1 was to be stopped, but its command may still run on cp-1: The link to cp-1 is gone.
          """))
    #expect(bench.host.terminated == (trouble == nil ? [ActionBench.key()] : []))
    // What was ended is not gone on with: the probe looks at the host itself.
    #expect(await bench.probe(step).name != "attached" || trouble != nil)
  }

  @Test func aCommandThatASignalEndedIsNotTakenForTheSteps() async {
    let bench = ActionBench(Apt.replies())
    bench.host.set(ActionBench.key(), .finished(HostCommandResult(status: 143, output: "")))
    #expect(await bench.probe(step).name != "attached")
  }

  @Test func aClusterStepIsProbedWithoutItsHost() async {
    var bench = ActionBench([], World(nodes: [Sample.node()]))
    bench.hostError = HostError(.unreachable, "cp-1 does not answer.")
    #expect(await bench.probe(ActionBench.step("node/drain@v1")).name == "not started")
  }

  @Test func outputIsPassedOn() async {
    let bench = ActionBench(Apt.replies())
    _ = await bench.perform(step)
    #expect(bench.log.statuses == ["apt-get installs kubeadm 1.20.15-00 on cp-1"])
    #expect(bench.log.output.joined().contains(Apt.done))
  }
}

@Suite struct JobKeyTests {
  private func name(_ step: String, attempt: Int = 1, number: Int = 1) -> String {
    JobKey(run: ActionBench.run, step: StepID(step), attempt: attempt, number: number).name
  }

  @Test(arguments: [
    ("1.20/drain@worker-3", "1.20_2fdrain_40worker-3.1.1"), ("a_b", "a_5fb.1.1"),
    ("caf\u{e9}", "caf_c3_a9.1.1"),
    ("-x", "x__-x.1.1"),
  ])
  func areSafeForHosts(_ step: String, _ expected: String) { #expect(name(step) == expected) }

  @Test func areUnique() {
    let names = [
      name("a/b"), name("a@b"), name("a_b"), name("a-b"), name("a.b"), name("a_2fb"), name("a/b", attempt: 2),
      name("a/b", number: 2),
    ]
    #expect(Set(names).count == names.count)
  }

  @Test func longIdsAreCutAndStayUnique() {
    let long = String(repeating: "workers/", count: 40)
    #expect(name(long + "a").utf8.count == 128)
    #expect(name(long + "a") != name(long + "b"))
    #expect(name(long + "a", attempt: 12).hasSuffix(".12.1"))
  }
}

@Suite struct ParameterTests {
  private func parameters(_ with: [String: Value]) -> StepParameters {
    StepParameters(ActionBench.step("node/drain@v1", with: with))
  }

  @Test(arguments: [
    (Value.int(90), 90), (.string("90"), 90), (.string("45s"), 45), (.string("10m"), 600),
    (.string("1h30m"), 5400),
    (.string("1h0m5s"), 3605),
  ])
  func durations(_ value: Value, _ seconds: Int) throws {
    #expect(try parameters(["timeout": value]).seconds("timeout", default: 1) == seconds)
  }

  @Test(arguments: [
    Value.int(0), .int(-5), .string(""), .string("10" + "x"), .string("m"), .string("5m1h"),
    .string("5" + "m5"),
    .string("1m1m"), .bool(true), .string("99999999999999999999h"),
  ])
  func badDurations(_ value: Value) {
    #expect(throws: StepFailure.self) { try parameters(["timeout": value]).seconds("timeout", default: 1) }
  }

  @Test func versionsComeBackFromAPlanFileAsText() throws {
    #expect(try parameters(["version": .version(Sample.new)]).version("version") == Sample.new)
    #expect(try parameters(["version": .string("v1.20.15")]).version("version") == Sample.new)
    for bad in [Value.string("1.20"), .int(1), .null] {
      #expect(throws: StepFailure.self) { try parameters(["version": bad]).version("version") }
    }
  }

  @Test func choicesNameWhatIsAllowed() {
    #expect {
      let _: Policy.LossPolicy = try parameters(["localData": .string("maybe")]).choice("localData")
    } throws: { error in
      "\(error)" == "Step 1.20/step@cp-1 (node/drain@v1) needs `localData` to be one of refuse, delete."
    }
  }
}
