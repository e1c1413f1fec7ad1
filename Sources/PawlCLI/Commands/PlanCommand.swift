import ArgumentParser
import Foundation
import PawlModel
import PawlPlan

/// `pawl plan …`
struct PlanCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "plan", abstract: "Show what a job would do, without touching anything.",
    subcommands: [PlanUpgradeCommand.self, PlanPatchCommand.self, PlanRunCommand.self])
}

/// What plan commands have in common.
struct PlanOptions: ParsableArguments {
  /// The forms of a report.
  enum Format: String, ExpressibleByArgument, CaseIterable { case text, json, markdown }

  @Option(
    name: [.customShort("o"), .customLong("output")], help: "The report's form: text, json or markdown.")
  var format: Format = .text

  @Option(help: ArgumentHelp("Also save the plan, for 'pawl apply'.", valueName: "file"))
  var out: String?

  @Option(help: ArgumentHelp("Plan offline from facts saved by 'pawl facts'.", valueName: "file"))
  var facts: String?

  @Flag(help: "Exit with 2 when the plan holds changes.")
  var detailedExitcode = false

  @OptionGroup var state: StateOptions
}

/// `pawl plan upgrade --to 1.20`
struct PlanUpgradeCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "upgrade", abstract: "Show what an upgrade to a version would do.")

  @Option(help: ArgumentHelp("The version to reach: 1.20, 1.20.15 or v1.20.15.", valueName: "version"))
  var to: String

  @Option(
    name: .customLong("set"), help: ArgumentHelp("Another input; may be repeated.", valueName: "key=value"))
  var inputs: [String] = []

  @OptionGroup var options: PlanOptions
  @OptionGroup var inventory: InventoryOptions
  @OptionGroup var log: LogOptions

  func run() async throws {
    try await reportingFailures {
      var given = try RunbookInputs.parse(inputs)
      given["target"] = try RunbookInputs.version(to)
      return try await PlanOnly(
        runbook: "kubeadm-upgrade", inputs: given, options: options, inventory: inventory, log: log
      ).run()
    }
  }
}

/// `pawl plan run RUNBOOK`
struct PlanRunCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run", abstract: "Show what a runbook would do.")

  @Argument(help: "The runbook: a file, or the name of one of 'pawl runbooks list'.")
  var runbook: String

  @Option(name: .customLong("set"), help: ArgumentHelp("An input; may be repeated.", valueName: "key=value"))
  var inputs: [String] = []

  @OptionGroup var options: PlanOptions
  @OptionGroup var inventory: InventoryOptions
  @OptionGroup var log: LogOptions

  func run() async throws {
    try await reportingFailures {
      try await PlanOnly(
        runbook: runbook, inputs: try RunbookInputs.parse(inputs), options: options, inventory: inventory,
        log: log
      ).run()
    }
  }
}

/// Makes a plan and reports it.
struct PlanOnly {
  let runbook: String
  let inputs: [String: String]
  let options: PlanOptions
  let inventory: InventoryOptions
  let log: LogOptions

  func run() async throws -> ExitStatus {
    let book = try Catalogue.runbook(runbook)
    let plan = try await plan(book, inventory: try self.inventory.load())
    switch options.format {
    case .text: Console.write(PlanReport(plan).text(width: Console.width))
    case .json: Console.write(PlanText.json(plan))
    case .markdown: Console.write(PlanReport(plan).markdown())
    }
    if let out = options.out {
      try Files.write(try PlanFile.encode(plan), to: out, what: "plan")
      Console.error("Saved. To run exactly this: pawl apply \(out)")
    }
    return options.detailedExitcode && !plan.steps.isEmpty ? .changesPending : .success
  }

