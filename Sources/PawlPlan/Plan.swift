package import PawlModel

/// The name of a step in a plan, such as `drain@worker-3` or `1.20/drain@worker-3`; stable from plan to plan.
package struct StepID: Sendable, Hashable, Codable, Comparable, CustomStringConvertible {
  /// The name as text.
  package let text: String

  /// Makes an id from its text.
  package init(_ text: String) { self.text = text }

  package init(from decoder: any Decoder) throws {
    text = try decoder.singleValueContainer().decode(String.self)
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(text)
  }

  package var description: String { text }

  package static func < (left: StepID, right: StepID) -> Bool { left.text < right.text }
}

/// A run as it will happen: every choice is made, only permission is left to run time.
///
/// The same runbook, inventory, facts and inputs give the same plan, byte for byte. See docs/architecture.md.
package struct Plan: Sendable, Hashable, Codable {
  /// The form of the plan file; see schemas/plan.schema.json.
  package static let currentSchemaVersion = 1

  /// See `currentSchemaVersion`.
  package var schemaVersion: Int
  /// Always `Plan`.
  package var kind: String
  /// The cluster's name in the inventory.
  package var cluster: String
  /// What the plan was made from.
  package var runbook: RunbookReference
  /// The inputs as resolved.
  package var inputs: [String: Value]
  /// One line: what the run does.
  package var title: String
  /// Each host's way through the versions, control plane first.
  package var versions: [VersionChange]
  /// In an order that respects `needs`.
  package var steps: [PlanStep]
  /// Steps that were left out, and why.
  package var skipped: [SkippedStep]
  /// How the workers come one after the other; nil when nothing is rolled out to them.
  package var rollout: PlanRollout?
  /// Workers that are left behind from the start; nil for none.
  package var unreachable: [UnreachableWorker]?
  /// What an operator should know before approving.
  package var notes: [PlanNote]
  /// What the plan depends on, as `path: value`: hosts, policy and facts. See `PlanBasis`.
  package var basis: [String: String]

  /// Makes a plan.
  package init(
    cluster: String, runbook: RunbookReference, inputs: [String: Value], title: String,
    versions: [VersionChange],
    steps: [PlanStep], skipped: [SkippedStep], rollout: PlanRollout? = nil,
    unreachable: [UnreachableWorker]? = nil, notes: [PlanNote], basis: [String: String]
  ) {
    self.schemaVersion = Self.currentSchemaVersion
    self.kind = "Plan"
    self.cluster = cluster
    self.runbook = runbook
    self.inputs = inputs
    self.title = title
    self.versions = versions
    self.steps = steps
    self.skipped = skipped
    self.rollout = rollout
    self.unreachable = unreachable
    self.notes = notes
    self.basis = basis
  }

  /// The step of that id; nil when there is none.
  package func step(_ id: StepID) -> PlanStep? { steps.first { $0.id == id } }
}

extension Plan {
  /// The command that plans the like anew, from where the cluster is then.
  package var commandAnew: String {
    switch runbook.name {
    case "kubeadm-upgrade": "pawl upgrade"
    case "os-patch": "pawl patch"
    case "node-drain": "pawl drain"
    case "node-uncordon": "pawl uncordon"
    case let name: "pawl run \(name)"
    }
  }
}

/// The runbook a plan was made from.
package struct RunbookReference: Sendable, Hashable, Codable {
  package var name: String
  package var version: String
  /// SHA-256 of the runbook's bytes.
  package var digest: String

  /// Makes a reference.
  package init(name: String, version: String, digest: String) {
    self.name = name
    self.version = version
    self.digest = digest
  }
}

/// A worker that could not be reached when the plan was made, and is left behind within the failure budget.
package struct UnreachableWorker: Sendable, Hashable, Codable {
  /// The inventory's host name.
  package var host: String
  package var node: String
  /// One sentence that says why it can't be reached.
  package var reason: String

  /// Makes one.
  package init(host: String, node: String, reason: String) {
    self.host = host
    self.node = node
    self.reason = reason
  }
}

/// A node's versions before, between and after.
package struct VersionChange: Sendable, Hashable, Codable {
  /// The inventory's host name.
  package var host: String
  /// `control-plane` or `worker`.
  package var role: String
  /// What runs now.
  package var from: KubernetesVersion
  /// Each version the node is taken to, in order; empty when it stays.
  package var through: [KubernetesVersion]

  /// Makes a change.
  package init(host: String, role: String, from: KubernetesVersion, through: [KubernetesVersion]) {
    self.host = host
    self.role = role
    self.from = from
    self.through = through
  }
}

