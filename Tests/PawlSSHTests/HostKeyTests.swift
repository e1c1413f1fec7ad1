import Foundation
import Glibc
import Testing

@testable import PawlSSH

@Suite("Host keys of real servers", .enabled(if: TestLab.isPossible, TestLab.reason), .timeLimit(.minutes(2)))
struct HostKeyTests {
  @Test(
    "The key in known_hosts decides which of the host's keys is asked for", arguments: ["ed25519", "ecdsa"])
  func severalKeys(type: String) async throws {
    try await withLab { lab in
      let host = try await lab.startServer("host", keyTypes: ["ed25519", "ecdsa"], isKnown: false)
      try lab.trust(keyOf: "host-\(type)", for: host)
      let pool = lab.pool()
      let session = try await pool.session(to: lab.endpoint(host))
      #expect(try await session.run(RemoteCommand(argv: ["true"])).exitStatus.isSuccess)
      await pool.closeAll()
    }
  }

  @Test("Hashed names are found")
  func hashed() async throws {
    try await withLab { lab in
      let host = try await lab.startServer("host")
      try await runTool("/usr/bin/ssh-keygen", ["-q", "-H", "-f", lab.knownHosts])
      #expect(try String(contentsOfFile: lab.knownHosts, encoding: .utf8).hasPrefix("|1|"))
      let pool = lab.pool()
      let session = try await pool.session(to: lab.endpoint(host))
      #expect(try await session.run(RemoteCommand(argv: ["true"])).exitStatus.isSuccess)
      await pool.closeAll()
    }
  }

