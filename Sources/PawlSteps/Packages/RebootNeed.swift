import PawlModel

/// Why a host should be rebooted: what the system itself says, its kernels, and what the inventory's command says.
enum RebootNeed {
  /// Asks the host, read-only.
  ///
  /// - Parameters:
  ///   - command: `policy.patch.rebootRequiredCommand`.
  ///   - ask: runs a program on the host, as root or not.
  /// - Returns: a clause with the reason; nil when nothing asks for a reboot.
  static func reason<Failure: Error>(
    _ manager: PackageManager, command: [String],
    ask: ([String], _ asRoot: Bool) async throws(Failure) -> HostCommandResult
  ) async throws(Failure) -> String? {
    if try await ask(["test", "-e", file], false).succeeded { return "\(file) is there" }
    // needs-restarting(1) ends with 1 when a reboot is needed; it may not be installed.
    if manager == .dnf, try await ask(["needs-restarting", "-r"], false).status == 1 {
      return "needs-restarting says so"
    }
    let running = try await ask(["uname", "-r"], false)
    let boot = try await ask(["ls", "/boot"], false)
    if let newer = newerKernel(running: running.output.trimmingBlanks(), boot: boot.output) {
      return "kernel \(newer) is installed and \(running.output.trimmingBlanks()) runs"
    }
    if !command.isEmpty, try await ask(command, true).succeeded { return "\(command[0]) says so" }
    return nil
  }

  /// Packages of Debian and Ubuntu make it when they need a reboot.
  static let file = "/var/run/reboot-required"

  /// The newest kernel of the running one's flavour in a listing of /boot, when it is newer than the running one.
  static func newerKernel(running: String, boot: String) -> String? {
    let own = flavour(running)
    let installed = boot.split(whereSeparator: \.isWhitespace)
      .filter { $0.hasPrefix("vmlinuz-") }.map { String($0.dropFirst("vmlinuz-".count)) }
      .filter { flavour($0) == own }
    // A kernel that runs without a file of its own, as in a container, is not the host's to change.
    guard installed.contains(running), let newest = installed.max(by: isOlder), newest != running else {
      return nil
    }
    return newest
  }

  /// The words of a release, without their numbers: `cloud`, `amd` of `6.1.0-28-cloud-amd64`, `el`, `x` of
  /// `5.14.0-427.el9_4.x86_64`.
  private static func flavour(_ release: String) -> [Substring] {
    release.split { !$0.isLetter }
  }

  /// Compares the numbers in two releases, from the left.
  private static func isOlder(_ left: String, _ right: String) -> Bool {
    numbers(left).lexicographicallyPrecedes(numbers(right))
  }

  private static func numbers(_ release: String) -> [Int] {
    release.split { !$0.isASCII || !$0.isNumber }.compactMap { Int($0) }
  }
}