/// Whether what a step does can be taken back.
package enum Reversibility: String, Sendable, Hashable, Codable {
  /// Put back exactly.
  case reversible
  /// Made good by another action.
  case compensable
  /// Not taken back: the only way is forward.
  case final
  /// Changes nothing.
  case readOnly
}

/// What a read-only step proves of more than its own host.
package enum Proof: String, Sendable, Hashable, Codable {
  /// That the cluster may be worked on: when it fails the run stops, whatever the failure budget.
  case cluster
  /// The same, of this moment: a run that is resumed looks again before it goes on to what the proof is for.
  case moment
}

/// What a step changes in the state that skew rules and budgets speak of.
package enum StateEffect: Sendable, Hashable, Codable {
  /// API server, controller manager and scheduler of a node run this version from here on.
  case controlPlane(node: String, version: KubernetesVersion)
  /// A kubelet started from here on has this version, though an older one may still run.
  case kubeletInstalled(node: String, version: KubernetesVersion)
  /// The kubelet that runs has this version.
  case kubeletRunning(node: String, version: KubernetesVersion)
  /// The node takes no pods from here on.
  case outOfService(node: String)
  /// The node takes pods again.
  case inService(node: String)
}

/// One action on one host, or on the cluster.
package struct PlanStep: Sendable, Hashable, Codable {
  package var id: StepID
  /// One sentence for the operator.
  package var title: String
  /// The action, `node/drain@v1`.
  package var uses: String
  /// The host it runs on; nil for the cluster as a whole.
  package var host: String?
  /// The groups around it, outermost first, such as `["1.20", "workers"]`.
  package var path: [String]
  /// Steps that must have succeeded first.
  package var needs: [StepID]
  /// The action's parameters, resolved.
  package var with: [String: Value]
  package var retry: RetryPolicy
  /// Limit for one attempt.
  package var timeoutSeconds: Int
  package var reversibility: Reversibility
  /// What its success proves beyond its host; nil for nothing.
  package var proof: Proof?
  /// What a usual attempt takes, for the estimate.
  package var estimateSeconds: Int
  /// What 10 of 100 attempts take less than, and more than; half and twice a guess. Nil for a step of the rollout's
  /// policy, and in plans of earlier Pawls without earlier runs.
  package var estimateLowSeconds: Int?
  package var estimateHighSeconds: Int?
  /// What the three are taken from; nil where there are no bounds, and in plans of earlier Pawls.
  package var estimateSource: Estimate.Source?
  package var effects: [StateEffect]

  /// Makes a step.
  package init(
    id: StepID, title: String, uses: String, host: String?, path: [String], needs: [StepID],
    with: [String: Value],
    retry: RetryPolicy, timeoutSeconds: Int, reversibility: Reversibility, proof: Proof? = nil,
    estimateSeconds: Int, estimateLowSeconds: Int? = nil, estimateHighSeconds: Int? = nil,
    estimateSource: Estimate.Source? = nil, effects: [StateEffect]
  ) {
    self.id = id
    self.title = title
    self.uses = uses
    self.host = host
    self.path = path
    self.needs = needs
    self.with = with
    self.retry = retry
    self.timeoutSeconds = timeoutSeconds
    self.reversibility = reversibility
    self.proof = proof
    self.estimateSeconds = estimateSeconds
    self.estimateLowSeconds = estimateLowSeconds
    self.estimateHighSeconds = estimateHighSeconds
    self.estimateSource = estimateSource
    self.effects = effects
  }
}

/// A step that is not in the plan.
package struct SkippedStep: Sendable, Hashable, Codable {
  package var id: StepID
  /// Why, in words.
  package var reason: String

  /// Makes a skipped step.
  package init(id: StepID, reason: String) {
    self.id = id
    self.reason = reason
  }
}

/// Something to know before approving.
package struct PlanNote: Sendable, Hashable, Codable {
  /// How much it matters.
  package enum Level: String, Sendable, Hashable, Codable { case warning, info }

  package var level: Level
  /// One or two sentences.
  package var message: String

  /// Makes a note.
  package init(_ level: Level, _ message: String) {
    self.level = level
    self.message = message
  }
}
