/// How the workers of a plan come one after the other, for its readers; the steps say the same by their needs.
package struct PlanRollout: Sendable, Hashable, Codable {
  /// Workers that come together, after all of the wave before.
  package struct Wave: Sendable, Hashable, Codable {
    /// `canary`, `wave 1`, `rest`; `all` for the only one.
    package var name: String
    /// Hosts by zone, in their order.
    package var zones: [[String]]
    /// Hosts at once.
    package var parallel: Int

    /// Makes a wave.
    package init(name: String, zones: [[String]], parallel: Int) {
      self.name = name
      self.zones = zones
      self.parallel = parallel
    }
  }

  package var waves: [Wave]
  /// Nodes out of service at once that the policy allows.
  package var maxUnavailable: Int
  /// Workers out of service already when planned.
  package var unavailable: [String]
  /// Between waves, or between nodes where there is one wave.
  package var soakSeconds: Int
  /// When nodes may be started, `fri,sat 22:00-04:00 Europe/Berlin`; empty for always.
  package var windows: [String]
  /// `run`, `wave` or `node`.
  package var approval: String?
  /// Workers that may fail for good before the run stops.
  package var failureBudget: Int

  /// Makes a rollout.
  package init(
    waves: [Wave], maxUnavailable: Int, unavailable: [String] = [], soakSeconds: Int = 0,
    windows: [String] = [],
    approval: String? = nil, failureBudget: Int = 0
  ) {
    self.waves = waves
    self.maxUnavailable = maxUnavailable
    self.unavailable = unavailable
    self.soakSeconds = soakSeconds
    self.windows = windows
    self.approval = approval
    self.failureBudget = failureBudget
  }
}
