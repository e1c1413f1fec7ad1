import Foundation

/// Asks the user's own ssh for its settings, so that nothing here has to read ssh_config.
package enum SSHConfigResolver {
  /// What `ssh -G` says about a host.
  package struct Values: Sendable, Hashable {
    /// Name or address to connect to.
    package var hostName: String
    /// TCP port.
    package var port: Int
    /// User to log in as.
    package var user: String
    /// Private key files, existing or not, with `~` expanded.
    package var identityFiles: [String]
    /// The agent's socket, when one is set for the host.
    package var identityAgent: String?
    /// known_hosts files of user and system, with `~` expanded.
    package var knownHostsFiles: [String]
    /// The name to look up in known_hosts.
    package var hostKeyAlias: String?
    /// Bastions in the form `[user@]host[:port]`, the nearest first.
    package var proxyJump: [String]

    /// Reads the output of `ssh -G`: one lower-case keyword and its value a line. Nil when a value is missing.
    init?(output: String, home: String) {
      var all: [String: [String]] = [:]
      for line in output.split(whereSeparator: \.isNewline) {
        let parts = line.split(separator: " ", maxSplits: 1).map(String.init)
        if parts.count == 2 { all[parts[0], default: []].append(parts[1]) }
      }
      func expanded(_ path: String) -> String { path.hasPrefix("~/") ? home + path.dropFirst() : path }
      func value(_ key: String) -> String? { all[key]?.first { $0 != "none" } }
      guard let hostName = value("hostname"), let user = value("user"),
        let port = value("port").flatMap(Int.init)
      else { return nil }
      self.hostName = hostName
      self.port = port
      self.user = user
      identityFiles = (all["identityfile"] ?? []).map(expanded)
      identityAgent = value("identityagent").flatMap { $0 == "SSH_AUTH_SOCK" ? nil : expanded($0) }
      knownHostsFiles = ["userknownhostsfile", "globalknownhostsfile"].flatMap { key in
        (value(key) ?? "").split(separator: " ").map { expanded(String($0)) }
      }
      hostKeyAlias = value("hostkeyalias")
      proxyJump = (value("proxyjump") ?? "").split(separator: ",").map(String.init)
    }
  }

  /// Runs `ssh -G HOST`, with `-F configFile` if one is given.
  package static func resolve(host: String, configFile: String? = nil) async throws(SSHError) -> Values {
    guard !host.hasPrefix("-"), !host.isEmpty else {
      throw SSHError(
        .invalidCommand, hop: host, "\"\(host)\" is not a host name; correct it in the inventory.")
    }
    let arguments = (configFile.map { ["-F", $0] } ?? []) + ["-G", "--", host]
    let outcome = await Self.ssh(arguments)
    let home = FileManager.default.homeDirectoryForCurrentUser.path
    guard case .success(let text) = outcome, let values = Values(output: text, home: home) else {
      var detail: String?
      if case .failure(let failure) = outcome { detail = failure.text }
      throw SSHError(
        .invalidCommand, hop: host,
        "ssh -G could not tell the settings for \(host); run it by hand and correct the ssh_config.",
        underlying: detail)
    }
    return values
  }

  private struct Failure: Error { var text: String }

  /// A thread of its own waits for the process; `ssh -G` opens no connection and answers at once.
  private static func ssh(_ arguments: [String]) async -> Result<String, Failure> {
    await withCheckedContinuation { continuation in
      Thread.detachNewThread {
        let process = Process()
        let output = Pipe()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/ssh")
        process.arguments = arguments
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        do {
          try process.run()
          let data = try output.fileHandleForReading.readToEnd() ?? Data()
          process.waitUntilExit()
          let isFine = process.terminationStatus == 0
          continuation.resume(
            returning: isFine
              ? .success(String(decoding: data, as: UTF8.self))
              : .failure(Failure(text: "exit status \(process.terminationStatus)")))
        } catch {
          continuation.resume(returning: .failure(Failure(text: "\(error)")))
        }
      }
    }
  }
}
