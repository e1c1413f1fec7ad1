import Foundation
import PawlContracts
import PawlEngine
import PawlModel
import PawlSSH
import PawlSteps
import Testing

@testable import PawlCLI

@Suite("Hosts over SSH", .enabled(if: TestLab.isPossible, TestLab.reason), .timeLimit(.minutes(2)))
struct SSHHostTests {
  @Test("keep the contract of the port, through a bastion", arguments: HostSessionContract.names)
  func contract(name: String) async throws {
    try await keep(name, shell: nil)
  }

  @Test(
    "keep it also where /bin/sh is bash, as on RHEL, or as small as busybox", .serialized,
    arguments: HostSessionContract.names, ["/bin/bash", "/bin/busybox"])
  func shells(name: String, shell: String) async throws {
    try await keep(name, shell: shell)
  }

  private func keep(_ name: String, shell: String?) async throws {
    try await withLab { lab in
      let (gate, server) = (
        try await lab.startServer("gate"), try await lab.startServer("worker-1", shell: shell)
      )
      let hosts = lab.hosts(on: server, through: [gate])
      if let shell {
        let compared = try await hosts.session(to: "worker-1").run(HostCommand(["cmp", "/bin/sh", shell]))
        #expect(compared.succeeded, "the server's /bin/sh is \(shell)")
      }
      let counter = lab.directory + "/counter"
      let subject = HostSessionContract.Subject(
        session: try await hosts.session(to: "worker-1"),
        counted: HostCommand(
          steps: [["/bin/sh", "-c", "echo once >> \"$0\"", counter], ["cat", counter]], asRoot: true,
          timeoutSeconds: 60),
        timesCounted: { try Self.lines(of: counter) },
        endless: HostCommand(["sleep", "3600"], asRoot: true, timeoutSeconds: 7200),
        overlong: HostCommand(["sleep", "3600"], asRoot: true, timeoutSeconds: 1))
      try await HostSessionContract.run(name, on: subject)
      await hosts.close()
    }
  }

  private static func lines(of file: String) throws -> Int {
    guard FileManager.default.fileExists(atPath: file) else { return 0 }
    return try String(contentsOfFile: file, encoding: .utf8).split(separator: "\n").count
  }

  @Test("A host's own port and the bastions of the inventory are used")
  func bastions() async throws {
    try await withLab { lab in
      let (gate, server) = (try await lab.startServer("gate"), try await lab.startServer("worker-1"))
      let hosts = lab.hosts(on: server, through: [gate])
      let session = try await hosts.session(to: "worker-1")
      #expect(session.host == "worker-1")
      #expect(try await session.run(HostCommand(["true"])).succeeded)
      #expect(gate.connectionCount > 0)
      await hosts.close()
    }
  }

  @Test("The status of a command that a signal ended is 128 and the signal's number")
  func signals() async throws {
    try await withLab { lab in
      let hosts = lab.hosts(on: try await lab.startServer("worker-1"))
      let command = HostCommand(["/bin/sh", "-c", "kill -KILL $$"])
      let session = try await hosts.session(to: "worker-1")
      #expect(try await session.run(command).status == 137)
      let key = PawlSteps.JobKey(run: RunID("run-1"), name: "a.1.1")
      #expect(try await session.runDetached(command, key: key, epoch: 1) { _ in }.status == 137)
      await hosts.close()
    }
  }

  @Test("Without a fence an earlier epoch is no obstacle")
  func withoutFence() async throws {
    try await withLab { lab in
      let hosts = lab.hosts(on: try await lab.startServer("worker-1"), fence: nil)
      let session = try await hosts.session(to: "worker-1")
      for (name, epoch) in [("a.1.1", 7), ("a.2.1", 6)] {
        let key = PawlSteps.JobKey(run: RunID("run-1"), name: name)
        #expect(
          try await session.runDetached(HostCommand(["true"]), key: key, epoch: epoch) { _ in }.succeeded)
      }
      await hosts.close()
    }
  }

  @Test("A host that the inventory does not have is refused by name")
  func unknownHost() async throws {
    let inventory = Inventory(
      name: "x", kubernetes: KubernetesAccess(kubeconfig: "k"), ssh: SSHAccess(user: "u"), hosts: [])
    let error = await #expect(throws: HostError.self) {
      _ = try await SSHHosts(inventory).session(to: "worker-9")
    }
    #expect(error?.code == .failed && error?.message.contains("worker-9") == true)
  }
}

@Suite("The port's words for SSH errors")
struct HostErrorTests {
  @Test(
    "Every code has its counterpart",
    arguments: [
      (SSHError.Code.unreachable, HostError.Code.unreachable), (.connectTimeout, .unreachable),
      (.bastionForwardRefused, .unreachable), (.channelRefused, .unreachable), (.linkLost, .linkLost),
      (.hostKeyUnknown, .hostKey), (.hostKeyMismatch, .hostKey), (.authenticationRefused, .authentication),
      (.keyUnreadable, .authentication), (.keyTypeUnsupported, .authentication),
      (.agentUnavailable, .authentication), (.timedOut, .timedOut), (.cancelled, .cancelled),
      (.fenced, .fenced), (.outputLimit, .failed), (.protocolError, .failed), (.invalidCommand, .failed),
      (.jobLost, .failed), (.jobRefused, .failed),
    ])
  func codes(ssh: SSHError.Code, port: HostError.Code) {
    let error = HostError(SSHError(ssh, hop: "gate", "It is so.", hint: "Do this.", underlying: "secret"))
    #expect(error.code == port)
    #expect(error.message == "It is so. Do this.")
  }
}

@Suite("Text from pieces of bytes")
struct TextPiecesTests {
  @Test("A character that is torn between pieces comes whole", arguments: 1...5)
  func torn(size: Int) {
    let text = "a\u{E9}\u{20AC}\u{1F600}z"
    let bytes = Array(text.utf8)
    let pieces = TextPieces()
    let found = stride(from: 0, to: bytes.count, by: size).map { start in
      pieces.text(adding: Array(bytes[start..<min(start + size, bytes.count)]))
    }
    #expect(found.joined() == text)
    #expect(!found.joined().contains("\u{FFFD}"))
  }

  @Test("What is no UTF-8 does not hold the rest up")
  func broken() {
    let pieces = TextPieces()
    #expect(pieces.text(adding: [0x61, 0xFF, 0x62]) == "a\u{FFFD}b")
    #expect(pieces.text(adding: [0x80, 0x80, 0x80]) == "\u{FFFD}\u{FFFD}\u{FFFD}")
  }
}

extension TestLab {
  /// Hosts whose jobs lie in this lab's directory.
  fileprivate func hosts(
    on server: TestServer, through bastions: [TestServer] = [], fence: String? = "contract"
  ) -> SSHHosts {
    var settings = SSHPool.Settings()
    settings.stateDirectory = stateDirectory
    settings.terminationGrace = .seconds(2)
    let inventory = Inventory(
      name: "contract", kubernetes: KubernetesAccess(kubeconfig: "none"),
      ssh: SSHAccess(
        user: "root", keys: [userKey], knownHosts: [knownHosts],
        bastions: bastions.map { Bastion(name: $0.name, address: "127.0.0.1", port: $0.port) }),
      hosts: [Host(name: server.name, address: "127.0.0.1", roles: [.worker], port: server.port)])
    return SSHHosts(inventory, settings: settings, fence: fence)
  }
}
