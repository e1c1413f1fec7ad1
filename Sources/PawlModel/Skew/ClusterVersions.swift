/// The versions that run side by side in a cluster at one moment, by node name.
package struct ClusterVersions: Sendable, Hashable {
  /// API servers.
  package var apiServers: [String: KubernetesVersion]
  /// Controller managers.
  package var controllerManagers: [String: KubernetesVersion]
  /// Schedulers.
  package var schedulers: [String: KubernetesVersion]
  /// Kubelets.
  package var kubelets: [String: KubernetesVersion]
  /// kube-proxies; empty when they are not known.
  package var kubeProxies: [String: KubernetesVersion]
  /// The kubectl in use; nil when it is not known.
  package var kubectl: KubernetesVersion?

  /// Makes the value.
  package init(
    apiServers: [String: KubernetesVersion], controllerManagers: [String: KubernetesVersion] = [:],
    schedulers: [String: KubernetesVersion] = [:], kubelets: [String: KubernetesVersion] = [:],
    kubeProxies: [String: KubernetesVersion] = [:], kubectl: KubernetesVersion? = nil
  ) {
    self.apiServers = apiServers
    self.controllerManagers = controllerManagers
    self.schedulers = schedulers
    self.kubelets = kubelets
    self.kubeProxies = kubeProxies
    self.kubectl = kubectl
  }

  /// The versions that the API server and its static pods report. Where a control-plane node's API server was not
  /// found, the version of the server that answered stands in when no other is known.
  package init(_ facts: ClusterFacts) {
    func byNode(_ version: (ControlPlaneFacts) -> KubernetesVersion?) -> [String: KubernetesVersion] {
      let pairs = facts.controlPlane.compactMap { node in version(node).map { (node.node, $0) } }
      return Dictionary(pairs, uniquingKeysWith: { first, _ in first })
    }
    var apiServers = byNode(\.apiServer)
    if apiServers.isEmpty { apiServers["the API server"] = facts.serverVersion }
    let kubelets = facts.nodes.map { ($0.name, $0.kubeletVersion) }
    self.init(
      apiServers: apiServers, controllerManagers: byNode(\.controllerManager),
      schedulers: byNode(\.scheduler),
      kubelets: Dictionary(kubelets, uniquingKeysWith: { first, _ in first }))
  }
}

/// A rule of Kubernetes about versions side by side.
package enum SkewRule: String, Sendable, Hashable, CaseIterable {
  case apiServerSkew = "apiserver-ha-skew"
  case kubeletNotNewer = "kubelet-not-newer"
  case kubeletTooOld = "kubelet-too-old"
  case kubeProxyNotNewer = "kube-proxy-not-newer"
  case kubeProxyTooOld = "kube-proxy-too-old"
  case kubeProxyKubeletSkew = "kube-proxy-kubelet-skew"
  case controllerManagerNotNewer = "controller-manager-not-newer"
  case controllerManagerTooOld = "controller-manager-too-old"
  case schedulerNotNewer = "scheduler-not-newer"
  case schedulerTooOld = "scheduler-too-old"
  case kubectlSkew = "kubectl-skew"
  case kubeadmOneMinor = "kubeadm-one-minor"
  case kubeadmNoDowngrade = "kubeadm-no-downgrade"
  case kubeadmKubeletTooOld = "kubeadm-kubelet-too-old"
}

/// A rule that does not hold, and where.
package struct SkewViolation: Sendable, Hashable, CustomStringConvertible {
  /// The rule.
  package let rule: SkewRule
  /// The component that breaks it, such as `kubelet`.
  package let component: String
  /// The node it runs on; nil for kubectl and for a set of API servers.
  package let host: String?
  /// The versions that do not go together, the component's own first.
  package let versions: [KubernetesVersion]
  /// One sentence for the operator, without a full stop.
  package let message: String

  /// The message with the rule's id.
  package var description: String { "\(message) (rule \(rule.rawValue))" }
}
