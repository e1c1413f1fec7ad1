import PawlEngine
package import PawlModel

/// What a drain may do to pods.
package struct DrainPolicy: Sendable, Hashable {
  /// Pods with emptyDir volumes, whose data is lost.
  package var localData: Policy.LossPolicy
  /// Pods that nothing creates again.
  package var unmanagedPods: Policy.LossPolicy
  /// What pods get to end; nil for each pod's own.
  package var gracePeriodSeconds: Int?
  /// For single pods; of the rules with an action, and of those with an order, the first one that fits counts.
  package var rules: [PodRule]
  /// Evictions under way at once, at least 1.
  package var maxParallelEvictions: Int
  package var atLimit: DrainSettings.AtLimit
  /// Why pods that are left at the limit are deleted with no grace, past their budgets; nil when they are not.
  package var forceReason: String?

  /// Makes a policy; the default refuses every loss.
  package init(
    localData: Policy.LossPolicy = .refuse, unmanagedPods: Policy.LossPolicy = .refuse,
    gracePeriodSeconds: Int? = nil, rules: [PodRule] = [], maxParallelEvictions: Int = 5,
    atLimit: DrainSettings.AtLimit = .pause, forceReason: String? = nil
  ) {
    self.localData = localData
    self.unmanagedPods = unmanagedPods
    self.gracePeriodSeconds = gracePeriodSeconds
    self.rules = rules
    self.maxParallelEvictions = maxParallelEvictions
    self.atLimit = atLimit
    self.forceReason = forceReason
  }

  /// What a rule says is done with a pod; nil when none does.
  func action(for pod: ClusterPod) -> PodRule.Action? {
    rules.first { $0.action != nil && $0.fits(namespace: pod.namespace, labels: pod.labels) }?.action
  }

  /// When a pod's turn comes: lower goes first, 0 for ordinary pods.
  func order(of pod: ClusterPod) -> Int {
    rules.first { $0.order != nil && $0.fits(namespace: pod.namespace, labels: pod.labels) }?.order ?? 0
  }
}

/// The order of pods that others need, as data. An inventory's rules come before these.
package enum NeededPods {
  /// Names first, then volumes, and last what carries packets: each needs those that follow.
  package static let rules: [PodRule] =
    [
      PodRule(namespace: "kube-system", labels: ["k8s-app": "kube-dns"], order: names),
      PodRule(labels: ["app.kubernetes.io/component": "csi-driver"], order: volumes),
      PodRule(labels: ["app": "csi-provisioner"], order: volumes),
      PodRule(labels: ["app": "csi-attacher"], order: volumes),
    ]
    + ["longhorn-system", "rook-ceph", "openebs", "portworx", "linstor", "piraeus-datastore"].map {
      PodRule(namespace: $0, order: volumes)
    }
    + [
      PodRule(labels: ["io.cilium/app": "operator"], order: network),
      PodRule(labels: ["k8s-app": "calico-kube-controllers"], order: network),
      PodRule(labels: ["k8s-app": "calico-typha"], order: network),
    ]
    + ["tigera-operator", "calico-system", "cilium", "kube-flannel", "kube-ovn"].map {
      PodRule(namespace: $0, order: network)
    }

  private static let names = 10
  private static let volumes = 20
  private static let network = 30
}

extension DrainSettings.AtLimit {
  /// What a drain that has not ended in time is to the engine.
  var retry: StepFailure.Retry {
    switch self {
    case .pause: .limit
    case .fail: .temporary
    case .skip: .skip
    }
  }
}
