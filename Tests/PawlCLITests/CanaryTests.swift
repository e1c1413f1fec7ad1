import ArgumentParser
import Foundation
import PawlEngine
import PawlModel
import PawlPlan
import PawlSimulation
import PawlSteps
import PawlTestSupport
import Testing

@testable import PawlCLI

/// Secrets that are planted wherever Pawl reads something, and looked for wherever it writes.
private enum Canary {
  static let token = "canary-kubeconfig-token-1f00"
  static let bearer = "canary-bearer-2f00"
  static let passphrase = "canary-passphrase-3f00"
  static let bootstrap = "cafe42.0123456789canary"
  static let key = "Y2FuYXJ5LXByaXZhdGUta2V5"
  static let all = [token, bearer, passphrase, bootstrap, key]

  /// What a careless program prints.
  static let speech = """
    using \(token)
    Authorization: Bearer \(bearer)
    ssh-keygen --passphrase \(passphrase)
    kubeadm join 10.0.0.1:6443 --token \(bootstrap)
    -----BEGIN OPENSSH PRIVATE KEY-----
    \(key)
    -----END OPENSSH PRIVATE KEY-----

    """

  static func found(in data: Data) -> [String] { all.filter { data.range(of: Data($0.utf8)) != nil } }
  static func found(in bytes: [UInt8]) -> [String] { found(in: Data(bytes)) }
}

@Suite("Secrets stay where they are")
struct CanaryTests {
  private let directory: TemporaryDirectory

  init() throws { directory = try TemporaryDirectory() }

  @Test(
    "No secret that a host prints reaches the journal's files or the screen", arguments: ["human", "json"])
  func journalAndScreen(_ format: String) async throws {
    let state = directory.path + "/state"
    let result = await #expect(
      processExitsWith: .exitCode(1), observing: [\.standardOutputContent, \.standardErrorContent]
    ) { [state = state as String, format = format as String] in
      let cluster = SimulatedCluster.demo(pace: .timesFaster(50))
      let world = World(
        hosts: CarelessHosts(inner: cluster), cluster: cluster, http: cluster, leases: cluster,
        clock: PacedClock(speed: 50),
        redactor: Redactor(secrets: [Canary.token]), close: {})
      let inventory = SimulatedCluster.demoInventory
      let facts = try #require(
        await FactGatherer(hosts: cluster, cluster: cluster).gather(for: inventory).facts)
      let plan = try Catalogue.planner.plan(
        Planner.Request(
          runbook: try Catalogue.builtIn("kubeadm-upgrade"), inventory: inventory, facts: facts,
          inputs: ["target": try RunbookInputs.version("1.30")]))
      let workflow = try RunWorkflow.open(
        try StateOptions.parse(["--state", state]), output: try OutputOptions.parse(["-o", format]))
      let status = try await workflow.start(plan, inventory: inventory, facts: facts, world: world)
      exit(status.rawValue)
    }
    let screen = try #require(result)
    #expect(Canary.found(in: screen.standardOutputContent + screen.standardErrorContent) == [])
    #expect(String(decoding: screen.standardOutputContent, as: UTF8.self).contains(Redactor.mark))
    var kept = Data()
    for file in try FileManager.default.subpathsOfDirectory(atPath: state) {
      var isDirectory: ObjCBool = false
      let path = state + "/" + file
      guard FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory), !isDirectory.boolValue
      else {
        continue
      }
      kept += try Data(contentsOf: URL(filePath: path))
    }
    #expect(Canary.found(in: kept) == [])
    #expect(kept.range(of: Data("ssh-keygen --passphrase \(Redactor.mark)".utf8)) != nil, "output is kept")
  }

  @Test("No secret of the kubeconfig reaches the screen, and the redactor knows it")
  func kubeconfig() async throws {
    let file = directory.path + "/kubeconfig"
    try """
    {"current-context": "c", "contexts": [{"name": "c", "context": {"cluster": "k", "user": "u"}}],
     "clusters": [{"name": "k", "cluster": {"server": "https://127.0.0.1:1"}}],
     "users": [{"name": "u", "user": {"token": "\(Canary.token)"}}]}
    """.write(toFile: file, atomically: true, encoding: .utf8)
    #expect(try KubeCluster.open(KubernetesAccess(kubeconfig: file)).secrets == [Canary.token])
    for (name, text) in [
      ("known_hosts", ""), ("key", "-----BEGIN OPENSSH PRIVATE KEY-----\n\(Canary.key)\n"),
      (
        "inventory.yaml",
        """
        apiVersion: pawl.dev/v1alpha1
        kind: Inventory
        metadata: {name: x}
        kubernetes: {kubeconfig: kubeconfig}
        ssh: {user: u, keys: [key], knownHosts: [known_hosts], connectTimeout: 2s}
        hosts: [{name: a, address: 127.0.0.1, port: 1, roles: [control-plane]}]
        """
      ),
    ] { try text.write(toFile: directory.path + "/" + name, atomically: true, encoding: .utf8) }
    let pawl = PawlProgram(directory: directory.path, environment: ["PAWL_LOG_LEVEL": "debug"])
    for command in [["check"], ["facts"], ["inventory", "show"], ["upgrade", "--to", "1.30", "--yes"]] {
      let result = try await pawl.run(command + ["-i", "inventory.yaml"])
      #expect(Canary.found(in: Data((result.output + result.errors).utf8)) == [], "\(command)")
    }
  }
}

/// Hosts whose detached commands print secrets and fail.
private struct CarelessHosts: HostSessions {
  let inner: SimulatedCluster

  func session(to host: String) async throws(HostError) -> any HostSession {
    CarelessHost(inner: try await inner.session(to: host))
  }
}

private struct CarelessHost: HostSession {
  let inner: any HostSession
  var host: String { inner.host }

  func run(_ command: HostCommand) async throws(HostError) -> HostCommandResult {
    try await inner.run(command)
  }

  func runDetached(
    _ command: HostCommand, key: JobKey, epoch: Int, onOutput: @escaping @Sendable (String) -> Void
  ) async throws(HostError) -> HostCommandResult {
    for piece in Canary.speech.split(separator: "a", omittingEmptySubsequences: false).joined(separator: "a|")
      .split(separator: "|")
    { onOutput(String(piece)) }
    return HostCommandResult(status: 1, output: Canary.speech, errorOutput: "E: " + Canary.speech)
  }

  func jobState(_ key: JobKey) async throws(HostError) -> JobState { try await inner.jobState(key) }
  func terminate(_ key: JobKey) async throws(HostError) { try await inner.terminate(key) }
  func runsWithJobs() async throws(HostError) -> [RunID] { try await inner.runsWithJobs() }
  func removeJobs(of run: RunID) async throws(HostError) { try await inner.removeJobs(of: run) }
}
