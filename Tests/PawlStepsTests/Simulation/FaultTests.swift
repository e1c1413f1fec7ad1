import PawlEngine
import PawlModel
import PawlSimulation
import PawlSteps
import Testing

@Suite("Faults strike where they are told to")
struct FaultTests {
  let cluster = SimulatedCluster(.demo())
  let update = HostCommand(["apt-get", "update", "-q"], asRoot: true, timeoutSeconds: 60)
  let key = JobKey(run: RunID("run-1"), name: "update.1.1")

  private func detached(_ command: HostCommand? = nil) async throws -> HostCommandResult {
    try await cluster.session(to: "worker-1").runDetached(command ?? update, key: key, epoch: 1) { _ in }
  }

  private func install() -> HostCommand {
    HostCommand(
      [
        "apt-get", "install", "-y", "--allow-change-held-packages", "kubeadm=1.30.14-1.1",
        "kubectl=1.30.14-1.1",
      ],
      asRoot: true, timeoutSeconds: 60)
  }

  @Test("the n-th matching command fails without an effect, on the host that is meant")
  func failing() async throws {
    await cluster.inject(
      SimulatedFault(
        .fail(status: 100, "E: Could not get lock"), at: "apt-get update", on: "worker-1", occurrence: 2))
    let other = try await cluster.session(to: "worker-2")
    let session = try await cluster.session(to: "worker-1")
    var statuses: [Int] = []
    for _ in 0..<2 { statuses.append(try await other.run(update).status) }
    for _ in 0..<3 { statuses.append(try await session.run(update).status) }
    #expect(statuses == [0, 0, 0, 100, 0])
  }

  @Test("a failure after the effect leaves the effect")
  func failingAfterEffect() async throws {
    await cluster.inject(SimulatedFault(.failAfterEffect(status: 1, "late trouble"), at: "apt-mark unhold"))
    let session = try await cluster.session(to: "worker-1")
    let result = try await session.run(HostCommand(["apt-mark", "unhold", "kubeadm"], asRoot: true))
    #expect(result.status == 1 && result.errorOutput == "late trouble\n")
    #expect(await cluster.ledger.map(\.change) == [.unheld(host: "worker-1", package: "kubeadm")])
  }

  @Test("a link lost before the start: nothing was started")
  func linkLostBefore() async throws {
    await cluster.inject(SimulatedFault(.loseLinkBefore, at: "apt-get install"))
    let error = await #expect(throws: HostError.self) { try await detached(install()) }
    #expect(error?.code == .linkLost)
    let session = try await cluster.session(to: "worker-1")
    #expect(try await session.jobState(key) == .absent)
    #expect(await cluster.ledger == [])
    #expect(try await detached(install()).succeeded)
  }

  @Test("a link lost during a command: it goes on by itself and is found again")
  func linkLostDuring() async throws {
    await cluster.inject(SimulatedFault(.loseLinkDuring, at: "apt-get install"))
    await #expect(throws: HostError.self) { try await detached(install()) }
    let session = try await cluster.session(to: "worker-1")
    #expect(try await session.jobState(key) == .running)
    #expect(try await detached(install()).succeeded)
    #expect(await cluster.ledger.count == 4)
  }

  @Test("a link lost after the effect: the stored result is there")
  func linkLostAfter() async throws {
    await cluster.inject(SimulatedFault(.loseLinkAfter, at: "apt-get install"))
    await #expect(throws: HostError.self) { try await detached(install()) }
    #expect(await cluster.ledger.count == 4)
    let session = try await cluster.session(to: "worker-1")
    guard case .finished(let result) = try await session.jobState(key) else {
      Issue.record("the command must have finished")
      return
    }
    #expect(result.succeeded)
    #expect(try await detached(install()) == result)
    #expect(await cluster.ledger.count == 4)
  }

  @Test("an installation killed halfway leaves a package that dpkg --configure -a repairs")
  func killedHalfway() async throws {
    await cluster.inject(SimulatedFault(.killHalfway, at: "apt-get install"))
    await #expect(throws: HostError.self) { try await detached(install()) }
    let session = try await cluster.session(to: "worker-1")
    guard case .lost = try await session.jobState(key) else {
      Issue.record("the command must be lost")
      return
    }
    let audit = try await session.run(HostCommand(["dpkg", "--audit"]))
    #expect(try HostFact.brokenPackages.parse(audit) == ["kubeadm"])
    #expect(try await session.run(install()).errorOutput.contains("dpkg --configure -a"))
    #expect(try await session.run(HostCommand(["dpkg", "--configure", "-a"], asRoot: true)).succeeded)
    #expect(try await session.run(install()).succeeded)
  }

  @Test("a command that overruns is ended at its limit")
  func overrun() async throws {
    await cluster.inject(SimulatedFault(.overrun, at: "apt-get update"))
    let error = await #expect(throws: HostError.self) { try await detached() }
    #expect(error?.code == .timedOut)
    #expect(await cluster.now >= .seconds(60))
    guard case .finished(let result) = try await cluster.session(to: "worker-1").jobState(key) else {
      Issue.record("the command must be over")
      return
    }
    #expect(result.status == 143)
  }

  @Test("API calls fail before or after their effect")
  func apiFaults() async throws {
    await cluster.inject(SimulatedFault(.loseLinkBefore, at: "PATCH nodes/worker-1"))
    await cluster.inject(SimulatedFault(.loseLinkAfter, at: "PATCH nodes/worker-2"))
    await cluster.inject(SimulatedFault(.fail(status: 500, "internal trouble"), at: "GET version"))
    for name in ["worker-1", "worker-2"] {
      let error = await #expect(throws: ClusterError.self) {
        try await cluster.patchNode(named: name, unschedulable: true, annotations: [:])
      }
      #expect(error?.code == .unreachable)
    }
    #expect(try await cluster.nodes().filter(\.unschedulable).map(\.name) == ["worker-2"])
    let error = await #expect(throws: ClusterError.self) { try await cluster.serverVersion() }
    #expect(error == ClusterError(.failed, "internal trouble"))
  }

  @Test("an API server that is away comes back")
  func apiServerAway() async throws {
    await cluster.takeAPIServerAway(for: .seconds(30))
    let error = await #expect(throws: ClusterError.self) { try await cluster.nodes() }
    #expect(error?.code == .unreachable)
    await cluster.advance(by: .seconds(30))
    #expect(try await cluster.nodes().count == 4)
  }

  @Test("a reboot loses commands, changes the boot id and starts the installed kubelet")
  func reboot() async throws {
    await cluster.edit { $0.hosts["worker-1"]?.installed["kubelet"] = "1.29.14-1.1" }
    await cluster.inject(SimulatedFault(.loseLinkDuring, at: "apt-get update"))
    await #expect(throws: HostError.self) { try await detached() }
    let session = try await cluster.session(to: "worker-1")
    let bootID = HostFact.bootID
    let before = try bootID.parse(try await session.run(bootID.command))
    await cluster.reboot("worker-1")
    let error = await #expect(throws: HostError.self) { try await session.run(bootID.command) }
    #expect(error?.code == .unreachable)
    #expect(try await cluster.node(named: "worker-1")?.ready == false)
    await cluster.advance(by: .seconds(60))
    #expect(try bootID.parse(try await session.run(bootID.command)) != before)
    #expect(try await session.jobState(key) == .lost("The host was rebooted."))
    let node = try await cluster.node(named: "worker-1")
    #expect(node?.ready == true && node?.kubeletVersion == KubernetesVersion(1, 29, 14))
  }
}
