import Foundation
import PawlTestSupport
import Synchronization
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
      #expect(samples.count > 20, "sampled \(samples.count) times")
      #expect(samples.allSatisfy { $0.count >= 2 }, "\(samples.filter { $0.count < 2 })")
      #expect(try await Lab.run("etcd").matches(of: /healthy/).count == 3)
      let done = run.lines.compactMap { EventLine($0) }
        .filter { $0.event == "step-succeeded" }.compactMap(\.step)
      let lastControlPlane = try #require(done.lastIndex { $0.contains("verify-control-plane@") })
      let firstKubelet = try #require(done.firstIndex { $0.contains("install-kubelet@") })
      #expect(lastControlPlane < firstKubelet, "\(done)")
    }
  }
}

/// Looks again and again which members of etcd are there to vote.
final class QuorumWatch: Sendable {
  private let isOver = Atomic(false)

  /// Runs `body` and gives, beside its result, the members that were there at each look.
  func during<Result: Sendable>(
    _ body: () async throws -> Result
  ) async throws -> (Result, samples: [[String]]) {
    async let samples = watch()
    do {
      let result = try await body()
      isOver.store(true, ordering: .relaxed)
      return (result, try await samples)
    } catch {
      isOver.store(true, ordering: .relaxed)
      throw error
    }
  }

  private func watch() async throws -> [[String]] {
    var samples: [[String]] = []
    while !isOver.load(ordering: .relaxed) {
      let lines = try await Lab.run("etcd").split(separator: "\n")
      samples.append(lines.filter { !$0.hasSuffix(" away") }.map { String($0.prefix { $0 != " " }) })
    }
    return samples
  }
}
