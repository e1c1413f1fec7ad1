import PawlModel
import PawlPlan

/// Chooses at plan time which package versions a host gets, and notes what is on hold there.
enum PackageChoice {
  /// kubeadm up to 1.31 and each kubelet depend on these, so they must be free to follow.
  static let dependencies = ["kubernetes-cni", "cri-tools"]

  /// The parameters `exact` and `holds` of `apt/install`.
  static func freeze(_ site: ActionSpec.Site, _ facts: HostFacts?) throws(PlanRefusal) -> [String: Value] {
    let host = site.host?.name ?? "cluster"
    guard let facts else {
      throw PlanRefusal(
        code: "facts-missing", message: "Nothing is known of the packages on \(host).",
        hint: "Gather facts first.")
    }
    guard let version = site.version("version"), case .list(let items) = site.parameters["packages"] else {
      throw PlanRefusal(
        code: "invalid-parameters", message: "apt/install on \(host) needs packages and a version.")
    }
    var exact: [String: Value] = [:]
    for item in items {
      let name = item.description
      exact[name] = .string(try choose(name, version, facts.packages[name], host))
    }
    let candidates = items.map(\.description) + dependencies.filter { !items.map(\.description).contains($0) }
    let held = candidates.filter { facts.packages[$0]?.held == true }
    return ["exact": .map(exact), "holds": .list(held.map(Value.string))]
  }

  private static func choose(
    _ name: String, _ version: KubernetesVersion, _ package: PackageFacts?, _ host: String
  ) throws(PlanRefusal) -> String {
    if let package, let installed = package.installed, let installedVersion = package.installedVersion {
      if installedVersion == version { return installed }
      if installedVersion > version {
        throw PlanRefusal(
          code: "package-downgrade",
          message: "\(host) has \(name) \(installed), which is newer than \(version); Pawl never downgrades.",
          hint: "Install \(name) \(version) there by hand, or choose a newer target.")
      }
    }
    let offered = package?.available ?? []
    guard let choice = offered.first(where: { PackageFacts.kubernetesVersion(ofPackage: $0) == version })
    else {
      let newest = offered.first.map { "; the newest it offers is \($0)" } ?? "; it offers no \(name) at all"
      throw PlanRefusal(
        code: "package-not-offered",
        message: "The package source of \(host) does not offer \(name) \(version)\(newest).",
        hint: "Run `apt-get update` there, or add a source that has \(version).")
    }
    return choice
  }
}
