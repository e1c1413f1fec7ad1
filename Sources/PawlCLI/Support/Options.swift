import ArgumentParser
import Foundation
import PawlModel

/// The inventory, and what narrows it.
struct InventoryOptions: ParsableArguments {
  @Option(
    name: [.customShort("i"), .customLong("inventory")],
    help: ArgumentHelp("The inventory file.", valueName: "file"))
  var inventory: String?

  @Option(help: ArgumentHelp("Only these hosts, by their names in the inventory.", valueName: "host,..."))
  var limit: String?

  @Option(
    help: ArgumentHelp(
      "Nodes out of service at once, as a number or a share of the workers; no more than the inventory sets.",
      valueName: "n|p%"))
  var maxUnavailable: String?

  /// The path that counts: the flag, `PAWL_INVENTORY`, or the default.
  var path: String {
    inventory ?? Console.environment["PAWL_INVENTORY"] ?? "inventory/cluster.yaml"
  }

  /// Reads the inventory and applies the overrides.
  ///
  /// - Throws: all problems of the file at once, or `CommandFailure`.
  func load() throws -> Inventory {
    let text: String
    do {
      text = try Files.readText(path, what: "inventory")
    } catch {
      let hint = "Name one with -i or PAWL_INVENTORY; docs/inventory.md has an example to start from."
      throw CommandFailure(error.status, error.lines + [hint])
    }
    let (inventory, warnings, limit) = try Inventory.readWithWarnings(
      text: text, file: path, directory: Files.directory(of: path), homeDirectory: NSHomeDirectory(),
      holdsCertificates: Files.holdsCertificates)
    for warning in warnings { Console.error(warning.description) }
    return try applyOverrides(to: inventory, limit: limit)
  }

  /// - Parameter limit: where the file sets the limit that the flag only narrows; nil when the flag sets it.
  private func applyOverrides(to inventory: Inventory, limit: SourceLocation?) throws -> Inventory {
    var inventory = inventory
    if let text = maxUnavailable {
      let workers = inventory.hosts.count(where: \.isWorker)
      guard let number = NodeShare(parsing: text)?.nodes(of: workers) else {
        throw CommandFailure(
          .usage,
          "--max-unavailable takes a whole number from 1 to 1000 or a share from 1% to 100%, not '\(text)'.")
      }
      let allowed = inventory.policy.maxUnavailable
      if let limit, number > allowed {
        throw CommandFailure(
          .usage,
          "--max-unavailable \(text) means \(number) of \(workers) workers, and the policy allows \(allowed) "
            + "(\(limit)); the flag only narrows what the inventory says. Raise policy.maxUnavailable there.")
      }
      inventory.policy.maxUnavailable = number
    }
    for name in limitedHosts where inventory.host(named: name) == nil {
      throw CommandFailure(
        .usage,
        "--limit names '\(name)', which is no host of \(path); it has "
          + inventory.hosts.map(\.name).joined(separator: ", ") + ".")
    }
    return inventory
  }

  /// The hosts of `--limit`; empty for all.
  var limitedHosts: Set<String> {
    Set((limit ?? "").split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) })
  }
}

/// Where runs are kept.
struct StateOptions: ParsableArguments {
  @Option(help: ArgumentHelp("Where runs are kept, instead of the XDG state directory.", valueName: "dir"))
  var state: String?

  /// The directory that counts.
  var directory: String {
    if let state { return Files.absolute(state) }
    let environment = Console.environment
    if let own = environment["PAWL_STATE"], !own.isEmpty { return Files.absolute(own) }
    if let xdg = environment["XDG_STATE_HOME"], xdg.hasPrefix("/") { return xdg + "/pawl" }
    return NSHomeDirectory() + "/.local/state/pawl"
  }
}

/// How a run is shown.
struct OutputOptions: ParsableArguments {
  /// For people, or for programs.
  enum Format: String, ExpressibleByArgument, CaseIterable { case human, json }

  @Option(
    name: [.customShort("o"), .customLong("output")],
    help: "How to report: human, or json with one event a line.")
  var format: Format = .human

  @Flag(help: "No colour, also on a terminal. NO_COLOR does the same.")
  var noColor = false

  /// The view for this output.
  func view() -> any RunView {
    switch format {
    case .json: return JSONView()
    case .human:
      let palette = Palette(noColor: noColor)
      return Console.isTerminal ? LiveView(palette: palette) : LineView(palette: palette)
    }
  }
}

/// The answer to the question before a run.
struct ApprovalOptions: ParsableArguments {
  @Flag(name: [.customShort("y"), .long], help: "Run without asking.")
  var yes = false
}

/// What to do about another holder of the cluster's lock.
struct LockOptions: ParsableArguments {
  @Flag(help: "Replace another run that holds the cluster, if it gives no sign of life for a while.")
  var takeOver = false
}
