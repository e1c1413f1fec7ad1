package import PawlModel

/// One effect on hosts or cluster: what a command or an API call did.
package enum SimulatedChange: Sendable, Hashable {
  // By commands.
  case listsUpdated(host: String)
  /// nil removes the file, and everything below when it is a directory.
  case fileWritten(host: String, path: String, content: String?)
  /// A file takes the place of another in one stroke.
  case fileMoved(host: String, from: String, to: String)
  case unpacked(host: String, package: String, version: String)
  case configured(host: String, package: String)
  case held(host: String, package: String)
  case unheld(host: String, package: String)
  /// Whether apt counts a package as installed for others' sake.
  case automatic(host: String, package: String, Bool)
  case unit(host: String, unit: String, active: Bool)
  case rebooted(host: String)
  case componentUpgraded(node: String, SimulatedControlPlane.Component, KubernetesVersion)
  case addonsUpgraded(KubernetesVersion)
  case clusterVersionSet(KubernetesVersion)
  case kubeletConfigured(node: String, KubernetesVersion)
  case kubeletRestarted(node: String, KubernetesVersion)
  // By API calls.
  case nodePatched(node: String, unschedulable: Bool?, annotations: [String: String?])
  case podEvicted(pod: String, uid: String)
  case podDeleted(pod: String, uid: String)
}

/// An entry of the ledger.
package struct EffectRecord: Sendable, Hashable {
  /// From 1.
  package var sequence: Int
  /// Simulated time since the start.
  package var time: Duration
  /// The command or API call.
  package var cause: String
  package var change: SimulatedChange
}

extension SimulatedState {
  /// Applies a change; false when there was nothing to change. Its consequences are the world's affair.
  mutating func apply(_ change: SimulatedChange) -> Bool {
    let before = self
    switch change {
    case .listsUpdated(let host): updateLists(of: host)
    case .fileWritten(let host, let path, let content): write(content, to: path, on: host)
    case .fileMoved(let host, let from, let to):
      write(hosts[host]?.files[from], to: to, on: host)
      write(nil, to: from, on: host)
    case .unpacked(let host, let package, let version):
      hosts[host]?.installed[package] = version
      hosts[host]?.unconfigured.insert(package)
    case .configured(let host, let package):
      hosts[host]?.unconfigured.remove(package)
      if package == "libc6" { hosts[host]?.files["/var/run/reboot-required"] = "" }
    case .held(let host, let package): hosts[host]?.holds.insert(package)
    case .unheld(let host, let package): hosts[host]?.holds.remove(package)
    case .automatic(let host, let package, true): hosts[host]?.automatic.insert(package)
    case .automatic(let host, let package, false): hosts[host]?.automatic.remove(package)
    case .unit(let host, let unit, active: true): hosts[host]?.activeUnits.insert(unit)
    case .unit(let host, let unit, active: false): hosts[host]?.activeUnits.remove(unit)
    case .componentUpgraded(let node, let component, let version):
      nodes[node]?.controlPlane?.set(component, to: version)
    case .clusterVersionSet(let version): clusterVersion = version
    case .kubeletConfigured(let node, let version): nodes[node]?.kubeletConfiguration = version
    case .nodePatched(let node, let unschedulable, let annotations):
      if let unschedulable { nodes[node]?.unschedulable = unschedulable }
      for (key, value) in annotations { nodes[node]?.annotations[key] = value }
    case .kubeletRestarted(let node, _):
      nodes[node]?.kubelet = .starting
      return true
    case .addonsUpgraded, .rebooted, .podEvicted, .podDeleted: return true
    }
    return self != before
  }

  /// Lets a host read the package lists of its sources, as `apt-get update` does.
  package mutating func updateLists(of name: String) {
    guard var host = hosts[name] else { return }
    host.offers = offers(to: host)
    hosts[name] = host
  }

  private mutating func write(_ content: String?, to path: String, on name: String) {
    guard var host = hosts[name] else { return }
    if let content {
      host.files[path] = content
    } else {
      host.files = host.files.filter { $0.key != path && !$0.key.hasPrefix(path + "/") }
    }
    hosts[name] = host
  }
}
