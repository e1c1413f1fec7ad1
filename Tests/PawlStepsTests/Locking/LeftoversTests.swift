import Foundation
import PawlEngine
import PawlModel
import PawlPlan
import PawlSimulation
import PawlSteps
import Testing

@Suite("What vanished runs leave behind")
struct LeftoversTests {
  private let cluster = SimulatedCluster(.demo())

  private func search(_ run: String? = nil) -> LeftoverSearch {
    LeftoverSearch(
      cluster: cluster, leases: cluster, hosts: cluster, hostNames: ["worker-1"], run: run.map { RunID($0) })
  }

  private func lock() async throws -> ClusterLock {
    let holder = LockHolder(run: RunID("pawl-release"), owner: "bob@ops-2", processID: 8, since: Date())
    return try await ClusterLockRequest(holder, in: cluster, takeOver: true, clock: cluster.clock).acquire()
  }

  private func run(_ argv: [String], of run: String, on host: String) async throws {
    _ = try await cluster.session(to: host).runDetached(
      HostCommand(argv, asRoot: true), key: JobKey(run: RunID(run), name: "s.1.1"), epoch: 1
    ) { _ in }
  }

  private func mark(_ node: String, _ run: String?) async throws {
    try await cluster.patchNode(
      named: node, unschedulable: true, annotations: run.map { ["pawl.dev/cordoned-by": $0] } ?? [:])
  }

  @Test("A fresh cluster has none")
  func nothing() async throws {
    #expect(try await search().find().isEmpty)
  }

