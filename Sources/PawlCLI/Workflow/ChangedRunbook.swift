import PawlModel
import PawlPlan

/// A saved plan is run as it was saved, also when its runbook has changed since; the one who runs it should know.
enum ChangedRunbook {
  /// A sentence when the runbook of that name reads otherwise now; nil when it does not, or is not at hand.
  static func warning(for plan: Plan) -> String? {
    let reference = plan.runbook
    guard Catalogue.names.contains(reference.name) else { return nil }
    let now: Runbook
    do { now = try Catalogue.runbook(reference.name) } catch {
      return
        "The runbook \(reference.name) of this plan can't be read any more; the plan is run as it was saved."
    }
    guard now.digest != reference.digest else { return nil }
    let versions =
      now.version == reference.version
      ? "version \(now.version)" : "version \(reference.version) then, \(now.version) now"
    return """
      The runbook \(reference.name) has changed since the plan was made (\(versions)); the plan is run as it was \
      saved. To use the runbook as it is now, make the plan again.
      """
  }
}