  @Test("A wrong key on any hop stops there, names it, and nothing is sent to it", arguments: 0...2)
  func wrongKey(at position: Int) async throws {
    try await withLab { lab in
      var servers: [TestServer] = []
      for index in 0...2 {
        servers.append(
          try await lab.startServer("hop\(index)", isKnown: index != position, options: TestServer.verbose))
      }
      try await lab.makeKey("stranger")
      try lab.trust(keyOf: "stranger", for: servers[position])
      let endpoints = servers.map { lab.endpoint($0) }
      let pool = lab.pool()
      let error = try await sshError {
        _ = try await pool.session(to: endpoints[2], through: Array(endpoints[..<2]))
      }
      #expect(error.code == .hostKeyMismatch)
      #expect(error.hop == "hop\(position)")
      #expect(!error.isTransport)
      #expect(error.message.contains(lab.knownHosts))
      #expect(error.message.contains(try await fingerprint("hop\(position)-ed25519", lab)))
      let hint = try #require(error.hint)
      #expect(hint.contains("ssh-keygen -R") && hint.contains("ssh-keyscan -p \(servers[position].port)"))
      if position > 0 { #expect(hint.contains("ssh ") && hint.contains("-p \(servers[position - 1].port)")) }
      #expect(await servers[position].loginAttempts() == 0)
      await pool.closeAll()
    }
  }

  @Test("An unknown key is refused and is not the same as a wrong one")
  func unknownKey() async throws {
    try await withLab { lab in
      let host = try await lab.startServer("host", isKnown: false, options: TestServer.verbose)
      let pool = lab.pool()
      let error = try await sshError { _ = try await pool.session(to: lab.endpoint(host)) }
      #expect(error.code == .hostKeyUnknown)
      #expect(error.message.contains(lab.knownHosts))
      #expect(error.message.contains(try await fingerprint("host-ed25519", lab)))
      #expect(error.hint == "ssh-keyscan -p \(host.port) 127.0.0.1 >> \(lab.knownHosts)")
      #expect(await host.loginAttempts() == 0)
      // The command of the hint, run by a shell, puts it right.
      try await runTool("/bin/sh", ["-c", try #require(error.hint)])
      let session = try await pool.session(to: lab.endpoint(host))
      #expect(try await session.run(RemoteCommand(argv: ["true"])).exitStatus.isSuccess)
      await pool.closeAll()
    }
  }

  @Test("A known key of a type that the server does not have is told")
  func otherType() async throws {
    try await withLab { lab in
      let host = try await lab.startServer("host", keyTypes: ["ed25519"], isKnown: false)
      try await lab.makeKey("old", type: "ecdsa")
      try lab.trust(keyOf: "old", for: host)
      let pool = lab.pool()
      let error = try await sshError { _ = try await pool.session(to: lab.endpoint(host)) }
      #expect(error.code == .hostKeyUnknown)
      #expect(error.message.contains("ecdsa-sha2-nistp256"))
      await pool.closeAll()
    }
  }

  @Test("A missing known_hosts file and none at all are unknown keys", arguments: [["/no/such/file"], []])
  func missingFile(files: [String]) async throws {
    try await withLab { lab in
      let host = try await lab.startServer("host")
      var endpoint = lab.endpoint(host)
      endpoint.knownHostsFiles = files
      let (pool, target) = (lab.pool(), endpoint)
      let error = try await sshError { _ = try await pool.session(to: target) }
      #expect(error.code == .hostKeyUnknown)
      #expect(error.message.contains(files.first ?? "no known_hosts file is set"))
      await pool.closeAll()
    }
  }

  /// As ssh-keygen prints it.
  private func fingerprint(_ key: String, _ lab: TestLab) async throws -> String {
    let line = try await runTool("/usr/bin/ssh-keygen", ["-l", "-f", "\(lab.directory)/\(key).pub"])
    return try #require(
      String(decoding: line, as: UTF8.self).split(separator: " ").first { $0.hasPrefix("SHA256:") }
    )
    .description
  }
}

@Suite("Log-in", .enabled(if: TestLab.isPossible, TestLab.reason), .timeLimit(.minutes(2)))
struct AuthenticationTests {
  @Test(
    "Key files of each kind, with and without a passphrase", arguments: ["ed25519", "ecdsa"],
    ["", "s3cr3t words"])
  func keyFiles(type: String, passphrase: String) async throws {
    try await withLab { lab in
      let host = try await lab.startServer("host")
      try await lab.makeKey("mine", type: type, passphrase: passphrase)
      try lab.authorize("mine")
      let credential = SSHCredential.keyFile(
        path: "\(lab.directory)/mine", passphrase: passphrase.isEmpty ? nil : Passphrase(passphrase))
      #expect(try await lab.canLogIn(to: host, with: [credential]))
    }
  }

  @Test("An encrypted key without a passphrase, or with a wrong one, says so")
  func encryptedKey() async throws {
    try await withLab { lab in
      let host = try await lab.startServer("host")
      try await lab.makeKey("mine", passphrase: "right")
      let path = "\(lab.directory)/mine"
      let none = try await lab.loginError(to: host, with: [.keyFile(path: path, passphrase: nil)])
      #expect(none.code == .keyUnreadable)
      #expect(none.message.contains(path) && none.message.contains("encrypted"))
      let wrong = try await lab.loginError(to: host, with: [.keyFile(path: path, passphrase: "w-r-o-n-g")])
      #expect(wrong.code == .keyUnreadable)
      #expect(wrong.message.contains("passphrase"))
      #expect(!"\(wrong) \(wrong.underlying ?? "")".contains("w-r-o-n-g"))
    }
  }

  @Test("A file that is missing or is no private key says so")
  func badFiles() async throws {
    try await withLab { lab in
      let host = try await lab.startServer("host")
      let missing = try await lab.loginError(
        to: host, with: [.keyFile(path: "/no/such/key", passphrase: nil)])
      #expect(missing.code == .keyUnreadable && missing.message.contains("does not exist"))
      let path = "\(lab.userKey).pub"
      let publicKey = try await lab.loginError(to: host, with: [.keyFile(path: path, passphrase: nil)])
      #expect(publicKey.code == .keyUnreadable && publicKey.message.contains("not a private key"))
    }
  }

  @Test("A refused key names the hop, the user and each key tried", arguments: [false, true])
  func refused(onBastion: Bool) async throws {
    try await withLab { lab in
      let bastion = try await lab.startServer("bastion", options: TestServer.verbose)
      let host = try await lab.startServer("host", options: TestServer.verbose)
      try await lab.makeKey("mine")
      try await lab.makeKey("other", type: "ecdsa")
      var hops = [lab.endpoint(bastion), lab.endpoint(host)]
      hops[onBastion ? 0 : 1].authentication = ["mine", "other"].map {
        .keyFile(path: "\(lab.directory)/\($0)", passphrase: nil)
      }
      let (pool, way) = (lab.pool(), hops)
      let error = try await sshError { _ = try await pool.session(to: way[1], through: [way[0]]) }
      #expect(error.code == .authenticationRefused)
      #expect(error.hop == (onBastion ? "bastion" : "host"))
      for part in ["root", "\(lab.directory)/mine", "\(lab.directory)/other", "publickey"] {
        #expect(error.message.contains(part))
      }
      #expect(await (onBastion ? bastion : host).loginAttempts() > 0)
      await pool.closeAll()
    }
  }

  @Test("A refused RSA key is explained by the age of the library, not called a failed log-in")
  func rsaKey() async throws {
    try await withLab { lab in
      let host = try await lab.startServer("host")
      try await lab.makeKey("mine", type: "rsa")
      try lab.authorize("mine")
      let credential = SSHCredential.keyFile(path: "\(lab.directory)/mine", passphrase: nil)
      if SSHLibrary.signsRSAWithSHA2 {
        #expect(try await lab.canLogIn(to: host, with: [credential]))
      } else {
        let error = try await lab.loginError(to: host, with: [credential])
        #expect(error.code == .keyTypeUnsupported)
        #expect(error.message.contains("RSA") && error.message.contains("ed25519"))
      }
    }
  }

  @Test("An agent is used by its socket; its keys are tried in order")
  func agent() async throws {
    try await withLab { lab in
      let bastion = try await lab.startServer("bastion")
      let host = try await lab.startServer("host")
      let socket = "\(lab.directory)/agent"
      let agent = try ChildProcess("/usr/bin/ssh-agent", ["-D", "-a", socket])
      defer {
        kill(agent.pid, SIGTERM)
        _ = agent.wait()
      }
      try await waitForFile(socket)
      let empty = try await lab.loginError(to: host, with: [.agent(socketPath: socket)])
      #expect(empty.code == .agentUnavailable && empty.message.contains("holds no keys"))
      try await lab.makeKey("stranger", type: "ecdsa")
      for key in ["stranger", "user"] {
        try await runTool(
          "/bin/sh", ["-c", "SSH_AUTH_SOCK='\(socket)' ssh-add -q '\(lab.directory)/\(key)' 2>&1"])
      }
      var hops = [lab.endpoint(bastion), lab.endpoint(host)]
      for index in 0...1 { hops[index].authentication = [.agent(socketPath: socket)] }
      let (pool, way) = (lab.pool(), hops)
      let session = try await pool.session(to: way[1], through: [way[0]])
      #expect(try await session.run(RemoteCommand(argv: ["true"])).exitStatus.isSuccess)
      await pool.closeAll()
    }
  }

  @Test("An agent that is not there is told, and the next credential is tried")
  func missingAgent() async throws {
    try await withLab { lab in
      let host = try await lab.startServer("host")
      let gone = SSHCredential.agent(socketPath: "\(lab.directory)/no-agent")
      let error = try await lab.loginError(to: host, with: [gone])
      #expect(error.code == .agentUnavailable)
      #expect(error.message.contains("no-agent"))
      #expect(try await lab.canLogIn(to: host, with: [gone, .keyFile(path: lab.userKey, passphrase: nil)]))
    }
  }

  @Test("No text of any kind shows a passphrase")
  func redaction() {
    let credential = SSHCredential.keyFile(path: "/k", passphrase: "hunter2")
    var dumped = ""
    dump(credential, to: &dumped)
    for text in ["\(credential)", String(reflecting: credential), dumped] {
      #expect(!text.contains("hunter2"))
    }
  }

  /// ssh-agent has no way to say that it listens; inotify would be the only one to wait for without polling.
  private func waitForFile(_ path: String) async throws {
    try await runTool(
      "/bin/sh", ["-c", "n=0; while [ ! -S '\(path)' ] && [ $n -lt 200 ]; do n=$((n+1)); sleep 0.05; done"])
  }
}

extension TestLab {
  /// Lets a key log in.
  func authorize(_ key: String) throws {
    let path = "\(directory)/authorized"
    let text =
      try String(contentsOfFile: path, encoding: .utf8)
      + String(contentsOfFile: "\(directory)/\(key).pub", encoding: .utf8)
    try Data(text.utf8).write(to: URL(fileURLWithPath: path))
  }

  func canLogIn(to server: TestServer, with credentials: [SSHCredential]) async throws -> Bool {
    var target = endpoint(server)
    target.authentication = credentials
    let pool = pool()
    let session = try await pool.session(to: target)
    let result = try await session.run(RemoteCommand(argv: ["true"]))
    await pool.closeAll()
    return result.exitStatus.isSuccess
  }

  func loginError(to server: TestServer, with credentials: [SSHCredential]) async throws -> SSHError {
    var target = endpoint(server)
    target.authentication = credentials
    let (pool, endpoint) = (pool(), target)
    return try await sshError { _ = try await pool.session(to: endpoint) }
  }
}
