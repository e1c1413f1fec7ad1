import ArgumentParser

/// `pawl`: the command line's root.
struct PawlCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "pawl",
    abstract: "Upgrades and maintains Kubernetes clusters that you run yourself, one safe step at a time.",
    discussion: """
      A first look without a cluster:    pawl demo
      Is everything in order:            pawl check -i inventory/cluster.yaml
      What would an upgrade do:          pawl plan upgrade --to 1.20
      Do it, minor by minor:             pawl upgrade --to 1.20
      Update the hosts' own packages:    pawl patch
      Go on after any interruption:      pawl resume

      Exit codes: 0 done or nothing to do, 1 failed or refused, 2 plan holds changes (--detailed-exitcode), \
      3 paused or waiting, 4 needs an operator, 5 another run holds the cluster, 64 wrong usage, \
      65 invalid file, 69 host or API server unreachable.
      """,
    version: PawlVersion.current,
    groupedSubcommands: [
      CommandGroup(
        name: "Jobs",
        subcommands: [
          UpgradeCommand.self, PatchCommand.self, PlanCommand.self, ApplyCommand.self, RunCommandLine.self,
          DrainCommand.self, UncordonCommand.self,
        ]),
      CommandGroup(
        name: "Runs",
        subcommands: [
          ResumeCommand.self, RunsCommand.self, ShowCommand.self, LogsCommand.self, PauseCommand.self,
          CancelCommand.self, ApproveCommand.self, ReleaseCommand.self,
        ]),
      CommandGroup(
        name: "Looking",
        subcommands: [CheckCommand.self, FactsCommand.self, RunbooksCommand.self, InventoryCommand.self]),
      CommandGroup(name: "Trying", subcommands: [DemoCommand.self]),
    ])

}
