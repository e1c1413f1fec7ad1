/// The way from one version to another: one minor at a time, as the API server's minors must not be skipped.
package enum UpgradePath {
  /// The versions to go through, the target last; empty when the cluster is there already.
  ///
  /// In each minor on the way the newest release that every host offers is taken. `current` is the lowest version
  /// of an API server, `offeredByHost` what each host's package source has, by host name.
  package static func hops(
    from current: KubernetesVersion, to target: VersionTarget, offeredByHost: [String: [KubernetesVersion]]
  ) throws(UpgradePathError) -> [KubernetesVersion] {
    let offers = Offers(byHost: offeredByHost)
    try refuseImpossible(from: current, to: target)
    if let here = try hopsWithinMinor(from: current, to: target, offers: offers) { return here }
    let final = try offers.version(for: target)
    var hops: [KubernetesVersion] = []
    var minor = current.minorVersion.next
    // A minor that is not offered ends the loop, so it makes no more turns than there are offers.
    while minor < target.minorVersion {
      guard let version = offers.newest(of: minor) else {
        throw offers.missing(.minorNotOffered, .minor(minor), onTheWayTo: target)
      }
      hops.append(version)
      minor = minor.next
    }
    return hops + [final]
  }

  private static func refuseImpossible(
    from current: KubernetesVersion, to target: VersionTarget
  ) throws(UpgradePathError) {
    let currentMinor = current.minorVersion
    guard currentMinor.major == target.minorVersion.major else {
      throw UpgradePathError(
        code: .otherMajor, message: "the cluster is at \(current) and \(target) is of another major version")
    }
    let isBelow =
      switch target {
      case .minor(let minor): minor < currentMinor
      case .exact(let version): version < current
      }
    if isBelow {
      throw UpgradePathError(
        code: .downgrade,
        message: "the cluster is at \(current) and \(target) is older; Kubernetes has no way back")
    }
  }

  /// The hops when the target is of the current minor; nil when it is of a later one.
  private static func hopsWithinMinor(
    from current: KubernetesVersion, to target: VersionTarget, offers: Offers
  ) throws(UpgradePathError) -> [KubernetesVersion]? {
    guard target.minorVersion == current.minorVersion else { return nil }
    switch target {
    case .exact(let version):
      if version == current { return [] }
      return [try offers.version(for: target)]
    case .minor(let minor):
      guard let newest = offers.newest(of: minor), newest > current else { return [] }
      return [newest]
    }
  }
}

/// Why there is no way to a version.
package struct UpgradePathError: Error, Sendable, Hashable, CustomStringConvertible {
  /// The kind of obstacle.
  package enum Code: String, Sendable, Hashable, CaseIterable {
    /// The target is older than what runs.
    case downgrade = "downgrade"
    /// Kubernetes 1 does not become Kubernetes 2 this way.
    case otherMajor = "other-major"
    /// A minor between is not offered by every host.
    case minorNotOffered = "minor-not-offered"
    /// The target itself is not offered by every host.
    case targetNotOffered = "target-not-offered"
  }

  /// The kind of obstacle.
  package let code: Code
  /// One sentence for the operator, with the hosts and versions.
  package let message: String
  /// The hosts that lack a version, with the versions of that minor that they do offer.
  package let hosts: [String: [KubernetesVersion]]

  /// Makes an error.
  package init(code: Code, message: String, hosts: [String: [KubernetesVersion]] = [:]) {
    self.code = code
    self.message = message
    self.hosts = hosts
  }

  package var description: String { message }
}

/// What the hosts' package sources have in common.
private struct Offers {
  let byHost: [String: [KubernetesVersion]]
  /// Offered by every host, in order.
  let common: [KubernetesVersion]

  init(byHost: [String: [KubernetesVersion]]) {
    self.byHost = byHost
    let sets = byHost.values.map(Set.init)
    self.common = sets.dropFirst().reduce(sets.first ?? []) { $0.intersection($1) }.sorted()
  }

  /// The newest release of a minor; pre-releases are taken only when they are asked for by name.
  func newest(of minor: MinorVersion) -> KubernetesVersion? {
    common.last { $0.minorVersion == minor && $0.preRelease == nil }
  }

  /// The version that a target stands for.
  func version(for target: VersionTarget) throws(UpgradePathError) -> KubernetesVersion {
    let found: KubernetesVersion? =
      switch target {
      case .minor(let minor): newest(of: minor)
      case .exact(let version): common.contains(version) ? version : nil
      }
    guard let found else { throw missing(.targetNotOffered, target, onTheWayTo: target) }
    return found
  }

  /// The error for a version that not every host has.
  func missing(
    _ code: UpgradePathError.Code, _ wanted: VersionTarget, onTheWayTo target: VersionTarget
  ) -> UpgradePathError {
    let ofMinor = byHost.mapValues { versions in
      versions.filter { $0.minorVersion == wanted.minorVersion }.sorted()
    }
    let lacking = ofMinor.filter { _, versions in
      switch wanted {
      case .minor: !versions.contains { $0.preRelease == nil }
      case .exact(let version): !versions.contains(version)
      }
    }
    let subject = code == .minorNotOffered ? "\(wanted), on the way to \(target)," : "\(wanted)"
    if byHost.isEmpty {
      return UpgradePathError(code: code, message: "no host offers \(wanted)")
    }
    if lacking.isEmpty {
      return UpgradePathError(
        code: code, message: "no patch of \(subject) is offered by every host: \(list(ofMinor))",
        hosts: ofMinor)
    }
    return UpgradePathError(
      code: code,
      message: "\(subject) is not offered on every host: \(list(lacking)). "
        + "Check the package sources of \(lacking.count == 1 ? "that host" : "these hosts")",
      hosts: lacking)
  }

  private func list(_ hosts: [String: [KubernetesVersion]]) -> String {
    let shown = 5
    let texts = hosts.sorted { $0.key < $1.key }.prefix(shown).map { host, versions in
      let newest = versions.suffix(3).map(\.description)
      return "\(host) has \(newest.isEmpty ? "none of that minor" : newest.joined(separator: ", "))"
    }
    let rest = hosts.count > shown ? "; and \(hosts.count - shown) more" : ""
    return texts.joined(separator: "; ") + rest
  }
}
