import PawlModel

/// The checks of single hosts, in the order in which problems are shown.
package enum HostChecks {
  /// All of them.
  package static let all: [HostCheck] = [
    operatingSystem, rootAccess, brokenPackages, disk, containerRuntime, kubelet, packageHolds,
  ]

  static let operatingSystem = HostCheck("operating-system") { host, facts in
    guard !["Debian", "Ubuntu"].contains(where: facts.operatingSystem.hasPrefix) else { return [] }
    return [
      CheckProblem(
        .warning, subject: host.name, code: "untried-os",
        message: "\(host.name) runs \(facts.operatingSystem), on which Pawl was never tried.",
        hint: "It is tried on Debian 10 to 13 and Ubuntu 18.04 to 24.04.")
    ]
  }

  static let rootAccess = HostCheck("root-access") { host, facts in
    guard !facts.sudo else { return [] }
    return [
      CheckProblem(
        subject: host.name, code: "no-sudo",
        message: "The login on \(host.name) is not root and 'sudo -n' is refused.",
        hint: "Allow sudo without a password for it, or set 'user: root' in the inventory.")
    ]
  }

  static let brokenPackages = HostCheck("broken-packages") { host, facts in
    guard !facts.brokenPackages.isEmpty else { return [] }
    return [
      CheckProblem(
        subject: host.name, code: "broken-packages",
        message:
          "dpkg on \(host.name) reports \(facts.brokenPackages.joined(separator: ", ")) as half installed.",
        hint: "Run 'dpkg --configure -a' on \(host.name), then 'apt-get install -f' if it still complains.")
    ]
  }

  /// Room for packages and images below /var and for kubeadm's copy of etcd's data below /etc.
  static let disk = HostCheck("disk") { host, facts in
    ["/", "/var", "/etc"].compactMap { path in
      guard path != "/etc" || host.isControlPlane else { return nil }
      guard let free = facts.freeBytes[path] else {
        return CheckProblem(
          subject: host.name, code: "disk-unknown",
          message: "The free space below \(path) on \(host.name) is not known.",
          hint: "Gather the facts again.")
      }
      guard free < leastFreeBytes else { return nil }
      return CheckProblem(
        subject: host.name, code: "disk-full",
        message: "\(host.name) has \(free / 1_048_576) MiB free below \(path); 1024 MiB are needed.",
        hint: path == "/etc"
          ? "kubeadm copies etcd's data there; remove old copies from /etc/kubernetes/tmp."
          : "Remove what is not needed, 'apt-get clean' first.")
    }
  }

  /// 1 GiB.
  static let leastFreeBytes = 1 << 30

  static let containerRuntime = HostCheck("container-runtime") { host, facts in
    guard host.hasNode, facts.containerRuntime == nil else { return [] }
    return [
      CheckProblem(
        subject: host.name, code: "no-container-runtime",
        message: "Neither containerd nor CRI-O is active on \(host.name).",
        hint: "See 'systemctl status containerd' there and start it.")
    ]
  }

  static let kubelet = HostCheck("kubelet") { host, facts in
    guard host.hasNode, !facts.kubeletActive else { return [] }
    return [
      CheckProblem(
        subject: host.name, code: "kubelet-inactive", message: "The kubelet on \(host.name) is not active.",
        hint: "See 'journalctl -u kubelet' there and start it.")
    ]
  }

  static let packageHolds = HostCheck("package-holds") { host, facts in
    guard facts.packageManager != .dnf else { return [] }
    let loose = ["kubeadm", "kubelet", "kubectl"].filter { name in
      facts.packages[name].map { $0.installed != nil && !$0.held } ?? false
    }
    guard !loose.isEmpty else { return [] }
    let names = loose.joined(separator: ", ")
    return [
      CheckProblem(
        .warning, subject: host.name, code: "not-on-hold",
        message: "On \(host.name) \(names) \(loose.count == 1 ? "is" : "are") not on hold.",
        hint: "An apt upgrade would move the node by itself; "
          + "run 'apt-mark hold \(loose.joined(separator: " "))'.")
    ]
  }
}
