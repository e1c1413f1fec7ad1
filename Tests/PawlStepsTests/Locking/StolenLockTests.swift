import Foundation
import PawlEngine
import PawlModel
import PawlPlan
import PawlSimulation
import PawlSteps
import Testing

@Suite("A run whose lock was taken")
struct StolenLockTests {
  private let cluster = SimulatedCluster(.demo())
  private let run = RunID("run-1")

  private func acquire(_ owner: String, takeOver: Bool = false) async throws -> ClusterLock {
    let holder = LockHolder(
      run: owner == "alice@ops-1" ? run : RunID("run-2"), owner: owner, processID: 7,
      since: Date(timeIntervalSince1970: 1_800_000_000))
    return try await ClusterLockRequest(holder, in: cluster, takeOver: takeOver, clock: cluster.clock)
      .acquire()
  }

  private static func step(_ id: String, _ uses: String, needs: [String] = []) -> PlanStep {
    PlanStep(
      id: StepID(id), title: id, uses: uses, host: "worker-1", path: [], needs: needs.map { StepID($0) },
      with: ["node": .string("worker-1")], retry: .never, timeoutSeconds: 600, reversibility: .compensable,
      estimateSeconds: 1, effects: [])
  }

  private func performer(_ gate: any EffectGate) -> ActionPerformer {
    ActionPerformer(hosts: cluster, cluster: cluster, http: cluster, gate: gate, clock: cluster.clock)
  }

  private func context(_ lock: ClusterLock) -> StepContext {
    StepContext(run: run, attempt: 1, epoch: lock.epoch) { _ in }
  }

  @Test("does not even begin a step that only looks")
  func startsNothing() async throws {
    let mine = try await acquire("alice@ops-1")
    _ = try await acquire("bob@ops-2", takeOver: true)
    let result = await performer(mine).perform(Self.step("s", "cluster/check-health@v1"), in: context(mine))
    #expect(result.failure?.code == "lock-lost", "\(result)")
  }

  @Test(
    "changes neither a node nor a host any more, as soon as it knows",
    arguments: ["node/drain@v1", "apt/update@v1"])
  func stopsBeforeEffects(uses: String) async throws {
    let mine = try await acquire("alice@ops-1")
    _ = try await acquire("bob@ops-2", takeOver: true)
    let result = await performer(mine).perform(Self.step("s", uses), in: context(mine))
    #expect(result.failure?.code == "lock-lost", "\(result)")
    #expect(result.failure?.isTakenOver == true)
    #expect(result.failure?.message.contains("run-2 by bob@ops-2") == true, "\(result)")
    #expect(await cluster.ledger.isEmpty)
  }

  @Test("ends before its next effect, and its journal says why")
  func endsTheRun() async throws {
    let mine = try await acquire("alice@ops-1")
    let plan = Plan(
      cluster: "demo", runbook: RunbookReference(name: "r", version: "1.0.0", digest: ""), inputs: [:],
      title: "Two steps", versions: [],
      steps: [
        Self.step("drain", "node/drain@v1"),
        Self.step("uncordon", "node/uncordon@v1", needs: ["drain"]),
      ], skipped: [], notes: [], basis: [:])
    let facts = try #require(
      await FactGatherer(hosts: cluster, cluster: cluster).gather(for: SimulatedCluster.demoInventory).facts)
    let store = MemoryRunStore()
    try await store.create(
      RunRecord(
        id: run, plan: plan, inventory: SimulatedCluster.demoInventory, facts: facts, createdAt: Date(),
        createdBy: "alice@ops-1", pawlVersion: "0"))
    let thief = StealingGate(lock: mine, cluster: cluster)
    let outcome = try await RunExecutor(store: store, performer: performer(thief), clock: cluster.clock)
      .run(run, by: "alice@ops-1", epoch: mine.epoch)
    #expect(outcome == .failed(StepID("uncordon")))
    #expect(await cluster.state.nodes["worker-1"]?.unschedulable == true)
    let state = try RunState(plan: plan, events: try await store.load(run).events)
    #expect(state.status(of: StepID("drain")).isSucceeded)
    guard case .failed(_, let failure) = state.status(of: StepID("uncordon")) else {
      Issue.record("\(state.status(of: StepID("uncordon")))")
      return
    }
    #expect(failure.isTakenOver && failure.message.contains("bob@ops-2"))
    #expect(await mine.release() == nil)
    #expect(try await cluster.lease(namespace: "kube-system", name: "pawl")?.lockHolder?.owner == "bob@ops-2")
  }

  @Test("is refused by every host from the take-over on, whether the new run has been there or not")
  func fencedAtTakeOver() async throws {
    let mine = try await acquire("alice@ops-1")
    let other = try await acquire("bob@ops-2", takeOver: true)
    #expect(!mine.hasReplaced && other.hasReplaced)
    await cluster.setReachable("worker-2", false)
    let complaints = await other.raiseFence(on: cluster, named: ["worker-2", "worker-1"])
    #expect(complaints.count == 1 && complaints.first?.hasPrefix("worker-2 could not be told") == true)
    #expect(try await cluster.session(to: "worker-1").runsWithJobs() == [])
    let update = Self.step("u", "apt/update@v1")
    let result = await performer(OpenGate()).perform(update, in: context(mine))
    #expect(result.failure?.code == "fenced", "\(result)")
  }

  @Test("is refused by a host that has seen the new holder, even when it has noticed nothing")
  func fenced() async throws {
    let mine = try await acquire("alice@ops-1")
    let other = try await acquire("bob@ops-2", takeOver: true)
    let update = Self.step("u", "apt/update@v1")
    _ = await performer(other).perform(
      update, in: StepContext(run: RunID("run-2"), attempt: 1, epoch: other.epoch) { _ in })
    let before = await cluster.ledger.count
    let result = await performer(OpenGate()).perform(update, in: context(mine))
    #expect(result.failure?.code == "fenced" && result.failure?.isTakenOver == true)
    #expect(await cluster.ledger.count == before)
  }
}

/// Lets a run through until it has drained its node; then somebody takes the lock while the process stands still.
private actor StealingGate: EffectGate {
  private let lock: ClusterLock
  private let cluster: SimulatedCluster
  private var stolen = false

  init(lock: ClusterLock, cluster: SimulatedCluster) {
    self.lock = lock
    self.cluster = cluster
  }

  func check() async throws(StepFailure) {
    let evicted = await cluster.ledger.contains { if case .podEvicted = $0.change { true } else { false } }
    let left = await cluster.state.pods.values.contains { pod in
      pod.node == "worker-1" && pod.controller?.kind != "DaemonSet"
    }
    if !stolen, evicted, !left {
      stolen = true
      let thief = LockHolder(
        run: RunID("run-2"), owner: "bob@ops-2", processID: 8, since: Date(timeIntervalSince1970: 0))
      do throws(ClusterLockError) {
        _ = try await ClusterLockRequest(thief, in: cluster, takeOver: true, clock: cluster.clock).acquire()
      } catch {
        Issue.record("\(error)")
      }
    }
    try await lock.check()
  }
}
