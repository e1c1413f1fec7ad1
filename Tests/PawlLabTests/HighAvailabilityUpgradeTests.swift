import Foundation
import PawlTestSupport
import Testing

extension HighAvailabilityTests {
  @Suite("Upgrades with three control planes", .serialized)
  struct UpgradeTests {
    private let directory: TemporaryDirectory
    private let pawl: PawlProgram

    init() throws {
      directory = try TemporaryDirectory()
      pawl = .onLab(directory)
    }

    @Test("etcd keeps its quorum at every moment; every control plane comes before any kubelet")
    func upgrade() async throws {
      try await Lab.run("reset")
      try await Lab.run("verify")
      let quorum = QuorumWatch()
      let (run, samples) = try await quorum.during {
        try await pawl.run(["upgrade", "--to", "1.20", "--yes", "-o", "json"]) { _ in }
      }
      #expect(run.status == 0, "\(run.lines.suffix(8).joined(separator: "\n"))")
      try await Lab.expectUpgraded(to: "1.20.15")
      QuorumWatch.expectQuorum(samples)
      #expect(try await Lab.run("etcd").matches(of: /healthy/).count == 3)
      let done = run.lines.compactMap { EventLine($0) }
        .filter { $0.event == "step-succeeded" }.compactMap(\.step)
      let lastControlPlane = try #require(done.lastIndex { $0.contains("verify-control-plane@") })
      let firstKubelet = try #require(done.firstIndex { $0.contains("install-kubelet@") })
      #expect(lastControlPlane < firstKubelet, "\(done)")
    }
  }
}
