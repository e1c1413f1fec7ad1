/// The program that installs packages on a host.
package enum PackageManager: String, Sendable, Hashable, Codable, CaseIterable {
  /// Debian, Ubuntu.
  case apt
  /// Red Hat Enterprise Linux and its relatives, Fedora.
  case dnf
}

/// What there is to patch on a host. Gathered only for jobs that patch.
package struct PatchFacts: Sendable, Hashable, Codable {
  /// Packages that are offered in a newer version, by name, and new ones that these need. Kubernetes packages and
  /// those on hold are never among them.
  package var upgrades: [PackageUpgrade]
  /// The same when only security updates are wanted: in the newest version of an archive of security updates, which
  /// may be older than the newest there is.
  package var securityUpgrades: [PackageUpgrade]
  /// Why the host should be rebooted as it is; nil when nothing asks for it.
  package var rebootReason: String?
  /// Units that install updates by themselves and are active.
  package var updateUnits: [String]
  /// Units that a cluster's host is there for, and that are active: container runtime, kubelet, etcd.
  package var services: [String]

  /// Makes patch facts.
  package init(
    upgrades: [PackageUpgrade], securityUpgrades: [PackageUpgrade] = [], rebootReason: String? = nil,
    updateUnits: [String] = [], services: [String] = []
  ) {
    self.upgrades = upgrades
    self.securityUpgrades = securityUpgrades
    self.rebootReason = rebootReason
    self.updateUnits = updateUnits
    self.services = services
  }

  /// The packages to upgrade, all or those alone that come from a security archive.
  package func upgrades(securityOnly: Bool) -> [PackageUpgrade] {
    securityOnly ? securityUpgrades : upgrades
  }
}

/// A package that is offered in a version other than the installed one.
package struct PackageUpgrade: Sendable, Hashable, Codable {
  /// As the package manager wants it named: `libc6`, `kernel.x86_64`.
  package var name: String
  /// nil for a package that is new on the host, such as that of a new kernel.
  package var installed: String?
  package var candidate: String
  /// Whether it was, or would be, installed only because others need it; apt keeps such marks.
  package var automatic: Bool

  /// Makes an upgrade.
  package init(
    name: String, installed: String?, candidate: String, automatic: Bool = false
  ) {
    self.name = name
    self.installed = installed
    self.candidate = candidate
    self.automatic = automatic
  }
}
