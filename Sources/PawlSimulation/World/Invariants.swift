import PawlModel
import PawlSteps

/// A rule that the cluster's state broke, and after what.
package struct InvariantViolation: Sendable, Hashable {
  package var time: Duration
  /// `skew`, `availability`, `drain`, `budget`, `quorum`.
  package var rule: String
  package var message: String
  /// The command or API call.
  package var cause: String
}

/// The rules that every state of an upgrade has to keep.
struct Invariants: Sendable {
  /// Nodes that may be out of service at once.
  var maxUnavailable = 1
  /// Nodes that were out of service before anybody came; they do not count.
  var unavailableBefore: Set<String> = []

  /// What is broken in a state.
  func violations(in state: SimulatedState) -> [(rule: String, message: String)] {
    skew(state) + availability(state) + quorum(state)
  }

  /// What a change broke by the way it was made.
  func violations(of change: SimulatedChange, before: SimulatedState) -> [(rule: String, message: String)] {
    switch change {
    case .kubeletRestarted(let name, let version):
      guard let node = before.nodes[name], node.kubeletVersion.minorVersion != version.minorVersion else {
        return []
      }
      let left = before.pods.values.filter { $0.node == name && $0.countsForDrain }.map(\.fullName).sorted()
      guard let first = left.first else { return [] }
      return [
        (
          "drain",
          "the kubelet of \(name) moved to \(version) with \(left.count) pods on it, such as \(first)"
        )
      ]
    case .podDeleted(_, let uid):
      guard let pod = before.pods[uid], pod.ready, !pod.terminating else { return [] }
      return before.budgets(of: pod).filter { before.status(of: $0).allowed == 0 }.map {
        ("budget", "deleting \(pod.fullName) breaks the budget \($0.name)")
      }
    default: return []
    }
  }

  private func skew(_ state: SimulatedState) -> [(rule: String, message: String)] {
    guard let oldest = state.apiServers.min(), let newest = state.apiServers.max() else { return [] }
    var broken: [String] = []
    if (newest.minorVersion.distance(from: oldest.minorVersion) ?? 99) > 1 {
      broken.append("API servers \(oldest) and \(newest) are more than one minor apart")
    }
    for node in state.nodes.values.sorted(by: { $0.name < $1.name }) {
      let kubelet = node.kubeletVersion
      if kubelet.minorVersion > oldest.minorVersion {
        broken.append("kubelet \(kubelet) of \(node.name) is newer than API server \(oldest)")
      }
      if (newest.minorVersion.distance(from: kubelet.minorVersion) ?? 99)
        > allowedLag(of: kubelet, under: newest)
      {
        broken.append("kubelet \(kubelet) of \(node.name) is too old for API server \(newest)")
      }
      broken += controllerSkew(node)
    }
    return broken.map { ("skew", $0) }
  }

  /// Controllers are held against the API server of their own node, which kubeadm has them talk to since 1.20.
  private func controllerSkew(_ node: SimulatedNode) -> [String] {
    guard let plane = node.controlPlane else { return [] }
    return [("controller manager", plane.controllerManager), ("scheduler", plane.scheduler)].compactMap {
      name, version in
      let behind = plane.apiServer.minorVersion.distance(from: version.minorVersion) ?? 99
      guard !(0...1).contains(behind) else { return nil }
      return "the \(name) \(version) of \(node.name) does not fit its API server \(plane.apiServer)"
    }
  }

  /// 3 minors from kubelet 1.25 under API server 1.28 on, 2 before.
  private func allowedLag(of kubelet: KubernetesVersion, under server: KubernetesVersion) -> Int {
    kubelet.minorVersion.minor >= 25 && server.minorVersion.minor >= 28 ? 3 : 2
  }

  private func availability(_ state: SimulatedState) -> [(rule: String, message: String)] {
    let out = state.nodes.values
      .filter { $0.unschedulable || state.unreadiness(of: $0) != nil }
      .map(\.name).filter { !unavailableBefore.contains($0) }.sorted()
    guard out.count > maxUnavailable else { return [] }
    return [("availability", "\(out.joined(separator: ", ")) are out of service at once")]
  }

  private func quorum(_ state: SimulatedState) -> [(rule: String, message: String)] {
    let stacked = state.nodes.values.filter { $0.controlPlane != nil }
      .map { state.host(ofNode: $0.name)?.poweredOn ?? false }
    let own = state.hosts.values.filter(\.hasEtcd).map(\.runsEtcd)
    return [stacked, own].compactMap { members in
      let up = members.count { $0 }
      // A single member has no quorum to keep: it is away while its host is.
      guard members.count > 1, up < members.count / 2 + 1 else { return nil }
      return ("quorum", "only \(up) of \(members.count) etcd members are up")
    }
  }
}

extension ClusterPod {
  /// Whether it is a static pod's image in the API.
  var isMirror: Bool { annotations["kubernetes.io/config.mirror"] != nil }

  /// Whether a drain has to move it.
  var countsForDrain: Bool {
    !isMirror && controller?.kind != "DaemonSet" && !terminating && phase != "Succeeded" && phase != "Failed"
  }
}
