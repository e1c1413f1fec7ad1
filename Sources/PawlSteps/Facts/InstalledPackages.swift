/// A package as dpkg's status file has it.
package struct InstalledPackage: Sendable, Hashable {
  package var version: String
  /// Unpacked or configured in part only: the second letter of dpkg's status is not `i`.
  package var broken: Bool

  /// Makes a package.
  package init(version: String, broken: Bool = false) {
    self.version = version
    self.broken = broken
  }
}

/// The packages that an upgrade looks at, by name.
package enum KubernetesPackages {
  /// Those that carry the cluster's version.
  package static let versioned = ["kubeadm", "kubelet", "kubectl"]
  /// Those, and what they depend on (facts of the community packages: kubernetes-cni, cri-tools).
  package static let all = versioned + ["kubernetes-cni", "cri-tools"]
}

extension HostFact<[String: InstalledPackage]> {
  /// The same by rpm, which ends with the number of packages that it does not know.
  package static let installedByRPM = HostFact(
    "installed-packages",
    HostCommand(["rpm", "-q", "--qf", #"%{NAME}\t%{VERSION}-%{RELEASE}\n"#] + KubernetesPackages.all)
  ) { result throws(FactError) in
    guard result.status < 127 else { throw FactError(result.failureSummary) }
    var packages: [String: InstalledPackage] = [:]
    for fields in result.outputLines.map({ $0.split(separator: "\t") }) where fields.count == 2 {
      packages[String(fields[0])] = InstalledPackage(version: String(fields[1]))
    }
    return packages
  }

  /// Installed versions by package. dpkg-query ends with 1 when it does not know some of the names.
  package static let installedPackages = HostFact(
    "installed-packages",
    HostCommand(
      ["dpkg-query", "-W", #"-f=${Package}\t${Version}\t${db:Status-Abbrev}\n"#] + KubernetesPackages.all)
  ) { result throws(FactError) in
    guard result.status == 0 || result.status == 1 else { throw FactError(result.failureSummary) }
    var packages: [String: InstalledPackage] = [:]
    for line in result.output.split(whereSeparator: \.isNewline) {
      let fields = line.split(separator: "\t", omittingEmptySubsequences: false)
      guard fields.count == 3 else { throw FactError("a line has not three fields: '\(line)'") }
      // dpkg-query(1): desired action, state, error flag. `n` and `c` mean that no file of it is there.
      let state = fields[2].dropFirst().first
      guard !fields[1].isEmpty, let state, state != "n", state != "c" else { continue }
      let needsReinstall = fields[2].dropFirst(2).first == "R"
      packages[String(fields[0])] = InstalledPackage(
        version: String(fields[1]), broken: state != "i" || needsReinstall)
    }
    return packages
  }
}
