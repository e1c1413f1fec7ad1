import PawlEngine
import PawlModel
import PawlPlan

/// The exact upgrades of a step: chosen when the plan is made, read back when it is performed.
struct UpgradeChoice: Sendable {
  /// The parameter of the actions that upgrade.
  static let parameters = [
    ActionSpec.Parameter(
      "securityOnly", .bool, default: .bool(false), "Only packages from archives of security updates.")
  ]

  /// The parameters `manager`, `exact`, `automatic` and `updateUnits`.
  static func freeze(_ site: ActionSpec.Site, _ facts: HostFacts?) throws(PlanRefusal) -> [String: Value] {
    let (manager, patch) = try patchFacts(site, facts)
    let upgrades = patch.upgrades(securityOnly: site.parameters["securityOnly"] == .bool(true))
    return [
      "manager": .string(manager.rawValue),
      "exact": .map(
        Dictionary(upgrades.map { ($0.name, .string($0.candidate)) }, uniquingKeysWith: { $1 })),
      "automatic": .list(upgrades.filter(\.automatic).map { .string($0.name) }),
      "updateUnits": .list(patch.updateUnits.map { .string($0) }),
    ]
  }

  /// What a plan that patches has to know of a host.
  static func patchFacts(
    _ site: ActionSpec.Site, _ facts: HostFacts?
  ) throws(PlanRefusal) -> (manager: PackageManager, patch: PatchFacts) {
    guard let patch = facts?.patch, let manager = facts?.packageManager else {
      throw PlanRefusal(
        code: "facts-missing",
        message: "Nothing is known of what there is to patch on \(site.host?.name ?? "the host").",
        hint: "Gather facts with 'pawl facts --patches'.")
    }
    return (manager, patch)
  }

  let host: String
  let packages: [ExactPackage]
  let automatic: [String]
  let updateUnits: [String]
  let port: any PackagePort

  init(step: PlanStep) throws(StepFailure) {
    let parameters = StepParameters(step)
    host = try parameters.host()
    packages = try parameters.textMap("exact").sorted { $0.key < $1.key }
      .map { ExactPackage(name: $0.key, version: $0.value) }
    automatic = try parameters.texts("automatic")
    updateUnits = try parameters.texts("updateUnits")
    port = try parameters.choice("manager", default: PackageManager.apt).port
  }

  /// `3 packages`.
  var count: String { packages.count == 1 ? "1 package" : "\(packages.count) packages" }

  /// Refuses when installing the packages would change others as well: that is not what was approved.
  func requireNothingElse(on target: StepHost) async throws(StepFailure) {
    guard let preview = port.preview(packages) else { return }
    let answer = try await target.look(preview, asRoot: true)
    guard answer.succeeded else { throw port.failure(of: answer, doing: "Upgrading \(count)", on: host) }
    let others = port.changes(in: answer).filter { !packages.contains($0) }
    guard !others.isEmpty else { return }
    let names = others.prefix(6).map { "\($0.name) \($0.version)" }.joined(separator: ", ")
    throw StepFailure(
      code: "other-packages",
      message: "Upgrading \(count) on \(host) would change others that the plan does not name: \(names).",
      causes: others.map { "\($0.name) \($0.version)" }, retry: .permanent,
      hint: "Plan again; with --security-only, such packages come from other archives, so plan without it.")
  }
}
