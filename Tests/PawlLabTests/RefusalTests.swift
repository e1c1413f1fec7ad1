import Foundation
import PawlTestSupport
import Testing

extension LabTests {
  @Suite("Refusals on real hosts", .serialized)
  struct RefusalTests {
    private let directory: TemporaryDirectory
    private let pawl: PawlProgram

    /// A refusal is only shown by a cluster that could be upgraded otherwise, whatever the test before left.
    init() async throws {
      let start = try await Lab.nodes().allSatisfy { $0.version == "v1.19.16" && !$0.cordoned }
      if !start { try await Lab.run("reset") }
      directory = try TemporaryDirectory()
      pawl = .onLab(directory)
    }

    /// Every refusal leaves the cluster as it was, and no run behind.
    private func refusal(
      _ arguments: [String], status: Int32, says words: [String],
      sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
      let before = try await Lab.nodes().map { "\($0.name) \($0.version) \($0.cordoned)" }
      let result = try await pawl.run(arguments)
      let text = result.output + result.errors
      #expect(result.status == status, "\(text)", sourceLocation: sourceLocation)
      for word in words { #expect(text.contains(word), "\(word) in \(text)", sourceLocation: sourceLocation) }
      #expect(
        try await Lab.nodes().map { "\($0.name) \($0.version) \($0.cordoned)" } == before,
        sourceLocation: sourceLocation)
      #expect(try await pawl.run(["runs"]).output == "No runs yet.\n", sourceLocation: sourceLocation)
    }

    @Test("A downgrade, and a minor that no source offers")
    func versions() async throws {
      // Tests before this one may have left package sources of their own, which no node tells of.
      try await Lab.run("reset")
      try await refusal(["upgrade", "--to", "1.18", "--yes"], status: 1, says: ["downgrade", "1.19.16"])
      try await refusal(
        ["upgrade", "--to", "1.22", "--yes"], status: 1, says: ["target-not-offered", "1.22"])
    }

    @Test("A minor that would have to be skipped because one host is not offered it")
    func skippedMinor() async throws {
      for version in ["1.20.15-00", "1.20.14-00"] {
        try await Lab.run("fault", "remove-package", "kubelet", version)
      }
      for host in Lab.hosts { _ = try await Lab.onHost(host, "apt-get", "update", "-q") }
      try await refusal(
        ["upgrade", "--to", "1.21", "--yes"], status: 1, says: ["minor-not-offered", "1.20"])
      try await Lab.run("fault", "restore-packages")
      for host in Lab.hosts { _ = try await Lab.onHost(host, "apt-get", "update", "-q") }
    }

    @Test("A host without sudo is named, and nothing else is tried")
    func noSudo() async throws {
      try await Lab.run("fault", "no-sudo", "worker-2")
      try await refusal(["upgrade", "--to", "1.20", "--yes"], status: 1, says: ["worker-2", "sudo"])
      try await refusal(["check"], status: 1, says: ["worker-2", "sudo"])
      try await Lab.run("fault", "with-sudo", "worker-2")
    }

    @Test(
      "A wrong host key on the bastion and on a node: the hop is named, and nothing is sent",
      arguments: ["bastion", "worker-1"])
    func wrongHostKey(hop: String) async throws {
      try await Lab.run("fault", "wrong-host-key", hop)
      try await refusal(["upgrade", "--to", "1.20", "--yes"], status: 69, says: [hop, "host key"])
      try await Lab.run("fault", "right-host-key", hop)
    }

    @Test("A node that can't be reached: 69, with its name")
    func unreachable() async throws {
      try await Lab.run("fault", "cut-ssh", "worker-2")
      try await refusal(["upgrade", "--to", "1.20", "--yes"], status: 69, says: ["worker-2"])
      try await Lab.run("fault", "restore-ssh", "worker-2")
    }

    @Test("Without a terminal and without --yes nothing is run")
    func noAnswer() async throws {
      try await refusal(["upgrade", "--to", "1.20"], status: 64, says: ["--yes"])
    }

    /// The last: it leaves a cluster that has to be reset.
    @Test("A kubelet ahead of its API server: the host and the rule are named")
    func kubeletAhead() async throws {
      _ = try await Lab.onHost(
        "worker-2", "sh", "-c",
        "apt-get install -y -q --allow-change-held-packages kubelet=1.20.15-00 && apt-mark hold kubelet && systemctl restart kubelet"
      )
      for _ in 0..<60 where try await Lab.nodes().last?.version != "v1.20.15" {
        _ = try await Lab.onHost("worker-2", "sleep", "1")
      }
      try await refusal(
        ["upgrade", "--to", "1.20", "--yes"], status: 1, says: ["worker-2", "kubelet-not-newer"])
    }
  }
}
