import ArgumentParser
import PawlModel
import PawlPlan

/// How hosts are patched.
struct PatchOptions: ParsableArguments {
  /// When hosts are rebooted.
  enum Reboot: String, ExpressibleByArgument, CaseIterable { case auto, always, never }

  @Option(
    help: "Whether hosts are rebooted: those that need it (auto), all of them (always), or none (never).")
  var reboot: Reboot = .auto

  @Flag(help: "Only packages that come from an archive of security updates.")
  var securityOnly = false

  @Option(
    name: .customLong("set"),
    help: ArgumentHelp("Another input of the runbook; may be repeated.", valueName: "key=value"))
  var inputs: [String] = []

  /// The runbook's inputs.
  func given() throws(CommandFailure) -> [String: String] {
    var given = try RunbookInputs.parse(inputs)
    given["reboot"] = reboot.rawValue
    given["securityOnly"] = securityOnly ? "true" : "false"
    return given
  }
}

/// `pawl patch`
struct PatchCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "patch",
    abstract: "Upgrade the hosts' own packages and reboot where needed: plan, ask, run.",
    discussion: """
      Workers first, then control planes one at a time, then etcd hosts and the bastion when the inventory lists it. \
      The plan names each package with its version. Kubernetes packages and those on hold are left alone, and so is \
      a host that needs nothing.
      """)

  @OptionGroup var patch: PatchOptions

  @OptionGroup var job: JobOptions

  func run() async throws {
    try await reportingFailures {
      try await PlanAndRun(runbook: "os-patch", inputs: try patch.given(), options: job).run()
    }
  }
}

/// `pawl plan patch`
struct PlanPatchCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "patch", abstract: "Show what patching would upgrade and reboot.")

  @OptionGroup var patch: PatchOptions
  @OptionGroup var options: PlanOptions
  @OptionGroup var inventory: InventoryOptions
  @OptionGroup var log: LogOptions

  func run() async throws {
    try await reportingFailures {
      try await PlanOnly(
        runbook: "os-patch", inputs: try patch.given(), options: options, inventory: inventory, log: log
      ).run()
    }
  }
}
