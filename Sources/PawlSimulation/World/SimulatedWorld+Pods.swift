import PawlModel
import PawlSteps

/// How pods come and go.
extension SimulatedWorld {
  /// Gives each workload the pods it lacks, and the pending ones a node.
  mutating func fillAll() {
    for workload in state.workloads { fill(workload, ready: false) }
    for (uid, pod) in state.pods.sorted(by: { $0.key < $1.key }) where pod.node == nil && !pod.terminating {
      guard let workload = state.workloads.first(where: { $0.owns(pod) }),
        let node = state.place(for: workload)
      else { continue }
      state.pods[uid]?.node = node
      state.attachedVolumes[node, default: []].formUnion(pod.claims)
      timeline.schedule(.podReady(uid: uid), at: now + SimulatedTimes.podStart)
    }
  }

  /// Makes the pods that a workload lacks.
  mutating func fill(_ workload: SimulatedWorkload, ready: Bool) {
    switch workload.kind {
    case .deployment:
      let live = state.pods.values.count { workload.owns($0) && !$0.terminating }
      for _ in live..<max(live, workload.replicas) {
        make(for: workload, on: state.place(for: workload), ready: ready)
      }
    case .statefulSet:
      for ordinal in 0..<workload.replicas {
        let name = "\(workload.name)-\(ordinal)"
        guard !state.pods.values.contains(where: { workload.owns($0) && $0.name == name }) else { continue }
        make(for: workload, named: name, on: state.place(for: workload), ready: ready)
      }
    case .daemonSet:
      for node in state.nodes.keys.sorted()
      where !state.pods.values.contains(where: { workload.owns($0) && $0.node == node }) {
        make(for: workload, on: node, ready: ready)
      }
    }
  }

  private mutating func make(
    for workload: SimulatedWorkload, named name: String? = nil, on node: String?, ready: Bool
  ) {
    let number = nextNumber()
    let uid = Self.uid(number)
    let isReady = ready && node != nil
    let name = name ?? "\(workload.owner.name)-\(Self.suffix(number))"
    let claims = workload.hasVolume ? ["data-\(name)"] : []
    state.pods[uid] = ClusterPod(
      namespace: workload.namespace, name: name, uid: uid,
      labels: workload.labels, node: node, phase: isReady ? "Running" : "Pending", ready: isReady,
      controller: workload.owner, hasEmptyDir: workload.hasEmptyDir, claims: claims, images: [workload.image])
    if let node { state.attachedVolumes[node, default: []].formUnion(claims) }
    guard !isReady, node != nil else { return }
    timeline.schedule(.podReady(uid: uid), at: now + SimulatedTimes.podStart)
  }

  /// Adds a pod that nobody manages, or one in a special state.
  mutating func add(_ pod: ClusterPod) {
    state.pods[pod.uid] = pod
  }

  /// Marks a pod as going and, for a Deployment, has its successor made at once.
  mutating func terminate(_ uid: String) {
    guard let pod = state.pods[uid], !pod.terminating else { return }
    state.pods[uid]?.terminating = true
    timeline.schedule(.podGone(uid: uid), at: now + SimulatedTimes.podTermination)
    if pod.controller?.kind == "ReplicaSet" { fillAll() }
  }

  /// Takes a pod away, unless a finalizer keeps it.
  mutating func remove(_ uid: String) {
    guard let pod = state.pods[uid], pod.finalizers.isEmpty else { return }
    state.pods[uid] = nil
    if let node = pod.node, !pod.claims.isEmpty {
      timeline.schedule(.volumesDetached(node: node, pod.claims), at: now + SimulatedTimes.detach)
    }
    if pod.isMirror, let node = pod.node { makeMirrorPods(of: node) }
    fillAll()
  }

  /// The answer to an eviction, and the change when it is granted.
  func answer(toEvicting pod: ClusterPod) -> EvictionAnswer {
    guard let live = state.pods[pod.uid], live.fullName == pod.fullName else { return .gone }
    if state.terminatingNamespaces.contains(live.namespace) { return .namespaceTerminating }
    if live.terminating || live.phase != "Running" { return .evicted }
    let budgets = state.budgets(of: live)
    guard budgets.count < 2 else {
      return .refused(
        message: "\(live.fullName) is covered by \(budgets.count) budgets, which evictions do not support.")
    }
    guard let budget = budgets.first else { return .evicted }
    let status = state.status(of: budget)
    let mayGoUnready = budget.allowsUnhealthy || status.desired > 0 && status.healthy >= status.desired
    if status.allowed > 0 || !live.ready && mayGoUnready { return .evicted }
    return .blocked(
      message: "The budget \(budget.namespace)/\(budget.name) allows no disruption: "
        + "\(status.healthy) healthy, \(status.desired) needed.", retryAfterSeconds: 1)
  }

  // MARK: Static pods and kube-proxy

  /// Makes the API's images of a control plane's static pods anew where their version has changed.
  mutating func makeMirrorPods(of node: String) {
    guard let plane = state.nodes[node]?.controlPlane else { return }
    for component in SimulatedControlPlane.Component.allCases {
      let name = "\(component.rawValue)-\(node)"
      let image = "\(component.rawValue):\(plane.tag(of: component))"
      let old = state.pods.values.first { $0.isMirror && $0.name == name }
      guard old?.images != [image] else { continue }
      if let old { state.pods[old.uid] = nil }
      let uid = Self.uid(nextNumber())
      state.pods[uid] = ClusterPod(
        namespace: "kube-system", name: name, uid: uid,
        labels: ["component": component.rawValue, "tier": "control-plane"],
        annotations: ["kubernetes.io/config.mirror": uid], node: node,
        controller: .init(kind: "Node", name: node), images: [image])
    }
  }

  /// kube-proxy follows the control plane; its pods are made anew.
  mutating func replaceProxies(_ version: KubernetesVersion) {
    guard let index = state.workloads.firstIndex(where: { $0.kind == .daemonSet && $0.name == "kube-proxy" })
    else {
      return
    }
    state.workloads[index].image = "kube-proxy:\(version.tag)"
    let workload = state.workloads[index]
    for (uid, pod) in state.pods where workload.owns(pod) { state.pods[uid] = nil }
    fill(workload, ready: true)
  }

  // MARK: Names

  private static func uid(_ number: Int) -> String {
    let digits = String(number)
    return "00000000-0000-4000-9000-" + String(repeating: "0", count: max(0, 12 - digits.count)) + digits
  }

  /// Five letters, as controllers give them.
  private static func suffix(_ number: Int) -> String {
    let letters = Array("bcdfghjklmnpqrstvwxz2456789")
    var rest = number &* 7_368_787 &+ 1_299_709
    return String(
      (0..<5).map { _ in
        defer { rest /= letters.count }
        return letters[rest % letters.count]
      })
  }
}
