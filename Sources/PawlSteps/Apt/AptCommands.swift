/// The exact command lines for packages on Debian and Ubuntu.
package enum AptCommands {
  /// How long apt waits for another one to release dpkg's lock.
  static let lockTimeoutSeconds = 120

  /// Nothing asks, texts are in English for `AptFailure` to read, dpkg keeps changed configuration files and never
  /// goes back to a lower version, and no hook restarts services on its own.
  static let environment = [
    "DEBIAN_FRONTEND": "noninteractive",
    "DPKG_FORCE": "confdef,confold,security-mac",
    "LC_ALL": "C",
    "NEEDRESTART_SUSPEND": "1",
  ]

  private static let lockOption = ["-o", "DPkg::Lock::Timeout=\(lockTimeoutSeconds)"]

  /// Reads the package lists anew.
  package static let update = ["apt-get", "update", "-q"] + lockOption

  /// Ends what an interrupted dpkg began; does nothing when nothing was interrupted.
  package static let repair = ["dpkg", "--configure", "-a"]

  /// Lists what dpkg finds broken; silent when all is well.
  package static let audit = ["dpkg", "--audit"]

  /// Lists the packages on hold.
  package static let showHolds = ["apt-mark", "showhold"]

  /// Takes packages off hold.
  package static func unhold(_ packages: [String]) -> [String] { ["apt-mark", "unhold"] + packages }

  /// Puts packages on hold.
  package static func hold(_ packages: [String]) -> [String] { ["apt-mark", "hold"] + packages }

  /// Puts packages on hold again after whatever took them off was cut off.
  static func restoreHolds(_ packages: [String]) -> HostCommand {
    HostCommand(steps: [hold(packages)], environment: environment, asRoot: true, timeoutSeconds: 60)
  }

  /// Installs exactly these versions, in order.
  package static func install(
    _ packages: [(name: String, version: String)], _ options: [String] = []
  ) -> [String] {
    ["apt-get", "install", "-y", "-q"] + lockOption
      + ["-o", "Dpkg::Options::=--force-confdef", "-o", "Dpkg::Options::=--force-confold"]
      + ["--no-install-recommends"] + options + packages.map { "\($0.name)=\($0.version)" }
  }

  /// Asks for name, version and state, one package a line with tabs between.
  package static func query(_ packages: [String]) -> [String] {
    ["dpkg-query", "-W", #"-f=${Package}\t${Version}\t${db:Status-Abbrev}\n"#] + packages
  }
}
