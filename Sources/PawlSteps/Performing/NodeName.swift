import PawlModel
import PawlPlan

/// The parameter `node`: an inventory host may have another name in the cluster, and steps know only the plan.
enum NodeName {
  /// For `ActionSpec.freeze`.
  static func freeze(_ site: ActionSpec.Site, _ facts: HostFacts?) throws(PlanRefusal) -> [String: Value] {
    site.host.map { ["node": .string($0.node)] } ?? [:]
  }
}
