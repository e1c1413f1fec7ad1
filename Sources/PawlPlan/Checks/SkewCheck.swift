import PawlModel

/// Version skew in every state that the plan's graph can reach, not only along one order.
///
/// Skew rules speak of pairs of components. A component's states are its value before the run and after each step
/// that changes it. States i of A and j of B can hold together exactly when what leads to the one does not already
/// include the step that ends the other; so looking at all such pairs looks at all reachable states.
struct SkewCheck {
  /// A component of one node and the versions it goes through.
  private struct Component {
    enum Kind { case controlPlane, kubeletAtMost, kubeletAtLeast }
    let kind: Kind
    let node: String
    var states: [State]
  }

  private struct State {
    let version: KubernetesVersion
    /// The step that leads here; nil for the start.
    let step: StepID?
    /// What has happened by then.
    let closure: Set<StepID>
  }

  private let order: PlanOrder
  private let components: [Component]

  init(plan: Plan, order: PlanOrder, facts: Facts) {
    self.order = order
    var found: [String: Component] = [:]
    for node in facts.cluster.nodes {
      let start = State(version: node.kubeletVersion, step: nil, closure: [])
      found["most/\(node.name)"] = Component(kind: .kubeletAtMost, node: node.name, states: [start])
      found["least/\(node.name)"] = Component(kind: .kubeletAtLeast, node: node.name, states: [start])
    }
    for node in facts.cluster.controlPlane {
      guard let version = node.apiServer else { continue }
      let start = State(version: version, step: nil, closure: [])
      found["plane/\(node.node)"] = Component(kind: .controlPlane, node: node.node, states: [start])
    }
    for step in plan.steps {
      for effect in step.effects {
        guard let (key, version) = Self.change(effect) else { continue }
        found[key]?.states.append(State(version: version, step: step.id, closure: order.closure(of: step.id)))
      }
    }
    components = found.sorted { $0.key < $1.key }.map(\.value)
  }

  private static func change(_ effect: StateEffect) -> (key: String, version: KubernetesVersion)? {
    switch effect {
    case .controlPlane(let node, let version): ("plane/\(node)", version)
    case .kubeletInstalled(let node, let version): ("most/\(node)", version)
    case .kubeletRunning(let node, let version): ("least/\(node)", version)
    case .outOfService, .inService: nil
    }
  }

  func refusals() -> [PlanRefusal] {
    let planes = components.filter { $0.kind == .controlPlane }
    var found = components.flatMap(stepRefusals)
    for plane in planes {
      for other in components where !(other.kind == .controlPlane && other.node <= plane.node) {
        if let refusal = pairRefusal(plane, other) { found.append(refusal) }
      }
    }
    return found
  }

  /// A single component must move up, one minor at a time where it is a control plane, and in one order.
  private func stepRefusals(_ component: Component) -> [PlanRefusal] {
    zip(component.states, component.states.dropFirst()).compactMap { before, after in
      guard let step = after.step else { return nil }
      if let last = before.step, !after.closure.contains(last) {
        return PlanRefusal(
          code: "unordered",
          message: "\(last) and \(step) both change \(component.node), and nothing orders them.")
      }
      if after.version < before.version {
        return PlanRefusal(
          code: "downgrade",
          message: "\(step) takes \(component.node) from \(before.version) back to \(after.version).",
          hint: "Kubernetes does not support downgrades; restore from a backup instead.")
      }
      let distance = after.version.minorVersion.distance(from: before.version.minorVersion)
      if component.kind == .controlPlane, distance.map({ $0 > 1 }) ?? true {
        return PlanRefusal(
          code: "minor-skipped",
          message:
            "\(step) takes the control plane of \(component.node) from \(before.version) to \(after.version), "
            + "which skips a minor version.")
      }
      return nil
    }
  }

  /// The first reachable pair of states that breaks a rule, with the way into it.
  private func pairRefusal(_ plane: Component, _ other: Component) -> PlanRefusal? {
    for (i, one) in plane.states.enumerated() {
      for (j, two) in other.states.enumerated() {
        guard !ends(plane, i, by: two), !ends(other, j, by: one),
          let violation = violation(plane.node, one.version, isApplied: one.step != nil, other, two.version)
        else { continue }
        let way = order.sorted(one.closure.union(two.closure))
        let sequence =
          way.isEmpty ? "as the cluster stands" : "after " + way.suffix(4).map(\.text).joined(separator: ", ")
        return PlanRefusal(code: "skew", message: "\(violation) This comes \(sequence).")
      }
    }
    return nil
  }

  /// Whether in `state` the component has left its i-th state already.
  private func ends(_ component: Component, _ i: Int, by state: State) -> Bool {
    guard i + 1 < component.states.count, let step = component.states[i + 1].step else { return false }
    return state.closure.contains(step)
  }

  private func violation(
    _ node: String, _ version: KubernetesVersion, isApplied: Bool, _ other: Component,
    _ otherVersion: KubernetesVersion
  ) -> String? {
    var versions = ClusterVersions(apiServers: [node: version])
    switch other.kind {
    case .controlPlane: versions.apiServers[other.node] = otherVersion
    case .kubeletAtMost, .kubeletAtLeast: versions.kubelets[other.node] = otherVersion
    }
    let kubeadm =
      other.kind == .kubeletAtLeast && isApplied
      ? SkewPolicy.kubeadmViolations(
        applying: version, to: ClusterVersions(apiServers: [:], kubelets: versions.kubelets))
      : []
    let found = (SkewPolicy.violations(in: versions) + kubeadm).first { violation in
      // An installed kubelet may only be too new, a running one only too old.
      switch other.kind {
      case .controlPlane: true
      case .kubeletAtMost: violation.rule == .kubeletNotNewer
      case .kubeletAtLeast: violation.rule != .kubeletNotNewer
      }
    }
    return found?.description.asSentence
  }
}
