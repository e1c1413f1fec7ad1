import PawlEngine

/// Reads apt's and dpkg's complaints: what went wrong, whether it may pass, and what to do about it.
struct AptFailure: Sendable {
  /// One known complaint.
  private struct Pattern: Sendable {
    let code: String
    /// Texts of which one is in the line.
    let texts: [String]
    let retry: StepFailure.Retry
    /// For a sentence of the form "… failed on HOST: MEANING (apt's own line)."
    let meaning: String
    let hint: String
  }

  /// In order of preference: the first pattern found in any line counts.
  private static let patterns = [
    Pattern(
      code: "package-lock-held",
      texts: [
        "Could not get lock", "Unable to acquire the dpkg", "frontend lock was locked by another process",
        "Unable to lock directory", "is locked by another process",
      ],
      retry: .temporary, meaning: "another package manager holds the lock",
      hint: "Wait for the process named in the message to end, or see why it does not."),
    Pattern(
      code: "disk-full", texts: ["No space left on device", "You don't have enough free space"],
      retry: .permanent, meaning: "there is no space left",
      hint: "Free some space there (`apt-get clean` removes downloaded packages)."),
    Pattern(
      code: "package-version-missing",
      texts: ["was not found", "Unable to locate package", "has no installation candidate"],
      retry: .permanent, meaning: "the package source does not offer that version",
      hint: "Check the host's package sources, then plan again."),
    Pattern(
      code: "package-held", texts: ["Held packages were changed"],
      retry: .permanent, meaning: "another package that is on hold would have to change",
      hint: "See `apt-mark showhold` there; take the package off hold if it may change."),
    Pattern(
      code: "package-downgrade", texts: ["Packages were downgraded"],
      retry: .permanent, meaning: "a newer version is installed, and Pawl never downgrades",
      hint: "Plan again: the host has changed since the plan was made."),
    Pattern(
      code: "package-dependencies",
      texts: ["unmet dependencies", "you have held broken packages", "Unmet dependencies"],
      retry: .permanent, meaning: "the packages' dependencies can't be met",
      hint: "Packages on hold or a missing source are the usual reasons; see `apt-mark showhold` there."),
    Pattern(
      code: "repository-signature",
      texts: ["NO_PUBKEY", "EXPKEYSIG", "KEYEXPIRED", "is not signed", "signatures were invalid", "BADSIG"],
      retry: .permanent, meaning: "a repository's signature is not accepted",
      hint: "Renew the repository's signing key on the host."),
    Pattern(
      code: "repository-unreachable",
      texts: [
        "Could not resolve", "Temporary failure resolving", "Could not connect", "Unable to connect",
        "Connection failed", "Connection timed out", "Failed to fetch",
      ],
      retry: .temporary, meaning: "a repository can't be read",
      hint: "Check the host's network, proxy and package sources."),
    Pattern(
      code: "package-configuration",
      texts: ["conffile prompt", "error processing package", "post-installation script"],
      retry: .permanent, meaning: "a package could not be configured",
      hint: "Run `dpkg --configure -a` on the host and see what it says."),
  ]

  /// The failure of a command that ended badly.
  static func failure(
    of result: HostCommandResult, doing what: String, code: String, on host: String
  ) -> StepFailure {
    let lines = result.lines
    for pattern in patterns {
      guard let line = lines.first(where: { line in pattern.texts.contains { line.contains($0) } }) else {
        continue
      }
      return StepFailure(
        code: pattern.code, message: "\(what) failed on \(host): \(pattern.meaning) (\(bare(line))).",
        causes: lastLines(lines), retry: pattern.retry, hint: pattern.hint)
    }
    return StepFailure(
      code: code, message: "\(what) failed on \(host) (\(result.ending)).", causes: lastLines(lines),
      retry: result.retry, hint: "The whole output is in `pawl logs`.")
  }

  /// Why a repository could not be read: code, meaning and hint of the complaint, if it is a known one, and apt's line.
  static func repositoryTrouble(
    in lines: [String]
  ) -> (code: String, meaning: String, hint: String, line: String)? {
    for pattern in patterns {
      guard let line = lines.first(where: { line in pattern.texts.contains { line.contains($0) } }) else {
        continue
      }
      return (pattern.code, pattern.meaning, pattern.hint, bare(line))
    }
    return nil
  }

  /// The sources that `apt-get update` could not fetch, with its reason; apt calls that a success and goes on with
  /// old lists.
  static func missedSources(in result: HostCommandResult) -> [String] {
    result.lines.filter { line in
      line.hasPrefix("W: Failed to fetch") || line.hasPrefix("E: Failed to fetch")
        || line.hasPrefix("W: GPG error") || line.hasPrefix("E: The repository")
    }.map(bare)
  }

  /// apt's line without its mark and full stop.
  private static func bare(_ line: String) -> String {
    var text = Substring(line)
    for mark in ["E: ", "W: ", "dpkg: error: "] where text.hasPrefix(mark) {
      text = text.dropFirst(mark.count)
    }
    while let last = text.last, last == "." || last.isWhitespace { text = text.dropLast() }
    return String(text)
  }

  private static func lastLines(_ lines: [String]) -> [String] { Array(lines.suffix(10)) }
}
