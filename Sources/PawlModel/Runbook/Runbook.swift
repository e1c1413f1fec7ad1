/// A versioned procedure: typed inputs and steps over typed actions. Read from `runbooks/*.yaml`.
package struct Runbook: Sendable, Hashable {
  /// `metadata.name`, such as `kubeadm-upgrade`.
  package let name: String
  /// `metadata.version`, three numbers.
  package let version: String
  /// `metadata.description`: one or two sentences for the catalogue.
  package let summary: String
  /// The inputs, in file order.
  package let inputs: [InputDefinition]
  /// The steps, in file order.
  package let steps: [RunbookStep]
  /// SHA-256 of the file's bytes, in hex: a run is bound to it.
  package let digest: String

  /// Makes a runbook.
  package init(
    name: String, version: String, summary: String, inputs: [InputDefinition], steps: [RunbookStep],
    digest: String
  ) {
    self.name = name
    self.version = version
    self.summary = summary
    self.inputs = inputs
    self.steps = steps
    self.digest = digest
  }
}

/// One typed input of a runbook.
package struct InputDefinition: Sendable, Hashable {
  /// What values the input takes.
  package enum Kind: String, Sendable, Hashable, CaseIterable {
    case string, int, bool, version, duration
  }

  /// The name after `inputs.` in expressions and `--set`.
  package let name: String
  /// Its type.
  package let kind: Kind
  /// Used when nothing is given; nil makes the input required.
  package let defaultValue: Value?
  /// The only values allowed; empty for no limit.
  package let allowed: [Value]
  /// One sentence.
  package let summary: String

  /// Makes a definition.
  package init(name: String, kind: Kind, defaultValue: Value? = nil, allowed: [Value] = [], summary: String) {
    self.name = name
    self.kind = kind
    self.defaultValue = defaultValue
    self.allowed = allowed
    self.summary = summary
  }
}

/// A step or a group of steps.
///
/// Without `needs` a step follows the one before it in its list, so that a list reads as a sequence.
package struct RunbookStep: Sendable, Hashable {
  /// An action to perform, or steps in a list of their own.
  package indirect enum Body: Sendable, Hashable {
    case action(ActionCall)
    case group([RunbookStep])
  }

  /// Unique among its siblings; `[a-z][a-z0-9-]*`.
  package let id: String
  /// A sentence for the plan; nil for the action's own.
  package let title: Template?
  /// Siblings that come first; nil for the sibling before.
  package let needs: [LocatedName]?
  /// The hosts to repeat the step for; nil inherits the host of the group around.
  package let on: HostSelector?
  /// A list to repeat the step for, each item bound to `loopVariable`.
  package let forEach: Expression?
  /// The name that `forEach` binds, `item` unless `as` is given.
  package let loopVariable: String
  /// How many repetitions may be under way at once; nil for 1.
  package let parallel: Expression?
  /// Whether the inventory's `policy.rollout` shapes the repetition: order, waves, gates.
  package let rollout: Bool
  /// Left out of the plan, with the reason, when false.
  package let when: Expression?
  /// What it does.
  package let body: Body
  /// Where it stands.
  package let location: SourceLocation

  /// Makes a step.
  package init(
    id: String, title: Template?, needs: [LocatedName]?, on: HostSelector?, forEach: Expression?,
    loopVariable: String, parallel: Expression?, when: Expression?, rollout: Bool = false,
    body: Body, location: SourceLocation
  ) {
    self.id = id
    self.title = title
    self.needs = needs
    self.on = on
    self.forEach = forEach
    self.loopVariable = loopVariable
    self.parallel = parallel
    self.when = when
    self.rollout = rollout
    self.body = body
    self.location = location
  }
}

/// A name with the place it was written at.
package struct LocatedName: Sendable, Hashable {
  /// The name.
  package let name: String
  /// Its place.
  package let location: SourceLocation

  /// Makes a located name.
  package init(_ name: String, at location: SourceLocation) {
    self.name = name
    self.location = location
  }
}

/// `uses: node/drain@v1` with its parameters.
package struct ActionCall: Sendable, Hashable {
  /// The action's name, `node/drain`.
  package let name: String
  /// The number after `@v`.
  package let version: Int
  /// Parameters by name.
  package let parameters: [String: ValueTemplate]
  /// Retry; nil for the action's own.
  package let retry: RetryPolicy?
  /// Limit in seconds, an expression or a duration; nil for the action's own.
  package let timeout: ValueTemplate?
  /// Where `uses` stands.
  package let location: SourceLocation

  /// Makes a call.
  package init(
    name: String, version: Int, parameters: [String: ValueTemplate], retry: RetryPolicy?,
    timeout: ValueTemplate?,
    location: SourceLocation
  ) {
    self.name = name
    self.version = version
    self.parameters = parameters
    self.retry = retry
    self.timeout = timeout
    self.location = location
  }

  /// `node/drain@v1`.
  package var reference: String { "\(name)@v\(version)" }
}

/// How often a failed attempt is repeated.
package struct RetryPolicy: Sendable, Hashable, Codable {
  /// Attempts in all, at least 1.
  package var attempts: Int
  /// Wait before the second attempt; doubles with each further one.
  package var delaySeconds: Int
  /// The longest wait.
  package var maxDelaySeconds: Int

  /// Makes a policy.
  package init(attempts: Int, delaySeconds: Int = 5, maxDelaySeconds: Int = 60) {
    self.attempts = attempts
    self.delaySeconds = delaySeconds
    self.maxDelaySeconds = maxDelaySeconds
  }

  /// One attempt.
  package static let never = RetryPolicy(attempts: 1)

  /// The wait after failed attempt number `attempt` (from 1), in seconds.
  package func delay(after attempt: Int) -> Int {
    var delay = delaySeconds
    for _ in 1..<max(attempt, 1) where delay < maxDelaySeconds { delay *= 2 }
    return min(delay, maxDelaySeconds)
  }
}

/// Which hosts a step is repeated for.
package struct HostSelector: Sendable, Hashable {
  /// Which of the hosts found: all, only the first, or all but the first.
  package enum Pick: String, Sendable, Hashable, CaseIterable { case all, first, rest }

  /// Hosts with this role; nil for any.
  package let role: HostRole?
  /// Hosts of this inventory group; nil for any.
  package let group: String?
  /// All, first or rest, in inventory order.
  package let pick: Pick
  /// Where it stands.
  package let location: SourceLocation

  /// Makes a selector.
  package init(role: HostRole?, group: String?, pick: Pick, location: SourceLocation) {
    self.role = role
    self.group = group
    self.pick = pick
    self.location = location
  }
}
