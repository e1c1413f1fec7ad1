/// The rules that reach across the parts of an inventory. Parts that were not read (empty names, addresses and
/// roles) have been reported before and are passed over.
struct InventoryChecks {
  let inventory: Inventory
  let places: InventoryPlaces
  let log: DiagnosticLog

  func run() {
    checkHosts()
    checkBastions()
    checkWays()
    checkAddresses()
    checkGroups()
    checkRollout()
    checkCredentials()
    checkControlPlane()
  }

  /// Hosts with their places.
  private var hosts: [(host: Host, place: InventoryPlaces.HostPlaces)] {
    zip(inventory.hosts, places.hosts).map { ($0, $1) }
  }

  private func checkHosts() {
    refuseRepeats(hosts.map { ($0.host.name, $0.place.name) }) { name, line in
      "two hosts are called '\(name)'; the first is on line \(line)"
    }
    for (host, place) in hosts where host.isBastion && host.roles.count > 1 {
      log.error(
        "'\(host.name)' is a bastion, which is no part of the cluster, and has other roles", at: place.entry)
    }
    // A host of a repeated name has been reported, and its node is called like it.
    var names: Set<String> = []
    let distinct = hosts.filter { names.insert($0.host.name).inserted }
    refuseRepeats(distinct.map { ($0.host.node, $0.place.node) }) { node, line in
      "two hosts are the node '\(node)'; the first is on line \(line)"
    }
  }

  private func checkBastions() {
    let bastions = zip(inventory.ssh.bastions, places.bastions)
    refuseRepeats(bastions.map { ($0.name, $1.name) }) { name, line in
      "two bastions are called '\(name)'; the first is on line \(line)"
    }
  }

  /// Reports each of the names that stood before, with the line of the first.
  private func refuseRepeats(
    _ names: [(name: String, place: SourceLocation)], message: (String, Int) -> String
  ) {
    var seen: [String: SourceLocation] = [:]
    for (name, place) in names where !name.isEmpty {
      if let first = seen[name] {
        log.error(message(name, first.line), at: place)
      } else {
        seen[name] = place
      }
    }
  }

  private func checkWays() {
    let known = inventory.ssh.bastions.map(\.name)
    var used: Set<String> = []
    for (host, place) in hosts {
      used.formUnion(host.via ?? known)
      var before: Set<String> = []
      for hop in place.via {
        if !known.contains(hop.name) {
          log.error(
            "there is no bastion '\(hop.name)'",
            hint: DidYouMean.hint(for: hop.name, among: known) ?? "Bastions stand in 'ssh.bastions'.",
            at: hop.location)
        } else if !before.insert(hop.name).inserted {
          log.error("the way goes through '\(hop.name)' twice", at: hop.location)
        }
      }
    }
    for (bastion, place) in zip(inventory.ssh.bastions, places.bastions)
    where !inventory.hosts.isEmpty && !bastion.name.isEmpty && !used.contains(bastion.name) {
      log.warning("no host is reached through the bastion '\(bastion.name)'", at: place.name)
    }
  }

  /// The same address behind other bastions can be another machine.
  private func checkAddresses() {
    struct Way: Hashable {
      let address: String
      let port: Int
      let via: [String]
    }
    let bastions = inventory.ssh.bastions.map(\.name)
    var seen: [Way: Host] = [:]
    for (host, place) in hosts where !host.address.isEmpty {
      let way = Way(
        address: host.address.lowercased(), port: host.port ?? inventory.ssh.port, via: host.via ?? bastions)
      if let first = seen[way] {
        log.error("'\(host.name)' has the address of '\(first.name)', \(host.address)", at: place.address)
      } else {
        seen[way] = host
      }
    }
  }

  private func checkGroups() {
    let hostNames = inventory.hosts.map(\.name)
    for (group, place) in places.groups {
      if hostNames.contains(group) {
        log.error("the group '\(group)' has the name of a host", at: place.name)
      }
      if place.members.isEmpty { log.warning("the group '\(group)' has no hosts", at: place.name) }
      for member in place.members where !hostNames.contains(member.name) {
        log.error(
          "there is no host '\(member.name)'", hint: DidYouMean.hint(for: member.name, among: hostNames),
          at: member.location)
      }
      refuseRepeats(place.members.map { ($0.name, $0.location) }) { name, _ in
        "the group '\(group)' has '\(name)' twice"
      }
    }
  }

  private func checkRollout() {
    let workers = inventory.hosts.filter(\.isWorker).map(\.name)
    for host in places.canary where !workers.contains(host.name) {
      let isKnown = inventory.host(named: host.name) != nil
      log.error(
        isKnown ? "'\(host.name)' is no worker" : "there is no host '\(host.name)'",
        hint: isKnown
          ? "A canary is a worker: the control plane comes first in any case."
          : DidYouMean.hint(for: host.name, among: workers), at: host.location)
    }
    refuseRepeats(places.canary.map { ($0.name, $0.location) }) { name, _ in "'\(name)' is a canary twice" }
    let groups = inventory.groups.keys.sorted()
    for group in places.waveGroups where inventory.groups[group.name] == nil {
      log.error(
        "there is no group '\(group.name)'",
        hint: DidYouMean.hint(for: group.name, among: groups)
          ?? "A wave is a number, a share such as 25%, or a group of 'groups'.", at: group.location)
    }
    refuseRepeats(places.waveGroups.map { ($0.name, $0.location) }) { name, _ in "'\(name)' is a wave twice" }
    if inventory.policy.drain.atLimit == .skip, (inventory.policy.rollout?.failureBudget ?? 0) == 0 {
      log.warning(
        "a drain that does not end in time pauses the run all the same: no worker may be left behind",
        hint: "Set 'policy.rollout.failureBudget' to how many may, or 'atLimit' to pause.",
        at: places.drainAtLimit)
    }
  }

  private func checkCredentials() {
    let ssh = inventory.ssh
    if ssh.agent { return }
    let hint = "Give 'keys', or set 'ssh.agent' to true."
    for (bastion, place) in zip(ssh.bastions, places.bastions) where (bastion.keys ?? ssh.keys).isEmpty {
      log.error("there is no key to log in to the bastion '\(bastion.name)'", hint: hint, at: place.keys)
    }
    for (host, place) in hosts where host.keys?.isEmpty == true {
      log.error("there is no key to log in to '\(host.name)'", hint: hint, at: place.keys)
    }
    let keyless = inventory.hosts.filter { $0.keys == nil }.map { "'\($0.name)'" }
    if ssh.keys.isEmpty, !keyless.isEmpty {
      let names = keyless.prefix(3).joined(separator: ", ") + (keyless.count > 3 ? " and others" : "")
      log.error("there is no key to log in to \(names)", hint: hint, at: places.ssh)
    }
  }

  private func checkControlPlane() {
    guard !inventory.hosts.isEmpty else {
      if let place = places.hostList { log.error("'hosts' is empty", at: place) }
      return
    }
    // A host whose roles could not be read may be the one.
    guard inventory.hosts.allSatisfy({ !$0.roles.isEmpty }) else { return }
    let count = inventory.hosts.count { $0.isControlPlane }
    if count == 0 {
      log.error("no host has the role control-plane", at: places.hostList)
    } else if count.isMultiple(of: 2) {
      log.warning(
        "\(count) control planes tolerate no more failures than \(count - 1)",
        hint: "With etcd on the same hosts an odd number is better.", at: places.hostList)
    }
  }
}
