import ArgumentParser
import Foundation
import PawlEngine
import PawlModel
import PawlPlan
import PawlSteps
import PawlStore

/// `pawl check`
struct CheckCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "check",
    abstract: "Look at everything an upgrade depends on, read-only; all problems at once.",
    discussion: """
      All that it removes is its own: files of remote commands on hosts, of runs that are more than \
      \(OldRunFiles.days) days old and can't be resumed from here.
      """)

  @OptionGroup var inventory: InventoryOptions
  @OptionGroup var state: StateOptions
  @OptionGroup var output: OutputOptions
  @OptionGroup var log: LogOptions

  func run() async throws {
    try await reportingFailures {
      let inventory = try self.inventory.load()
      let world = try World.real(inventory, log: log)
      return try await closing(world) {
        try await removeOldFiles(inventory, world)
        let (facts, problems) = await Preparation(inventory: inventory, world: world).check()
        switch output.format {
        case .json: for problem in problems { Console.line(JSONLine.text(problem)) }
        case .human: CheckReport(palette: Palette(noColor: output.noColor)).write(facts, problems, inventory)
        }
        return Preparation.status(of: problems)
      }
    }
  }

  private func removeOldFiles(_ inventory: Inventory, _ world: World) async throws {
    let resumable = try await state.openStore().list().filter { $0.outcome != .completed }.map(\.id)
    let old = OldRunFiles(
      hosts: world.hosts, hostNames: inventory.hosts.map(\.name), keeping: Set(resumable), now: Date())
    for jobs in await old.remove() {
      Console.error("\(jobs.host): files of the old run \(jobs.run) are removed.")
    }
  }
}

/// The result of a check for people.
struct CheckReport {
  let palette: Palette

  func write(_ facts: Facts?, _ problems: [CheckProblem], _ inventory: Inventory) {
    let width = (inventory.hosts.map(\.name.count).max() ?? 0) + 2
    if let facts {
      Console.line(
        "\(inventory.name): API server \(facts.cluster.serverVersion), \(facts.cluster.nodes.count) nodes")
      for host in inventory.hosts {
        let node = facts.cluster.node(named: host.node)
        let version = node?.kubeletVersion.description ?? "not a node"
        let state = (node?.ready ?? false) ? "Ready" : "not Ready"
        let role = host.isControlPlane ? "control-plane" : "worker"
        Console.line(
          "  \(host.name.padded(to: width))\(role.padded(to: 15))\(version.padded(to: 11))\(state)"
            + ((node?.cordoned ?? false) ? ", cordoned" : ""))
      }
    }
    for problem in problems {
      let word = problem.severity == .error ? palette.red("error") : palette.yellow("warning")
      for (index, line) in "\(problem)".wrapped(to: Console.width - 9).enumerated() {
        Console.line(index == 0 ? "\(word): \(line)" : "  \(line)")
      }
    }
    let errors = problems.count { $0.severity == .error }
    Console.line(
      errors == 0
        ? palette.green("In order.") + (problems.isEmpty ? "" : " \(problems.count) warnings.")
        : palette.red("\(errors) problems") + " must be put right before a run.")
  }
}

/// `pawl facts`
struct FactsCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "facts", abstract: "Gather facts to a file or to standard output, for planning offline.")

  @Option(help: ArgumentHelp("Where to write them.", valueName: "file"))
  var out: String?

  @Flag(help: "Also gather what there is to patch, for 'pawl plan patch'.")
  var patches = false

  @OptionGroup var inventory: InventoryOptions
  @OptionGroup var log: LogOptions

  func run() async throws {
    try await reportingFailures {
      let inventory = try self.inventory.load()
      let world = try World.real(inventory, log: log)
      return try await closing(world) {
        let (facts, problems) = await Preparation(inventory: inventory, world: world).check(patches: patches)
        for problem in problems { Console.error("\(problem.severity.rawValue): \(problem)") }
        guard let facts else { return Preparation.status(of: problems) }
        let data = try FactsFile.encode(facts)
        if let out {
          try Files.write(data, to: out, what: "facts")
        } else {
          Console.write(String(decoding: data, as: UTF8.self))
        }
        return Preparation.status(of: problems)
      }
    }
  }
}

/// Reads and writes facts as JSON.
enum FactsFile {
  static func encode(_ facts: Facts) throws -> Data {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
    return try encoder.encode(facts) + Data("\n".utf8)
  }

