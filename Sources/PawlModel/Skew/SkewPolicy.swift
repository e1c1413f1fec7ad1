/// The version-skew policy of Kubernetes, by the minors at hand.
///
/// While API servers are mixed, "not newer" counts from the oldest of them and "not too old" from the newest: a
/// component behind a load balancer can reach each. The rules count minors; patches go together freely.
package enum SkewPolicy {
  /// Which API server a controller manager and a scheduler talk to.
  package enum ControllerReach: Sendable, Hashable {
    /// The one of their own node, as in the kubeconfigs that kubeadm writes from 1.20 on. kubeadm upgrades the three
    /// together, so this holds all through its upgrade.
    case ownNode
    /// Any, through a load balancer, as in clusters that kubeadm before 1.20 set up: for the time of the roll a
    /// controller manager can then be newer than an API server.
    case anyServer
  }

  /// Every broken rule, in a fixed order. Nothing is said about a cluster without a known API server.
  package static func violations(
    in versions: ClusterVersions, controllers: ControllerReach = .ownNode
  ) -> [SkewViolation] {
    guard let servers = ServerRange(versions.apiServers) else { return [] }
    var found = servers.violation.map { [$0] } ?? []
    found += each(versions.controllerManagers) { node, version in
      let range = controllers == .ownNode ? servers.own(of: node, in: versions) : servers
      return check(.controllerManager, version, on: node, against: range, limit: 1)
    }
    found += each(versions.schedulers) { node, version in
      let range = controllers == .ownNode ? servers.own(of: node, in: versions) : servers
      return check(.scheduler, version, on: node, against: range, limit: 1)
    }
    found += each(versions.kubelets) { node, version in
      check(
        .kubelet, version, on: node, against: servers, limit: nodeLimit(for: servers.newest))
    }
    found += each(versions.kubeProxies) { node, version in
      check(
        .kubeProxy, version, on: node, against: servers, limit: nodeLimit(for: servers.newest)
      )
        + checkProxy(version, kubelet: versions.kubelets[node], on: node, server: servers.newest)
    }
    return found + (versions.kubectl.map { checkKubectl($0, against: servers) } ?? [])
  }

  /// How many minors a kubelet or kube-proxy may be older than an API server: one up to 1.12, two up to 1.27, three
  /// from 1.28. The policy grants the third only from 1.25 on, which no older kubelet can reach from 1.28 anyway.
  package static func nodeLimit(for server: KubernetesVersion) -> Int {
    KubernetesReleases.rules(for: server.minorVersion).kubeletSkew
  }

  // MARK: Parts

  /// What is checked against the API servers.
  private enum Component {
    case controllerManager, scheduler, kubelet, kubeProxy

    var name: String {
      switch self {
      case .controllerManager: "kube-controller-manager"
      case .scheduler: "kube-scheduler"
      case .kubelet: "kubelet"
      case .kubeProxy: "kube-proxy"
      }
    }

    var rules: (notNewer: SkewRule, tooOld: SkewRule) {
      switch self {
      case .controllerManager: (.controllerManagerNotNewer, .controllerManagerTooOld)
      case .scheduler: (.schedulerNotNewer, .schedulerTooOld)
      case .kubelet: (.kubeletNotNewer, .kubeletTooOld)
      case .kubeProxy: (.kubeProxyNotNewer, .kubeProxyTooOld)
      }
    }
  }

  /// In order of the node names.
  private static func each(
    _ versions: [String: KubernetesVersion], _ check: (String, KubernetesVersion) -> [SkewViolation]
  ) -> [SkewViolation] {
    versions.sorted { $0.key < $1.key }.flatMap { check($0.key, $0.value) }
  }

  private static func check(
    _ component: Component, _ version: KubernetesVersion, on node: String, against servers: ServerRange,
    limit: Int
  ) -> [SkewViolation] {
    var found: [SkewViolation] = []
    if version.minorVersion > servers.oldest.minorVersion {
      found.append(
        SkewViolation(
          rule: component.rules.notNewer, component: component.name, host: node,
          versions: [version, servers.oldest],
          message: "\(component.name) \(version) on \(node) is newer than "
            + "the API server \(servers.oldest) on \(servers.oldestNode)"))
    }
    if behind(version, servers.newest) > limit {
      found.append(
        SkewViolation(
          rule: component.rules.tooOld, component: component.name, host: node,
          versions: [version, servers.newest],
          message: "\(component.name) \(version) on \(node) is more than \(minors(limit)) older than "
            + "the API server \(servers.newest) on \(servers.newestNode)"))
    }
    return found
  }

  /// Beside the kubelet of the same node. Before 1.28 the policy asks for the same minor; one minor ahead is let
  /// pass, because kubeadm of those versions upgrades kube-proxy with the control plane.
  private static func checkProxy(
    _ version: KubernetesVersion, kubelet: KubernetesVersion?, on node: String, server: KubernetesVersion
  ) -> [SkewViolation] {
    guard let kubelet else { return [] }
    let isLoose = server.minorVersion >= MinorVersion(major: 1, minor: 28)
    let limit = isLoose ? nodeLimit(for: server) : 1
    guard max(behind(version, kubelet), behind(kubelet, version)) > limit else { return [] }
    return [
      SkewViolation(
        rule: .kubeProxyKubeletSkew, component: "kube-proxy", host: node, versions: [version, kubelet],
        message:
          "kube-proxy \(version) and kubelet \(kubelet) on \(node) are more than \(minors(limit)) apart")
    ]
  }

  private static func checkKubectl(_ version: KubernetesVersion, against servers: ServerRange)
    -> [SkewViolation]
  {
    let far = [servers.oldest, servers.newest].first { max(behind(version, $0), behind($0, version)) > 1 }
    guard let far else { return [] }
    return [
      SkewViolation(
        rule: .kubectlSkew, component: "kubectl", host: nil, versions: [version, far],
        message: "kubectl \(version) is more than one minor away from the API server \(far)")
    ]
  }

  /// How many minors `version` is older than `other`; 0 or less when it is not.
  static func behind(_ version: KubernetesVersion, _ other: KubernetesVersion) -> Int {
    if let distance = other.minorVersion.distance(from: version.minorVersion) { return distance }
    // Another major is out of every bound.
    return version.minorVersion < other.minorVersion ? Int.max : 0
  }

  static func minors(_ count: Int) -> String { count == 1 ? "one minor" : "\(count) minors" }
}

/// The oldest and the newest of the API servers that a component can reach.
private struct ServerRange {
  let oldest: KubernetesVersion
  let oldestNode: String
  let newest: KubernetesVersion
  let newestNode: String

  init?(_ servers: [String: KubernetesVersion]) {
    // By name first, so that of equal versions always the same node is named.
    let ordered = servers.sorted { ($0.value, $0.key) < ($1.value, $1.key) }
    guard let first = ordered.first, let last = ordered.last else { return nil }
    (oldestNode, oldest) = first
    (newestNode, newest) = last
  }

  /// Only the API server of that node; all of them when it has none.
  func own(of node: String, in versions: ClusterVersions) -> ServerRange {
    versions.apiServers[node].flatMap { ServerRange([node: $0]) } ?? self
  }

  /// API servers of one cluster are at most one minor apart.
  var violation: SkewViolation? {
    guard SkewPolicy.behind(oldest, newest) > 1 else { return nil }
    return SkewViolation(
      rule: .apiServerSkew, component: "kube-apiserver", host: nil, versions: [oldest, newest],
      message:
        "the API servers \(oldest) on \(oldestNode) and \(newest) on \(newestNode) are more than one minor apart"
    )
  }
}
