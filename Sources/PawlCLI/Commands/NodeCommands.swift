import ArgumentParser
import Foundation
import PawlEngine
import PawlModel
import PawlPlan
import PawlSteps

/// `pawl drain NODE…`
struct DrainCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "drain", abstract: "Cordon nodes and move their pods away, within disruption budgets.",
    discussion: """
      Every pod gets a verdict first: evict, delete, wait, ignore or refuse. Pods whose data or which themselves \
      would be lost are refused, unless a flag or the inventory's policy allows it. At the limit the run pauses, \
      unless the policy says otherwise (policy.drain.atLimit), and names the pods that are left. Several nodes at \
      once need a policy.maxUnavailable in the inventory that allows them, or --max-unavailable where it has none. \
      'pawl uncordon' lets pods back.
      """)

  @Argument(help: "Hosts by their names in the inventory, or nodes by theirs in the cluster.")
  var nodes: [String]

  @Flag(help: "Show the verdict on every pod and stop; exit with 1 when the drain would be refused.")
  var dryRun = false

  @Option(help: ArgumentHelp("How long one node may take, instead of the policy's limit.", valueName: "10m"))
  var timeout: String?

  @Flag(help: "Also pods with emptyDir volumes, whose data is lost.")
  var localData = false

  @Flag(help: "Also pods that nothing creates again.")
  var unmanagedPods = false

  @Flag(help: "Delete pods that are left at the limit with no grace, past their budgets; needs --reason.")
  var force = false

  @Option(help: ArgumentHelp("Why, with --force; kept in the plan and the run's output.", valueName: "text"))
  var reason: String?

  @OptionGroup var approval: ApprovalOptions
  @OptionGroup var lock: LockOptions
  @OptionGroup var inventory: InventoryOptions
  @OptionGroup var state: StateOptions
  @OptionGroup var output: OutputOptions
  @OptionGroup var log: LogOptions

  func validate() throws {
    if force != (Reason.text(reason) != nil) {
      throw ValidationError("--force and --reason go together: why is kept in the run.")
    }
  }

  func run() async throws {
    try await reportingFailures {
      let job = try NodeJob(
        runbook: "node-drain", nodes: nodes, inventory: inventory, policy: override,
        inputs: force ? ["force": "\(Reason.text(reason) ?? "") (\(RunWorkflow.owner))"] : [:])
      let world = try World.real(job.inventory, log: log)
      return try await closing(world) {
        if dryRun {
          let report = try await DrainReport.make(
            of: try await job.prepare(in: world).plan, cluster: world.cluster)
          report.write(output)
          if let refusal = report.refusal { throw refusal }
          return .success
        }
        try await lock.refuseIfHeld(world)
        let ready = try await job.prepare(in: world)
        // Who is asked sees what for; with --yes the step tells it before it touches anything.
        if !approval.yes {
          let report = try await DrainReport.make(of: ready.plan, cluster: world.cluster)
          if output.format == .human { report.write(output) }
          if let refusal = report.refusal { throw refusal }
        }
        return try await job.run(
          ready, world, approval: approval,
          workflow: try RunWorkflow.open(state, output: output, takeOver: lock.takeOver))
      }
    }
  }

  private func override(_ policy: inout Policy) throws(CommandFailure) {
    if localData { policy.localData = .delete }
    if unmanagedPods { policy.unmanagedPods = .delete }
    guard let timeout else { return }
    do throws(DurationText.Problem) {
      policy.drainTimeoutSeconds = try DurationText.seconds(parsing: timeout)
    } catch {
      throw CommandFailure(.usage, "--timeout takes a duration such as 10m: \(error.message).")
    }
    guard policy.drainTimeoutSeconds > 0 else {
      throw CommandFailure(.usage, "--timeout has to be at least 1s.")
    }
  }
}

/// `pawl uncordon NODE…`
struct UncordonCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "uncordon", abstract: "Let pods back on nodes that a run of Pawl has cordoned.",
    discussion: """
      A node that somebody else cordoned stays cordoned, unless --force says otherwise. A run that stopped with \
      the node drained can't be resumed after this; plan anew.
      """)

  @Argument(help: "Hosts by their names in the inventory, or nodes by theirs in the cluster.")
  var nodes: [String]

  @Flag(help: "Also nodes that somebody else cordoned.")
  var force = false

  @OptionGroup var approval: ApprovalOptions
  @OptionGroup var lock: LockOptions
  @OptionGroup var inventory: InventoryOptions
  @OptionGroup var state: StateOptions
  @OptionGroup var output: OutputOptions
  @OptionGroup var log: LogOptions

  func run() async throws {
    try await reportingFailures {
      let job = try NodeJob(
        runbook: "node-uncordon", nodes: nodes, inventory: inventory,
        inputs: ["cordonedBy": force ? "anybody" : "pawl"])
      let world = try World.real(job.inventory, log: log)
      return try await closing(world) {
        try await lock.refuseIfHeld(world)
        return try await job.run(
          try await job.prepare(in: world), world, approval: approval,
          workflow: try RunWorkflow.open(state, output: output, takeOver: lock.takeOver))
      }
    }
  }
}

/// A built-in runbook for some nodes, which needs the API server alone: it works when a host is gone.
struct NodeJob {
  let inventory: Inventory
  private let runbook: Runbook
  private let hosts: [PawlModel.Host]
  private let inputs: [String: String]

  /// - Throws: `CommandFailure` for a node that the inventory does not have, or for `--limit`, which the nodes are.
  init(
    runbook: String, nodes: [String], inventory options: InventoryOptions,
    policy override: (inout Policy) throws(CommandFailure) -> Void = { _ throws(CommandFailure) in },
    inputs: [String: String]
  ) throws {
    guard options.limit == nil else {
      throw CommandFailure(.usage, "--limit does not go with names of nodes: the nodes named are the limit.")
    }
    var inventory = try options.load()
    try override(&inventory.policy)
    self.runbook = try Catalogue.builtIn(runbook)
    hosts = try nodes.map { name throws(CommandFailure) in
      if let host = inventory.hosts.first(where: { $0.name == name || $0.node == name }) { return host }
      let known = inventory.hosts.map(\.name).joined(separator: ", ")
      throw CommandFailure(.usage, "There is no node '\(name)' in \(options.path); it has \(known).")
    }
    self.inventory = inventory
    self.inputs = inputs
  }

  /// The plan, and the facts it was made from.
  typealias Ready = (plan: Plan, facts: Facts)

  func prepare(in world: World) async throws -> Ready {
    let facts = try await Preparation(inventory: inventory, world: world).clusterFacts(for: hosts)
    let plan = try Catalogue.planner.plan(
      Planner.Request(
        runbook: runbook, inventory: inventory, facts: facts, inputs: inputs, limit: Set(hosts.map(\.name))))
    return (plan, facts)
  }

  func run(
    _ ready: Ready, _ world: World, approval: ApprovalOptions, workflow: RunWorkflow
  ) async throws -> ExitStatus {
    for note in ready.plan.notes { Console.error("\(note.level.rawValue): \(note.message)") }
    try Approval.ask(for: ready.plan, options: approval)
    return try await workflow.start(ready.plan, inventory: inventory, facts: ready.facts, world: world)
  }
}
