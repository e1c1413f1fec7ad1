import Foundation
import Logging
import PawlEngine
import PawlModel
import PawlSimulation
import PawlSteps
import PawlTestSupport
import Synchronization
import Testing

@testable import PawlCLI

@Suite("The log")
struct LoggingTests {
  private static let secret = "hidden-value-1f00"
  private let cluster = SimulatedCluster.demo(pace: .instant)
  private let log = CapturedLog()

  private func world(at level: Logger.Level) -> World {
    World(
      hosts: cluster, cluster: cluster, http: cluster, leases: cluster,
      redactor: Redactor(secrets: [Self.secret]), close: {}
    ).logged(at: level, by: log.handler)
  }

  @Test("A command is logged when it begins and when it ends, with its status")
  func command() async throws {
    let host = SimulatedCluster.demoInventory.hosts[0].name
    let session = try await world(at: .debug).hosts.session(to: host)
    let status = try await session.run(HostCommand(["cat", "no such file"])).status
    #expect(
      log.lines == [
        "pawl.hosts: session began host=\(host)", "pawl.hosts: session ended host=\(host)",
        "pawl.hosts: run began command=cat 'no such file' host=\(host)",
        "pawl.hosts: run ended command=cat 'no such file' host=\(host) status=\(status)",
      ])
  }

  @Test("Calls to the API server and to leases are logged, with what they are about and what came of them")
  func apiServer() async throws {
    let world = world(at: .trace)
    let count = try await world.cluster.nodes().count
    _ = try await world.cluster.node(named: "nobody")
    _ = try await world.leases.lease(namespace: "kube-system", name: "x")
    #expect(
      log.lines.filter { !$0.contains("began") } == [
        "pawl.cluster: nodes ended status=\(count) nodes", "pawl.cluster: node ended node=nobody status=none",
        "pawl.cluster: lease ended lease=kube-system/x status=none",
      ])
  }

  @Test(
    "No secret is logged: not of arguments, also where the command is cut, nor of standard input or errors")
  func secrets() async throws {
    let hosts = world(at: .debug).hosts
    let session = try await hosts.session(to: SimulatedCluster.demoInventory.hosts[0].name)
    let cut = String(repeating: "x", count: 190)
    for argv in [["kubeadm", "join", "--token", "abcdef.0123456789abcdef"], ["echo", cut, Self.secret]] {
      _ = try await session.run(
        HostCommand(
          steps: [argv], environment: ["KEY": Self.secret], standardInput: Array(Self.secret.utf8),
          asRoot: false, timeoutSeconds: 1))
    }
    await #expect(throws: HostError.self) { _ = try await hosts.session(to: Self.secret) }
    let text = log.lines.joined(separator: "\n")
    #expect(!text.contains("hidden") && !text.contains("abcdef"), "\(text)")
    #expect(text.contains("--token '\(Redactor.mark)'") && text.contains("x '[r…"), "\(text)")
    #expect(
      text.contains("session failed error=The simulated cluster has no host \(Redactor.mark)"), "\(text)")
  }

  @Test("A host's fence for a cluster is asked of the hosts behind the log")
  func fence() {
    let hosts = LoggingHosts(
      inner: FencedHosts(),
      log: CallLog(logger: Logger(label: "x", factory: log.handler), redactor: Redactor()))
    #expect(((hosts.fenced(for: "c") as? LoggingHosts)?.inner as? FencedHosts)?.fence == "c")
  }

  @Test("Above debug nothing stands between Pawl and the world")
  func quiet() async throws {
    #expect(world(at: .info).hosts is SimulatedCluster)
    #expect(world(at: .debug).hosts is LoggingHosts)
  }

  @Test("An event is one line, whatever is in it")
  func line() {
    var handler = StandardErrorLog(label: "pawl.x")
    handler[metadataKey: "b"] = "two\n\u{1B}[2Jlines"
    let event = LogEvent(
      level: .debug, message: "it\nis", metadata: ["a": "1", "c": "say \"x\""], source: "", file: "",
      function: "", line: 0)
    #expect(
      handler.line(event, at: Date(timeIntervalSince1970: 0.25))
        == #"1970-01-01T00:00:00.250Z debug pawl.x: it\nis a=1 b="two\n\u{1B}[2Jlines" c="say \"x\"""#)
  }
}

@Suite("--log-level")
struct LogLevelTests {
  private let demo = ["demo", "--dry-run", "--speed", "10000"]
  private func pawl(_ level: String) -> PawlProgram {
    PawlProgram(directory: PawlProgram.root, environment: ["NO_COLOR": "1", "PAWL_LOG_LEVEL": level])
  }

  @Test("Log lines go to standard error, and standard output stays as it is", arguments: ["", "debug"])
  func streams(fromEnvironment level: String) async throws {
    let quiet = try await pawl("debug").run(demo + ["--log-level", "warning"])
    let logged = try await pawl(level).run(level.isEmpty ? demo + ["--log-level", "debug"] : demo)
    #expect(quiet.status == 0 && quiet.errors.isEmpty, "\(quiet.errors)")
    #expect(logged.status == 0 && logged.output == quiet.output)
    let lines = logged.errors.split(separator: "\n")
    #expect(lines.count > 10)
    for line in lines {
      #expect(
        line.contains(/^\d{4}-\d\d-\d\dT[\d:.]+Z debug pawl\.(hosts|cluster): \w+ (began|ended)/), "\(line)")
    }
  }

  @Test("A wrong level is wrong usage, from the flag and from the environment")
  func wrong() async throws {
    for result in [try await pawl("").run(demo + ["--log-level", "loud"]), try await pawl("loud").run(demo)] {
      #expect(result.status == 64 && result.output.isEmpty)
      #expect(
        result.errors.contains("trace, debug, info, notice, warning, error, not 'loud'."), "\(result.errors)")
    }
  }
}

/// Keeps what is logged, without the milliseconds.
private final class CapturedLog: Sendable {
  private let kept = Mutex<[String]>([])
  var lines: [String] { kept.withLock { $0 } }

  func handler(_ label: String) -> any LogHandler { Handler(label: label, log: self) }

  private struct Handler: LogHandler {
    let label: String
    let log: CapturedLog
    var logLevel = Logger.Level.trace
    var metadata: Logger.Metadata = [:]
    var metadataProvider: Logger.MetadataProvider?

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
      get { metadata[key] }
      set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
      let metadata = event.metadata ?? [:]
      #expect((metadata["milliseconds"] == nil) == "\(event.message)".hasSuffix("began"))
      let fields = metadata.sorted { $0.key < $1.key }.filter { $0.key != "milliseconds" }
      let line = fields.reduce("\(label): \(event.message)") { "\($0) \($1.key)=\($1.value)" }
      log.kept.withLock { $0.append(line) }
    }
  }
}

/// Hosts that know what they are fenced for.
private struct FencedHosts: HostSessions {
  var fence: String?
  func session(to host: String) async throws(HostError) -> any HostSession { throw HostError(.failed, "No.") }
  func fenced(for cluster: String) -> any HostSessions { FencedHosts(fence: cluster) }
}
