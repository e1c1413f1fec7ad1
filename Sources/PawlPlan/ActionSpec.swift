package import PawlModel

/// What the planner knows of an action: its parameters, its effects and how it reads, not how it is done.
package struct ActionSpec: Sendable {
  /// A parameter of `with:`.
  package struct Parameter: Sendable, Hashable {
    /// What values it takes.
    package enum Kind: String, Sendable, Hashable {
      case string, int, bool, version
      /// Text such as `10m`, or seconds.
      case duration
      case stringList
      case mapList
    }

    package let name: String
    package let kind: Kind
    /// Used when it is not given; nil makes it required.
    package let defaultValue: Value?
    /// The only texts allowed; empty for no limit.
    package let allowed: [String]
    /// One sentence.
    package let summary: String

    /// Makes a parameter.
    package init(
      _ name: String, _ kind: Kind, default defaultValue: Value? = nil, allowed: [String] = [],
      _ summary: String
    ) {
      self.name = name
      self.kind = kind
      self.defaultValue = defaultValue
      self.allowed = allowed
      self.summary = summary
    }
  }

  /// Where a step is planned for: what title and effects may depend on.
  package struct Site: Sendable {
    /// The inventory host; nil for the cluster.
    package let host: Host?
    /// The resolved parameters.
    package let parameters: [String: Value]

    /// Makes a site.
    package init(host: Host?, parameters: [String: Value]) {
      self.host = host
      self.parameters = parameters
    }

    /// The node's name, or `cluster`.
    package var node: String { host?.node ?? "cluster" }

    /// A version parameter.
    package func version(_ name: String) -> KubernetesVersion? {
      switch parameters[name] {
      case .version(let version): version
      case .string(let text): KubernetesVersion(parsing: text)
      default: nil
      }
    }

    /// A parameter as text; empty when it is missing.
    package func text(_ name: String) -> String { parameters[name]?.description ?? "" }
  }

  /// The name, `node/drain`.
  package let name: String
  /// The number after `@v`.
  package let version: Int
  /// One sentence for the catalogue.
  package let summary: String
  package let parameters: [Parameter]
  /// Whether it needs a host.
  package let needsHost: Bool
  package let reversibility: Reversibility
  package let defaultRetry: RetryPolicy
  package let defaultTimeoutSeconds: Int
  package let estimateSeconds: Int
  /// Whether it is planned by what there is to patch, which is gathered only when asked for.
  package let needsPatchFacts: Bool
  /// An action, `gate/baseline@v1`, without which before it on the same host it can do nothing.
  package let comesAfter: String?
  /// What its success proves beyond its host; nil for nothing.
  package let proof: Proof?
  /// The sentence in a plan.
  package let title: @Sendable (Site) -> String
  /// What it changes.
  package let effects: @Sendable (Site) -> [StateEffect]
  /// Parameters that the planner adds from the host's facts, so that nothing is left to choose at run time:
  /// exact package versions, say.
  package let freeze: @Sendable (Site, HostFacts?) throws(PlanRefusal) -> [String: Value]

  /// Makes a spec.
  package init(
    name: String, version: Int, summary: String, parameters: [Parameter] = [], needsHost: Bool = true,
    reversibility: Reversibility, retry: RetryPolicy = .never, timeoutSeconds: Int, estimateSeconds: Int,
    needsPatchFacts: Bool = false, comesAfter: String? = nil, proof: Proof? = nil,
    title: @escaping @Sendable (Site) -> String,
    effects: @escaping @Sendable (Site) -> [StateEffect] = { _ in [] },
    freeze: @escaping @Sendable (Site, HostFacts?) throws(PlanRefusal) -> [String: Value] = { _, _ in [:] }
  ) {
    self.name = name
    self.version = version
    self.summary = summary
    self.parameters = parameters
    self.needsHost = needsHost
    self.reversibility = reversibility
    self.defaultRetry = retry
    self.defaultTimeoutSeconds = timeoutSeconds
    self.estimateSeconds = estimateSeconds
    self.needsPatchFacts = needsPatchFacts
    self.comesAfter = comesAfter
    self.proof = proof
    self.title = title
    self.effects = effects
    self.freeze = freeze
  }

  /// `node/drain@v1`.
  package var reference: String { "\(name)@v\(version)" }
}

/// The actions that a runbook may use, by reference.
package struct ActionCatalog: Sendable {
  private let specs: [String: ActionSpec]

  /// Makes a catalogue; of two specs with one reference the last counts.
  package init(_ specs: [ActionSpec]) {
    self.specs = Dictionary(specs.map { ($0.reference, $0) }, uniquingKeysWith: { $1 })
  }

  /// The spec of `node/drain@v1`; nil when there is none.
  package func spec(_ reference: String) -> ActionSpec? { specs[reference] }

  /// Whether a plan goes by what there is to patch.
  package func needsPatchFacts(_ plan: Plan) -> Bool { needsPatchFacts(plan.steps) }

  func needsPatchFacts(_ steps: [PlanStep]) -> Bool {
    steps.contains { spec($0.uses)?.needsPatchFacts == true }
  }

  /// Whether a runbook's plans go by what there is to patch.
  package func needsPatchFacts(_ runbook: Runbook) -> Bool { needsPatchFacts(runbook.steps) }

  private func needsPatchFacts(_ steps: [RunbookStep]) -> Bool {
    steps.contains { step in
      switch step.body {
      case .action(let call): spec(call.reference)?.needsPatchFacts == true
      case .group(let steps): needsPatchFacts(steps)
      }
    }
  }

  /// All references, in order.
  package var references: [String] { specs.keys.sorted() }
}
