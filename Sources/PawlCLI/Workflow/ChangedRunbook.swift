import PawlModel
import PawlPlan

/// A saved plan stands for the runbook that it was made from; what was approved is not what the runbook says now.
enum ChangedRunbook {
  /// A runbook that is not at hand says nothing against its plan.
  ///
  /// - Throws: `CommandFailure` when the runbook of that name reads otherwise now.
  static func refuse(_ plan: Plan) throws {
    let reference = plan.runbook
    guard Catalogue.names.contains(reference.name) else { return }
    let now = try Catalogue.runbook(reference.name)
    guard now.digest != reference.digest else { return }
    let versions =
      now.version == reference.version
      ? "version \(now.version)" : "version \(reference.version) then, \(now.version) now"
    throw CommandFailure(
      .failed,
      """
      The plan is stale; nothing was touched. The runbook \(reference.name) has changed since it was made \
      (\(versions)). Make the plan again.
      """)
  }
}