  /// From saved facts, or from those of now; then the drains are looked at, too.
  private func plan(_ book: Runbook, inventory: Inventory) async throws -> Plan {
    let history = await options.state.history(of: inventory.name)
    if let file = options.facts {
      let facts = try Preparation.check(saved: FactsFile.read(file), inventory)
      if Catalogue.catalog.needsPatchFacts(book), facts.hosts.values.contains(where: { $0.patch == nil }) {
        throw CommandFailure(
          .invalidInput, "\(file) does not say what there is to patch; gather it with 'pawl facts --patches'."
        )
      }
      return try Catalogue.planner.plan(
        Planner.Request(
          runbook: book, inventory: inventory, facts: facts, inputs: inputs,
          limit: self.inventory.limitedHosts, history: history))
    }
    let world = try World.real(inventory, log: log)
    return try await closing(world) {
      let (plan, _) = try await Preparation(inventory: inventory, world: world)
        .plan(book, inputs: inputs, limit: self.inventory.limitedHosts, history: history)
      try await DrainReport.refuse(plan, cluster: world.cluster)
      return plan
    }
  }
}

/// A plan as JSON text.
enum PlanText {
  static func json(_ plan: Plan) -> String {
    do { return String(decoding: try PlanFile.encode(plan), as: UTF8.self) } catch { return "" }
  }
}

/// `pawl apply FILE`
struct ApplyCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "apply",
    abstract: "Run a saved plan exactly as saved; refused when the cluster has moved since.")

  @Argument(help: "A plan saved by 'pawl plan … --out'.")
  var file: String

  @OptionGroup var approval: ApprovalOptions
  @OptionGroup var lock: LockOptions
  @OptionGroup var inventory: InventoryOptions
  @OptionGroup var state: StateOptions
  @OptionGroup var output: OutputOptions
  @OptionGroup var log: LogOptions

  func run() async throws {
    try await reportingFailures {
      let plan = try PlanFile.decode(try Files.read(file, what: "plan"), file: file)
      try ChangedRunbook.refuse(plan)
      let inventory = try self.inventory.load()
      let world = try World.real(inventory, log: log)
      return try await closing(world) {
        try await lock.refuseIfHeld(world)
        let facts = try await Preparation(inventory: inventory, world: world)
          .facts(
            patches: Catalogue.catalog.needsPatchFacts(plan), limit: Set(plan.steps.compactMap(\.host)))
        try StalePlan.refuse(plan, inventory: inventory, facts: facts)
        try await DrainReport.refuse(plan, cluster: world.cluster)
        if output.format == .human { Console.write(PlanReport(plan).text(width: Console.width)) }
        if plan.steps.isEmpty { return .success }
        try Approval.ask(for: plan, options: approval)
        let workflow = try RunWorkflow.open(state, output: output, takeOver: lock.takeOver)
        return try await workflow.start(plan, inventory: inventory, facts: facts, world: world)
      }
    }
  }
}

/// A saved plan is only good for the state that it was made from.
enum StalePlan {
  /// - Throws: `CommandFailure` naming what has changed, or what rule the plan breaks.
  static func refuse(_ plan: Plan, inventory: Inventory, facts: Facts) throws(CommandFailure) {
    guard plan.cluster == inventory.name else {
      throw CommandFailure(
        .failed, "The plan is for the cluster \(plan.cluster), the inventory is of \(inventory.name).")
    }
    let now = PlanBasis.entries(
      inventory: inventory, facts: facts, patching: Catalogue.catalog.needsPatchFacts(plan))
    let differences = PlanBasis.differences(from: plan.basis, to: now)
    guard differences.isEmpty else {
      throw CommandFailure(
        .failed,
        ["The plan is stale; nothing was touched. Changed since:"] + differences.prefix(20).map { "  \($0)" }
          + ["Make the plan again."])
    }
    let refusals = PlanChecks.check(plan, inventory: inventory, facts: facts)
    if !refusals.isEmpty { throw FailureReport.refused(refusals) }
    let catalog = Catalogue.catalog
    for step in plan.steps where catalog.spec(step.uses) == nil {
      throw CommandFailure(
        .invalidInput, "The plan uses the action \(step.uses), which this Pawl does not have.")
    }
  }
}
