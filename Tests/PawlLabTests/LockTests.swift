import Foundation
import PawlTestSupport
import Testing

extension LabTests {
  @Suite("The cluster's lock on real hosts", .serialized)
  struct LockTests {
    private let here: TemporaryDirectory
    private let there: TemporaryDirectory

    init() throws {
      here = try TemporaryDirectory()
      there = try TemporaryDirectory()
    }

    private static let workers = ["worker-1", "worker-2"]
    private static let job = [
      "patch", "--reboot", "never", "--limit", workers.joined(separator: ","), "--yes",
    ]

    private func holder() async throws -> String {
      try await Lab.run(
        "kubectl", "-n", "kube-system", "get", "lease", "pawl", "-o", "jsonpath={.spec.holderIdentity}")
    }

    @Test(
      "A frozen Pawl is released elsewhere; when it wakes up it changes nothing, exits with 5, and can go on")
    func frozen() async throws {
      try await Lab.run("reset")
      try await Lab.run("fault", "publish-update")
      let (lines, status) = try await PawlProgram.onLab(here).runAndFreeze(Self.job + ["-o", "json"]) {
        $0.contains("\"step-started\"") && $0.contains("\"drain@worker-1\"")
      } while: {
        let other = PawlProgram.onLab(there)
        let refused = try await other.run(Self.job)
        #expect(refused.status == 5, "\(refused.output)\(refused.errors)")
        let shown = try await other.run(["release"])
        #expect(shown.status == 0 && shown.output.contains("--yes"), "\(shown.output)\(shown.errors)")
        #expect(try await holder() != "")
        let released = try await other.run(["release", "--yes"])
        #expect(released.status == 0, "\(released.output)\(released.errors)")
        #expect(try await Lab.nodes().allSatisfy { !$0.cordoned && $0.annotations.isEmpty })
        #expect(try await holder() == "")
      }
      #expect(status == 5, "\(lines.suffix(5))")
      #expect(try await Lab.nodes().allSatisfy { !$0.cordoned && $0.annotations.isEmpty })
      for host in Self.workers { #expect(try await Lab.onHost(host, "pawl-lab-tool") == "1.0-1\n") }

      let resumed = try await PawlProgram.onLab(here).run(["resume"])
      #expect(resumed.status == 0, "\(resumed.output.suffix(3000))\(resumed.errors)")
      for host in Self.workers { #expect(try await Lab.onHost(host, "pawl-lab-tool") == "1.1-1\n") }
      try await Lab.expectUpgraded(to: "1.19.16")
    }

    @Test(
      "Of two Pawls started at once one exits with 5; the other, killed, keeps the cluster and resumes without a flag"
    )
    func startedAtOnce() async throws {
      try await Lab.run("reset")
      try await Lab.run("fault", "publish-update")
      let job = Self.job + ["-o", "json"]
      let atDrain: @Sendable (String) -> Bool = {
        $0.contains("\"step-started\"") && $0.contains("\"drain@worker-1\"")
      }
      async let first = PawlProgram.onLab(here).runAndKill(job, when: atDrain)
      async let second = PawlProgram.onLab(there).runAndKill(job, when: atDrain)
      let statuses = try await (first.status, second.status)
      try #require(statuses == (-9, 5) || statuses == (5, -9), "\(statuses)")
      let (killed, other) = statuses.0 == -9 ? (here, there) : (there, here)

      let refused = try await PawlProgram.onLab(other).run(Self.job)
      #expect(refused.status == 5, "\(refused.output)\(refused.errors)")
      #expect(refused.errors.contains("The cluster is held by run "), "\(refused.errors)")
      let resumed = try await PawlProgram.onLab(killed).run(["resume"])
      #expect(resumed.status == 0, "\(resumed.output.suffix(3000))\(resumed.errors)")
      for host in Self.workers { #expect(try await Lab.onHost(host, "pawl-lab-tool") == "1.1-1\n") }
      try await Lab.expectUpgraded(to: "1.19.16")
      #expect(try await holder() == "")
      for host in Self.workers {
        let epochs = try await Lab.onHost(host, "sh", "-c", "cat /var/lib/pawl/fence/*")
        #expect(Int(epochs.trimmingCharacters(in: .whitespacesAndNewlines)) != nil, "\(host): \(epochs)")
      }
      #expect(try await PawlProgram.onLab(other).run(["release"]).output == "Nothing of a run is left.\n")
    }
  }
}