  @Test("Cordons of runs are found, those of administrators are not")
  func finds() async throws {
    try await mark("worker-1", "run-1")
    try await mark("worker-2", nil)
    try await mark("worker-3", "run-2")
    let holder = LockHolder(run: RunID("run-3"), owner: "alice@ops-1", processID: 7, since: Date())
    _ = try await ClusterLockRequest(holder, in: cluster, clock: cluster.clock).acquire()
    let all = try await search().find()
    #expect(
      all.cordons == [
        .init(node: "worker-1", run: RunID("run-1")), .init(node: "worker-3", run: RunID("run-2")),
      ])
    #expect(all.lock?.run == RunID("run-3"))
    #expect(all.runs.map(\.text) == ["run-1", "run-2", "run-3"])
    let some = try await search("run-2").find()
    #expect(some.cordons.map(\.node) == ["worker-3"] && some.lock == nil)
  }

  @Test("Files of a run's commands are found on every host and removed; another run's stay")
  func files() async throws {
    for (host, name) in [("worker-2", "run-2"), ("worker-1", "run-1"), ("worker-1", "run-2")] {
      try await run(["true"], of: name, on: host)
    }
    let all = LeftoverSearch(
      cluster: cluster, leases: cluster, hosts: cluster, hostNames: ["worker-2", "worker-1"], run: nil)
    #expect(
      try await all.find().jobs == [
        .init(host: "worker-1", run: RunID("run-1")), .init(host: "worker-1", run: RunID("run-2")),
        .init(host: "worker-2", run: RunID("run-2")),
      ])
    let lock = try await lock()
    for jobs in try await search("run-2").find().jobs { try await all.remove(jobs, under: lock) }
    #expect(
      try await all.find().jobs == [
        .init(host: "worker-1", run: RunID("run-1")), .init(host: "worker-2", run: RunID("run-2")),
      ])
  }

  @Test("Files of old runs go; those of younger ones, of runs to be resumed and of other names stay")
  func oldFiles() async throws {
    let now = try #require(RunID("20261121-104512-x-0001").createdAt)
    let names = [
      "20261107-104511-x-0001", "20261107-104513-x-0001", "20260101-000000-x-0001", "run-2",
      "20260101-000000-kept-0001",
    ]
    for name in names { try await run(["true"], of: name, on: "worker-1") }
    let old = OldRunFiles(
      hosts: cluster, hostNames: ["worker-2", "worker-1", "worker-9"], keeping: [RunID(names[4])], now: now)
    #expect(
      await old.remove() == [
        .init(host: "worker-1", run: RunID(names[2])), .init(host: "worker-1", run: RunID(names[0])),
      ])
    #expect(try await search().find().jobs.map(\.run.text) == [names[4], names[1], "run-2"].sorted())
    #expect(await old.remove() == [])
  }

  @Test("A cordon goes with its mark; one that somebody else has set meanwhile stays")
  func uncordons() async throws {
    try await mark("worker-1", "run-1")
    try await mark("worker-2", "run-1")
    let found = try await search().find()
    try await cluster.patchNode(
      named: "worker-2", unschedulable: nil, annotations: ["pawl.dev/cordoned-by": nil])
    let lock = try await lock()
    for cordon in found.cordons { try await search().uncordon(cordon, under: lock) }
    let first = try await cluster.node(named: "worker-1")
    #expect(first?.unschedulable == false && first?.annotations == [:])
    #expect(try await cluster.node(named: "worker-2")?.unschedulable == true)
  }

  @Test("Packages that a cut-off installation took off hold are put back; others are left as they are")
  func holds() async throws {
    let step = PlanStep(
      id: StepID("install"), title: "", uses: "apt/install@v1", host: "worker-1", path: [], needs: [],
      with: ["holds": .list([.string("kubeadm"), .string("kubelet")])], retry: .never, timeoutSeconds: 60,
      reversibility: .final, estimateSeconds: 1, effects: [])
    let plan = Plan(
      cluster: "demo", runbook: RunbookReference(name: "r", version: "1.0.0", digest: ""), inputs: [:],
      title: "",
      versions: [], steps: [step], skipped: [], notes: [], basis: [:])
    let started = RunEvent(sequence: 1, time: Date(), kind: .stepStarted(StepID("install"), attempt: 1))
    let search = LeftoverSearch(
      cluster: cluster, leases: cluster, hosts: cluster, hostNames: ["worker-1", "worker-2"], run: nil,
      journals: [RunID("run-1"): StoppedRun(plan: plan, state: try RunState(plan: plan, events: [started]))])
    try await run(["apt-mark", "unhold", "kubelet", "kubectl"], of: "run-1", on: "worker-1")
    let found = try await search.find()
    #expect(found.holds == [.init(host: "worker-1", run: RunID("run-1"), packages: ["kubelet"])])
    let lock = try await lock()
    for jobs in found.jobs { try await search.remove(jobs, under: lock) }
    for holds in found.holds { try await search.restore(holds, under: lock) }
    #expect(await cluster.state.hosts["worker-1"]?.holds == ["kubeadm", "kubelet"])
    #expect(try await search.find().jobs == [])
  }

  @Test("Nothing is removed once the lock is lost")
  func lostLock() async throws {
    try await mark("worker-1", "run-1")
    try await run(["true"], of: "run-1", on: "worker-1")
    let found = try await search().find()
    let lost = try await lock()
    let thief = LockHolder(run: RunID("run-9"), owner: "eve@ops-3", processID: 9, since: Date())
    _ = try await ClusterLockRequest(thief, in: cluster, takeOver: true, clock: cluster.clock).acquire()
    let jobs = try #require(found.jobs.first)
    let cordon = try #require(found.cordons.first)
    await #expect(throws: ClusterLockError.self) { try await search().remove(jobs, under: lost) }
    await #expect(throws: ClusterLockError.self) { try await search().uncordon(cordon, under: lost) }
    let left = try await search().find()
    #expect(left.jobs == found.jobs && left.cordons == found.cordons)
  }

  @Test("A host that can't be asked is said, and the rest is found all the same")
  func unreachable() async throws {
    try await mark("worker-1", "run-1")
    await cluster.setReachable("worker-1", false)
    let found = try await search().find()
    #expect(found.cordons.count == 1 && found.unseen.count == 1)
    #expect(found.unseen.first?.contains("worker-1") == true)
  }
}
