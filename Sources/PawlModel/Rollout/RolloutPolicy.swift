/// The shape of a rollout: who comes first, how many at once, what is waited for in between. `policy.rollout`.
package struct RolloutPolicy: Sendable, Hashable, Codable {
  /// What an operator has to approve before it begins.
  package enum Approval: String, Sendable, Hashable, Codable, CaseIterable { case run, wave, node }

  /// Which workers make a wave, of those that are in no earlier one.
  package enum Wave: Sendable, Hashable, Codable {
    /// So many, or such a share of all workers.
    case share(NodeShare)
    /// Those of an inventory group.
    case group(String)
  }

  /// Workers that come first, one after the other, before any wave.
  package var canary: [String]
  /// The waves; workers that are in none make a last one.
  package var waves: [Wave]
  /// Time between waves, or between nodes where there are neither canary nor waves; 0 for none.
  package var soakSeconds: Int
  /// When nodes may be started; empty for always.
  package var windows: [MaintenanceWindow]
  /// Nil for none but the question before the run.
  package var approval: Approval?
  /// Workers that may fail for good before the run stops.
  package var failureBudget: Int

  /// Makes a policy; the defaults are no shape at all.
  package init(
    canary: [String] = [], waves: [Wave] = [], soakSeconds: Int = 0, windows: [MaintenanceWindow] = [],
    approval: Approval? = nil, failureBudget: Int = 0
  ) {
    self.canary = canary
    self.waves = waves
    self.soakSeconds = soakSeconds
    self.windows = windows
    self.approval = approval
    self.failureBudget = failureBudget
  }
}
