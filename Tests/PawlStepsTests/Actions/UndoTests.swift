import PawlEngine
import PawlModel
import PawlPlan
import PawlSteps
import Testing

@Suite struct UndoTests {
  private static let drain = ActionBench.step("node/drain@v1")
  private static let hold = ["apt-mark", "hold", "kubeadm"]

  @Test func theseActionsHaveOne() {
    let found = EveryActionTests.references.filter {
      ActionRegistry.standard.hasUndo(ActionBench.step($0))
    }
    #expect(found == ["apt/install@v1", "node/drain@v1", "packages/upgrade@v1"])
  }

  @Test(arguments: ["apt/install@v1", "node/drain@v1", "packages/upgrade@v1"])
  func canBeDoneTwiceAndChangesNothingTheSecondTime(_ reference: String) async throws {
    let scenario = try #require(EveryActionTests.scenarios[reference])
    let bench = ActionBench(scenario.replies, scenario.world)
    let step = ActionBench.step(reference, with: scenario.with, host: scenario.host)
    #expect(await bench.perform(step).failure == nil)
    _ = try await bench.undo(step)
    let (commands, changes) = (bench.host.commands, bench.cluster.changes)
    #expect(try await bench.undo(step, attempt: 2).changed == false)
    #expect(bench.host.commands == commands && bench.cluster.changes == changes)
  }

  @Test(arguments: [
    (
      Sample.node(cordoned: true, by: ActionBench.run.text), ["patch cp-1 uncordon pawl.dev/cordoned-by=-"],
      "cp-1 takes pods again."
    ),
    (Sample.node(cordoned: true), [], "cp-1 stays cordoned: somebody else cordoned it."),
    (
      Sample.node(cordoned: true, by: "20250101-x"), [],
      "cp-1 stays cordoned: run 20250101-x cordoned it, not this one."
    ),
    (Sample.node(), [], "cp-1 takes pods already."),
    (Sample.node("cp-2"), [], "cp-1 is no longer in the cluster."),
  ])
  func ofADrainTakesOnlyTheRunsOwnCordonAway(
    _ node: ClusterNode, _ changes: [String], _ says: String
  ) async throws {
    let bench = ActionBench([], World(nodes: [node]))
    #expect(try await bench.undo(Self.drain) == StepOutcome(says, changed: !changes.isEmpty))
    #expect(bench.cluster.changes == changes)
  }

  @Test func ofAnInstallationPutsMissingHoldsBackAndTouchesNoPackage() async throws {
    var replies = Apt.replies(found: "kubeadm\t1.20.15-00\tiU \n", holds: "")
    replies.append(.init(Apt.showHolds, "kubeadm\n"))
    let bench = ActionBench(replies)
    #expect(
      try await bench.undo(Apt.step) == StepOutcome("kubeadm on hold again on cp-1.", changed: true))
    #expect(bench.host.commands.map(\.steps) == [[Self.hold]])
    #expect(bench.host.commands.first?.asRoot == true)
  }

  @Test func ofAnInstallationThatDoesNotHelpFails() async throws {
    let bench = ActionBench(Apt.replies(holds: ""))
    let failure = await #expect(throws: StepFailure.self) { try await bench.undo(Apt.step) }
    #expect(failure?.message == "kubeadm could not be put on hold again on cp-1.")
    #expect(failure?.retry == .temporary)
  }

  /// A host keeps the results of an attempt's commands by name, and would give the old one again.
  @Test func eachAttemptOfAnUndoHasACommandOfItsOwn() async throws {
    let bench = ActionBench(Apt.replies(holds: ""))
    bench.host.set(ActionBench.key(), .finished(HostCommandResult(status: 0, output: "", errorOutput: "")))
    for attempt in 1...2 {
      _ = await #expect(throws: StepFailure.self) { try await bench.undo(Apt.step, attempt: attempt) }
    }
    #expect(bench.host.commands.count == 2)
  }

  @Test func isNotThereForOtherActions() async throws {
    let failure = await #expect(throws: StepFailure.self) {
      try await ActionBench().undo(ActionBench.step("apt/update@v1"))
    }
    #expect(failure?.code == "no-undo")
  }
}
