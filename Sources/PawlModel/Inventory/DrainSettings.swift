/// How drains treat single pods, and what becomes of a drain at its limit: `policy.drain` of an inventory.
package struct DrainSettings: Sendable, Hashable, Codable {
  /// What happens when a drain has not ended within its limit.
  package enum AtLimit: String, Sendable, Hashable, Codable, CaseIterable {
    /// The run pauses, and an operator helps, resumes or forces.
    case pause
    /// The step fails.
    case fail
    /// A worker is left behind within the rollout's failure budget; anything else pauses.
    case skip
  }

  /// Rules for single pods; the first one that fits decides.
  package var pods: [PodRule]
  package var atLimit: AtLimit
  /// Evictions under way at once, at least 1.
  package var maxParallelEvictions: Int

  /// Makes settings; the default has no rules and pauses.
  package init(pods: [PodRule] = [], atLimit: AtLimit = .pause, maxParallelEvictions: Int = 5) {
    self.pods = pods
    self.atLimit = atLimit
    self.maxParallelEvictions = maxParallelEvictions
  }

  /// For expressions of runbooks.
  package var value: Value {
    .map([
      "pods": .list(pods.map(\.value)), "atLimit": .string(atLimit.rawValue),
      "maxParallelEvictions": .int(maxParallelEvictions),
    ])
  }
}

/// What a drain does with the pods of a namespace, or with labels: an action, an order, or both.
package struct PodRule: Sendable, Hashable, Codable {
  /// What is done with the pod.
  package enum Action: String, Sendable, Hashable, Codable, CaseIterable {
    /// It stays.
    case skip
    /// It is waited for until it has ended by itself.
    case wait
    /// It is evicted within its disruption budgets, whatever is lost.
    case evict
  }

  /// What to do instead of `delete`, which is no action: past budgets pods go only when somebody says so, and why.
  static let insteadOfDeleting =
    "Use 'evict', which moves them whatever is lost, within their disruption budgets. Past those they go only by "
    + "'pawl drain --force' or 'pawl approve --as force', with a reason."

  /// Nil for every namespace.
  package var namespace: String?
  /// All of them must be the pod's.
  package var labels: [String: String]
  /// Nil for what the drain does anyhow.
  package var action: Action?
  /// Lower goes first; nil says nothing of it.
  package var order: Int?

  /// Makes a rule.
  package init(
    namespace: String? = nil, labels: [String: String] = [:], action: Action? = nil, order: Int? = nil
  ) {
    self.namespace = namespace
    self.labels = labels
    self.action = action
    self.order = order
  }

  /// Whether the rule speaks of a pod.
  package func fits(namespace: String, labels: [String: String]) -> Bool {
    (self.namespace ?? namespace) == namespace && self.labels.allSatisfy { labels[$0.key] == $0.value }
  }

  /// As a parameter of a step.
  package var value: Value {
    var entries: [String: Value] = [:]
    entries["namespace"] = namespace.map { .string($0) }
    if !labels.isEmpty { entries["labels"] = .map(labels.mapValues { .string($0) }) }
    entries["action"] = action.map { .string($0.rawValue) }
    entries["order"] = order.map { .int($0) }
    return .map(entries)
  }

  /// Reads what `value` gives; nil for anything else, such as an unknown key, and for a rule that fits every pod.
  package init?(_ value: Value) {
    guard case .map(let entries) = value else { return nil }
    self.init()
    for (key, entry) in entries {
      switch (key, entry) {
      case ("namespace", .string(let text)): namespace = text
      case ("order", .int(let number)): order = number
      case ("action", .string(let text)):
        guard let action = Action(rawValue: text) else { return nil }
        self.action = action
      case ("labels", .map(let pairs)):
        for (name, pair) in pairs {
          guard case .string(let text) = pair else { return nil }
          labels[name] = text
        }
      default: return nil
      }
    }
    guard isComplete else { return nil }
  }

  /// Whether it names pods and says something of them.
  var isComplete: Bool { (namespace != nil || !labels.isEmpty) && (action != nil || order != nil) }
}
