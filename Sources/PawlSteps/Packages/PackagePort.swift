import PawlEngine
import PawlModel

/// What a package manager is asked and told, and how its answers read. Pure: it makes commands and reads results.
///
/// Contract: a version that a step names is installed exactly or not at all; nothing asks; configuration files that
/// were changed on the host are kept; nothing is removed; packages of Kubernetes are left alone.
protocol PackagePort: Sendable {
  /// Units that install updates, or take the package manager's lock, at times of their own.
  var updateUnits: [String] { get }

  /// What tells which upgrades there are, with lists read anew, without changing the host's own lists.
  /// - Parameter scratch: part of the name of a directory that the host has for a moment.
  func questions(scratch: String) -> [HostCommand]
  /// Reads the answers to the questions, in their order.
  func upgrades(in answers: [HostCommandResult]) throws(FactError) -> PackageOffers

  /// Reads the host's lists anew and fetches packages, so that installing needs no network.
  func download(_ packages: [ExactPackage]) -> [[String]]
  /// What would change on the host if the packages were installed now; nil when that can't be asked.
  func preview(_ packages: [ExactPackage]) -> [String]?
  /// Reads a preview: each package that would change or be removed, as `name version`.
  func changes(in preview: HostCommandResult) -> [ExactPackage]
  /// Installs the packages.
  func install(_ packages: [ExactPackage]) -> [[String]]
  /// Takes back the mark that an operator chose these packages; empty when there is no such mark.
  func markAutomatic(_ names: [String]) -> [[String]]
  /// Asks which of the packages have lost that mark; it answers with their names. nil when there is no such mark.
  func unmarked(_ names: [String]) -> [String]?

  /// Asks which of the packages are installed.
  func state(of packages: [ExactPackage]) -> [[String]]
  /// Reads the answers: what is not as it should be, a phrase each, and whether any package is at its version.
  func differences(
    from packages: [ExactPackage], in answers: [HostCommandResult]
  ) throws(FactError) -> (phrases: [String], someInstalled: Bool)
  /// What went wrong.
  func failure(of result: HostCommandResult, doing what: String, on host: String) -> StepFailure
}

/// What a package manager would upgrade.
struct PackageOffers: Sendable, Hashable {
  /// To the newest versions.
  let upgrades: [PackageUpgrade]
  /// When only security updates are wanted.
  let security: [PackageUpgrade]
}

/// A package at one version.
struct ExactPackage: Sendable, Hashable {
  let name: String
  let version: String
}

extension PackageManager {
  /// The commands of the package manager.
  var port: any PackagePort {
    switch self {
    case .apt: AptPort()
    case .dnf: DnfPort()
    }
  }
}
