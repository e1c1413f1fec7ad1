import Foundation
import PawlModel
import PawlPlan
import PawlSteps

/// Finds runbooks: a file, a file below `runbooks/`, or one that is built in.
enum Catalogue {
  /// The runbook of a name or path.
  ///
  /// - Throws: its problems with file:line:column, or `CommandFailure` when there is none.
  static func runbook(_ nameOrPath: String) throws -> Runbook {
    let local = "runbooks/\(nameOrPath).yaml"
    if nameOrPath.hasSuffix(".yaml") || nameOrPath.hasSuffix(".yml") || nameOrPath.contains("/") {
      return try Runbook.read(text: Files.readText(nameOrPath, what: "runbook"), file: nameOrPath)
    }
    if FileManager.default.fileExists(atPath: local) {
      return try Runbook.read(text: Files.readText(local, what: "runbook"), file: local)
    }
    if BuiltInRunbooks.texts[nameOrPath] != nil { return try builtIn(nameOrPath) }
    throw CommandFailure(
      .invalidInput,
      "There is no runbook '\(nameOrPath)' here or built in; there are: \(names.joined(separator: ", ")).")
  }

  /// A runbook that Pawl carries in itself, whatever lies in the directory.
  static func builtIn(_ name: String) throws -> Runbook {
    try Runbook.read(text: BuiltInRunbooks.texts[name] ?? "", file: "built-in/\(name).yaml")
  }

  /// Names of the runbooks at hand, local ones and built-in ones.
  static var names: [String] {
    var found = Set(BuiltInRunbooks.texts.keys)
    let files = FileManager.default.enumerator(atPath: "runbooks")?.compactMap { $0 as? String } ?? []
    for file in files where file.hasSuffix(".yaml") && !file.contains("/") {
      found.insert(String(file.dropLast(5)))
    }
    return found.sorted()
  }

  /// The planner for the actions there are.
  static var planner: Planner { Planner(catalog: catalog) }

  /// The actions there are.
  static var catalog: ActionCatalog { ActionRegistry.standard.catalog }
}

/// The runbooks that Pawl carries in itself, from `runbooks/` at build time.
enum BuiltInRunbooks {
  /// Texts by name.
  static let texts: [String: String] = [
    "kubeadm-upgrade": String(decoding: PackageResources.kubeadm_upgrade_yaml, as: UTF8.self),
    "node-drain": String(decoding: PackageResources.node_drain_yaml, as: UTF8.self),
    "node-uncordon": String(decoding: PackageResources.node_uncordon_yaml, as: UTF8.self),
    "os-patch": String(decoding: PackageResources.os_patch_yaml, as: UTF8.self),
  ]
}
