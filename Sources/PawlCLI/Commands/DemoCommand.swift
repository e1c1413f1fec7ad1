import ArgumentParser
import Foundation
import PawlModel
import PawlPlan
import PawlSimulation
import PawlSteps

/// `pawl demo`
struct DemoCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "demo",
    abstract: "Watch an upgrade over two minor versions on a simulated cluster: no server, no root.",
    discussion: """
      Planner, runbook, engine and journal are the real ones; hosts and API server are simulated, and their time \
      runs faster. Nothing outside a temporary directory, or the one of --state, is touched.
      """)

  @Option(help: "The version to reach; the simulated package source has 1.29.15, 1.30.14 and 1.31.14.")
  var to = "1.31"

  @Option(help: "How many times faster than real time the simulated hosts work.")
  var speed = 10.0

  @Flag(help: "Stop after the plan.")
  var dryRun = false

  @Option(help: ArgumentHelp("Keep the run here, for 'pawl show' and the like.", valueName: "dir"))
  var state: String?

  @OptionGroup var output: OutputOptions
  @OptionGroup var log: LogOptions

  func run() async throws {
    try await reportingFailures {
      guard speed > 0, speed <= 10_000 else {
        throw CommandFailure(.usage, "--speed takes a number from above 0 to 10000, not \(speed).")
      }
      let cluster = SimulatedCluster.demo(pace: .timesFaster(speed))
      let inventory = SimulatedCluster.demoInventory
      let world = World(
        hosts: cluster, cluster: cluster, http: cluster, leases: cluster, clock: PacedClock(speed: speed),
        now: cluster.wallTime,
        close: {}
      ).logged(at: log.level)
      let facts = try await Preparation(inventory: inventory, world: world).facts()
      let plan = try Catalogue.planner.plan(
        Planner.Request(
          runbook: try Catalogue.builtIn("kubeadm-upgrade"), inventory: inventory, facts: facts,
          inputs: ["target": try RunbookInputs.version(to)]))
      if output.format == .human { Console.write(PlanReport(plan).text(width: Console.width)) }
      if dryRun || plan.steps.isEmpty { return .success }
      let temporary = FileManager.default.temporaryDirectory.appending(path: "pawl-demo-\(UUID().uuidString)")
        .path
      let directory = state ?? temporary
      defer { if state == nil { Self.remove(temporary) } }
      let workflow = try RunWorkflow.open(try StateOptions.parse(["--state", directory]), output: output)
      let status = try await workflow.start(plan, inventory: inventory, facts: facts, world: world)
      if output.format == .human { try await report(cluster) }
      return status
    }
  }

  private func report(_ cluster: SimulatedCluster) async throws {
    Console.line("\nThe simulated cluster now:")
    for node in try await cluster.nodes() {
      let version = node.kubeletVersion?.description ?? "?"
      Console.line(
        "  \(node.name.padded(to: 12))\(version.padded(to: 10))\(node.ready ? "Ready" : "not Ready")\(node.unschedulable ? ", cordoned" : "")"
      )
    }
    for violation in await cluster.violations { Console.error("A rule was broken: \(violation)") }
  }

  private static func remove(_ directory: String) {
    do { try FileManager.default.removeItem(atPath: directory) } catch {
      Console.error("Left behind: \(directory)")
    }
  }
}
