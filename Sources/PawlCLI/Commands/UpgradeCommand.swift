import ArgumentParser
import PawlModel
import PawlPlan

/// `pawl upgrade --to 1.20`
struct UpgradeCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "upgrade",
    abstract: "Upgrade the cluster to a version: plan, ask, run.",
    discussion: """
      Goes minor by minor, control plane first, one node at a time. Everything is checked and planned before \
      anything is touched. 1.20 means the newest patch that every host's package source offers.
      """)

  @Option(help: ArgumentHelp("The version to reach: 1.20, 1.20.15 or v1.20.15.", valueName: "version"))
  var to: String

  @Option(
    name: .customLong("set"),
    help: ArgumentHelp("Another input of the runbook; may be repeated.", valueName: "key=value"))
  var inputs: [String] = []

  @OptionGroup var job: JobOptions

  func run() async throws {
    try await reportingFailures {
      var given = try RunbookInputs.parse(inputs)
      given["target"] = try RunbookInputs.version(to)
      return try await PlanAndRun(runbook: "kubeadm-upgrade", inputs: given, options: job).run()
    }
  }
}

/// `pawl run RUNBOOK`
struct RunCommandLine: AsyncParsableCommand {
  static let configuration = CommandConfiguration(commandName: "run", abstract: "Plan a runbook, ask, run.")

  @Argument(help: "The runbook: a file, or the name of one of 'pawl runbooks list'.")
  var runbook: String

  @Option(name: .customLong("set"), help: ArgumentHelp("An input; may be repeated.", valueName: "key=value"))
  var inputs: [String] = []

  @OptionGroup var job: JobOptions

  func run() async throws {
    try await reportingFailures {
      try await PlanAndRun(runbook: runbook, inputs: try RunbookInputs.parse(inputs), options: job).run()
    }
  }
}

/// Inputs as they come from the command line.
enum RunbookInputs {
  /// `key=value` texts as a table.
  static func parse(_ texts: [String]) throws(CommandFailure) -> [String: String] {
    var result: [String: String] = [:]
    for text in texts {
      guard let equals = text.firstIndex(of: "="), equals > text.startIndex else {
        throw CommandFailure(.usage, "--set takes key=value, not '\(text)'.")
      }
      result[String(text[..<equals])] = String(text[text.index(after: equals)...])
    }
    return result
  }

  /// A version text, checked before anything else happens.
  static func version(_ text: String) throws(CommandFailure) -> String {
    guard VersionTarget(parsing: text) != nil else {
      throw CommandFailure(.usage, "--to takes a version such as 1.20 or 1.20.15, not '\(text)'.")
    }
    return text
  }
}

/// What every job that plans, asks and runs takes.
struct JobOptions: ParsableArguments {
  @Flag(help: "Stop after the plan.")
  var dryRun = false

  @OptionGroup var approval: ApprovalOptions
  @OptionGroup var lock: LockOptions
  @OptionGroup var inventory: InventoryOptions
  @OptionGroup var state: StateOptions
  @OptionGroup var output: OutputOptions
  @OptionGroup var log: LogOptions
}

/// The common way of all jobs: inventory, facts, checks, plan, question, run.
struct PlanAndRun {
  let runbook: String
  let inputs: [String: String]
  let options: JobOptions

  func run() async throws -> ExitStatus {
    let book = try Catalogue.runbook(runbook)
    let inventory = try options.inventory.load()
    let world = try World.real(inventory, log: options.log)
    return try await closing(world) {
      if !options.dryRun { try await options.lock.refuseIfHeld(world) }
      let (plan, facts) = try await Preparation(inventory: inventory, world: world).plan(
        book, inputs: inputs, limit: options.inventory.limitedHosts,
        history: await options.state.history(of: inventory.name))
      try await DrainReport.refuse(plan, cluster: world.cluster)
      show(plan)
      if options.dryRun { return .success }
      if plan.steps.isEmpty { return plan.unreachable == nil ? .success : .failed }
      try Approval.ask(for: plan, options: options.approval)
      let workflow = try RunWorkflow.open(
        options.state, output: options.output, takeOver: options.lock.takeOver)
      return try await workflow.start(plan, inventory: inventory, facts: facts, world: world)
    }
  }

  private func show(_ plan: Plan) {
    switch options.output.format {
    case .human: Console.write(PlanReport(plan).text(width: Console.width))
    case .json: if options.dryRun || plan.steps.isEmpty { Console.write(PlanText.json(plan)) }
    }
  }
}

/// Runs a body and closes the world's links, whatever happens.
func closing<Result>(_ world: World, _ body: () async throws -> Result) async throws -> Result {
  do {
    let result = try await body()
    await world.close()
    return result
  } catch {
    await world.close()
    throw error
  }
}

/// The question before a run.
enum Approval {
  /// - Throws: `CommandFailure` unless the answer is yes.
  static func ask(for plan: Plan, options: ApprovalOptions) throws(CommandFailure) {
    if options.yes { return }
    guard Console.canAsk else {
      throw CommandFailure(
        .usage, "Nothing was touched: there is no terminal to ask on. Look at the plan and add --yes.")
    }
    guard Console.ask("\nRun these \(plan.steps.count) steps? Only 'yes' starts them: ") == "yes" else {
      throw CommandFailure(.failed, "Not started; nothing was touched.")
    }
  }
}