  /// - Throws: `CommandFailure` with code 65.
  static func read(_ file: String) throws(CommandFailure) -> Facts {
    let data = try Files.read(file, what: "facts file")
    do {
      let facts = try JSONDecoder().decode(Facts.self, from: data)
      guard facts.schemaVersion == Facts.currentSchemaVersion else {
        throw CommandFailure(
          .invalidInput,
          "\(file):1:1: error: The facts have schemaVersion \(facts.schemaVersion); "
            + "this Pawl reads \(Facts.currentSchemaVersion). Gather them again.")
      }
      return facts
    } catch let error as CommandFailure {
      throw error
    } catch {
      throw CommandFailure(
        .invalidInput, "\(file):1:1: error: The file holds no facts; make one with 'pawl facts'.")
    }
  }
}

/// `pawl runbooks …`
struct RunbooksCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "runbooks", abstract: "The catalogue of runbooks.",
    subcommands: [
      RunbooksListCommand.self, RunbooksShowCommand.self, RunbooksLintCommand.self, RunbooksGraphCommand.self,
    ])
}

/// `pawl runbooks list`
struct RunbooksListCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(commandName: "list", abstract: "All runbooks at hand.")

  func run() async throws {
    try await reportingFailures {
      for name in Catalogue.names {
        let book = try Catalogue.runbook(name)
        Console.line("\(name) \(book.version)")
        for line in book.summary.wrapped(to: Console.width, indent: "  ") { Console.line(line) }
      }
      return .success
    }
  }
}

/// `pawl runbooks show NAME`
struct RunbooksShowCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "show", abstract: "A runbook's inputs and steps.")

  @Argument(help: "A file, or a name from the list.")
  var runbook: String

  func run() async throws {
    try await reportingFailures {
      let book = try Catalogue.runbook(runbook)
      Console.line("\(book.name) \(book.version)")
      for line in book.summary.wrapped(to: Console.width, indent: "  ") { Console.line(line) }
      Console.line("\nInputs")
      for input in book.inputs {
        let value = input.defaultValue.map { ", \($0) if not given" } ?? ", required"
        Console.line("  \(input.name) (\(input.kind.rawValue)\(value))  \(input.summary)")
      }
      Console.line("\nSteps")
      write(book.steps, indent: "  ")
      return .success
    }
  }

  private func write(_ steps: [RunbookStep], indent: String) {
    for step in steps {
      switch step.body {
      case .action(let call): Console.line("\(indent)\(step.id)  \(call.reference)")
      case .group(let children):
        let each = step.forEach.map { "for each of \($0.source)" } ?? step.on.map(Self.words) ?? ""
        Console.line("\(indent)\(step.id)  \(each)")
        write(children, indent: indent + "  ")
      }
    }
  }

  private static func words(_ selector: HostSelector) -> String {
    let who =
      selector.role.map { "role \($0.rawValue)" } ?? selector.group.map { "group \($0)" } ?? "every host"
    return switch selector.pick {
    case .all: "on \(who)"
    case .first: "on the first of \(who)"
    case .rest: "on the rest of \(who)"
    }
  }
}

/// `pawl runbooks lint FILE…`
struct RunbooksLintCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "lint", abstract: "Check runbooks; every problem with file:line:column.")

  @Argument(help: "Files or names.")
  var runbooks: [String]

  func run() async throws {
    try await reportingFailures {
      var sound = true
      for name in runbooks {
        do {
          try RunbookLint(catalog: Catalogue.catalog).check(try Catalogue.runbook(name))
          Console.line("\(name): in order")
        } catch let error as DiagnosticsError {
          sound = false
          for diagnostic in error.diagnostics { Console.line(diagnostic.description) }
        }
      }
      return sound ? .success : .invalidInput
    }
  }
}

/// `pawl inventory …`
struct InventoryCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "inventory", abstract: "The inventory of hosts.",
    subcommands: [InventoryCheckCommand.self, InventoryShowCommand.self])
}

/// `pawl inventory check`
struct InventoryCheckCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "check", abstract: "Read the inventory; every problem with file:line:column.")

  @OptionGroup var inventory: InventoryOptions

  func run() async throws {
    try await reportingFailures {
      let found = try inventory.load()
      Console.line("\(inventory.path): in order, \(found.hosts.count) hosts")
      return .success
    }
  }
}

/// `pawl inventory show`
struct InventoryShowCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "show", abstract: "Print the inventory with every default and path filled in, as JSON.")

  @OptionGroup var inventory: InventoryOptions

  func run() async throws {
    try await reportingFailures {
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
      Console.line(String(decoding: try encoder.encode(try inventory.load()), as: UTF8.self))
      return .success
    }
  }
}
