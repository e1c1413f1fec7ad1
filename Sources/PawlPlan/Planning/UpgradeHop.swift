package import PawlModel

/// One version on the way to the target.
package struct UpgradeHop: Sendable, Hashable {
  /// What every node reaches before the next hop.
  package let version: KubernetesVersion
  /// The newest version on the control plane before.
  package let from: KubernetesVersion

  /// As expressions see it: `hop.version`, `hop.minor`, `hop.from`.
  var value: Value {
    .map([
      "key": .string(version.minorVersion.description), "version": .version(version),
      "minor": .string(version.minorVersion.description), "from": .version(from),
    ])
  }

  /// The way from where the cluster is to the target, minor by minor.
  ///
  /// A cluster in between (an earlier upgrade that was left unfinished) first gets to the newest version that its
  /// control plane has, so that the control plane never spreads over more than two minors.
  /// - Throws: `PlanRefusal` for a downgrade, or a version that a host's package source does not offer.
  static func hops(to target: VersionTarget, _ request: Planner.Request) throws(PlanRefusal) -> [UpgradeHop] {
    let (inventory, facts) = (request.inventory, request.facts)
    let servers = facts.cluster.controlPlane.compactMap(\.apiServer) + [facts.cluster.serverVersion]
    guard let newest = servers.max() else { return [] }
    // Hosts that the job is not for have a say as well, as far as they are known: they should reach the same later.
    let asked = inventory.hosts.filter { host in
      !host.isBastion && (request.includes(host) || facts.hosts[host.name] != nil)
    }
    let offers = asked.reduce(into: [String: [KubernetesVersion]]()) { result, host in
      result[host.name] = offered(by: facts.hosts[host.name])
    }
    let path: [KubernetesVersion]
    do throws(UpgradePathError) {
      path = try UpgradePath.hops(from: newest, to: target, offeredByHost: offers)
    } catch {
      throw PlanRefusal(code: error.code.rawValue, message: error.message.asSentence)
    }
    var versions = path
    if isBehind(newest, facts, inventory), path.first?.minorVersion != newest.minorVersion {
      versions.insert(newest, at: 0)
    }
    var hops: [UpgradeHop] = []
    var from = newest
    for version in versions {
      hops.append(UpgradeHop(version: version, from: from))
      from = version
    }
    return hops
  }

  /// Whether some component of the cluster has not reached `version` yet.
  private static func isBehind(_ version: KubernetesVersion, _ facts: Facts, _ inventory: Inventory) -> Bool {
    facts.cluster.nodes.contains { $0.kubeletVersion < version }
      || facts.cluster.controlPlane.contains { node in
        [node.apiServer, node.controllerManager, node.scheduler].contains { $0.map { $0 < version } ?? false }
      }
  }

  /// Versions of which the host can get kubeadm and kubelet.
  private static func offered(by host: HostFacts?) -> [KubernetesVersion] {
    guard let host else { return [] }
    let lists = ["kubeadm", "kubelet"].map { name in
      Set((host.packages[name]?.available ?? []).compactMap(PackageFacts.kubernetesVersion(ofPackage:)))
    }
    return lists[0].intersection(lists[1]).sorted()
  }
}
