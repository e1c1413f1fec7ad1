import PawlEngine

/// What a host's package database says of some packages.
struct PackageState: Sendable, Hashable {
  struct Package: Sendable, Hashable {
    let version: String
    /// Unpacked and configured.
    let configured: Bool
  }

  /// By name; a package that dpkg does not know, or only remembers the configuration of, is missing.
  let packages: [String: Package]
  let held: Set<String>
  /// What `dpkg --audit` finds; empty when all is well.
  let audit: [String]

  /// Reads the outputs of `AptCommands.query`, `showHolds` and `audit`.
  init(query: String, holds: String, audit: String) {
    var packages: [String: Package] = [:]
    for line in query.split(whereSeparator: \.isNewline) {
      let fields = line.split(separator: "\t", omittingEmptySubsequences: false)
      guard fields.count == 3, !fields[1].isEmpty else { continue }
      // The abbreviation's second letter is the state: i installed, U unpacked, F half-configured, c only
      // configuration files, n not installed.
      let letters = Array(fields[2])
      guard letters.count >= 2, letters[1] != "c", letters[1] != "n" else { continue }
      packages[String(fields[0])] = Package(version: String(fields[1]), configured: letters[1] == "i")
    }
    self.packages = packages
    self.held = Set(holds.split(whereSeparator: \.isWhitespace).map(String.init))
    self.audit = audit.split(whereSeparator: \.isNewline).map(String.init).filter {
      !$0.allSatisfy(\.isWhitespace)
    }
  }

  /// Asks the host.
  static func read(_ names: [String], on host: StepHost) async throws(StepFailure) -> PackageState {
    // dpkg-query ends with 1 when it does not know one of the names; what it knows it prints all the same.
    let query = try await host.look(AptCommands.query(names))
    let holds = try await host.look(AptCommands.showHolds)
    let audit = try await host.look(AptCommands.audit)
    guard query.status <= 1, holds.succeeded else {
      let bad = query.status <= 1 ? holds : query
      throw StepFailure(
        code: "package-database-unreadable",
        message: "The package database of \(host.name) can't be read (\(bad.ending)).",
        causes: Array(bad.lines.suffix(5)), retry: .temporary, hint: "Run `dpkg --audit` on \(host.name).")
    }
    return PackageState(query: query.output, holds: holds.output, audit: audit.output)
  }
}
