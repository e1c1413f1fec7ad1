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

    /// A Pawl with a state directory of its own, as on another machine.
    private func pawl(_ directory: TemporaryDirectory) -> PawlProgram {
      PawlProgram(
        directory: directory.path,
        environment: [
          "PAWL_INVENTORY": Lab.inventory, "PAWL_STATE": directory.path + "/state", "NO_COLOR": "1",
        ])
    }

    private func holder() async throws -> String {
      try await Lab.run(
        "kubectl", "-n", "kube-system", "get", "lease", "pawl", "-o", "jsonpath={.spec.holderIdentity}")
    }

    @Test("Of two Pawls started at once one upgrades, and the other exits with 5 and names it")
    func startedAtOnce() async throws {
      try await Lab.run("reset")
      let upgrade = ["upgrade", "--to", "1.20", "--yes"]
      async let first = pawl(here).run(upgrade)
      async let second = pawl(there).run(upgrade)
      let results = try await [first, second].sorted { $0.status < $1.status }
      #expect(results.map(\.status) == [0, 5], "\(results.map(\.errors))")
      #expect(results[1].errors.contains("The cluster is held by run "), "\(results[1].errors)")
      #expect(results[1].errors.contains("@"), "\(results[1].errors)")
      try await Lab.expectUpgraded(to: "1.20.15")
      #expect(try await holder() == "")
      for host in Lab.hosts {
        let epochs = try await Lab.onHost(host, "sh", "-c", "cat /var/lib/pawl/fence/*")
        #expect(Int(epochs.trimmingCharacters(in: .whitespacesAndNewlines)) != nil, "\(host): \(epochs)")
      }
    }

    @Test(
      "A frozen Pawl is released elsewhere; when it wakes up it changes nothing, exits with 5, and can go on")
    func frozen() async throws {
      try await Lab.run("reset")
      let (lines, status) = try await pawl(here).runAndFreeze([
        "upgrade", "--to", "1.20", "--yes", "-o", "json",
      ]) {
        $0.contains("\"step-started\"") && $0.contains("1.20/drain@worker-1")
      } while: {
        let other = pawl(there)
        let refused = try await other.run(["upgrade", "--to", "1.20", "--yes"])
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
      let nodes = try await Lab.nodes()
      #expect(nodes.allSatisfy { !$0.cordoned && $0.annotations.isEmpty })
      #expect(nodes.filter { $0.name != "cp-1" }.allSatisfy { $0.version == "v1.19.16" })

      let resumed = try await pawl(here).run(["resume"])
      #expect(resumed.status == 0, "\(resumed.output.suffix(3000))\(resumed.errors)")
      try await Lab.expectUpgraded(to: "1.20.15")
    }

    @Test(
      "A killed Pawl's cluster is refused to others, taken over on request, and its own resume needs no flag")
    func killed() async throws {
      try await Lab.run("reset")
      let (lines, status) = try await pawl(here).runAndKill([
        "upgrade", "--to", "1.20", "--yes", "-o", "json",
      ]) {
        $0.contains("\"step-started\"") && $0.contains("1.20/drain@worker-1")
      }
      #expect(status == -9, "\(lines.suffix(5))")
      let refused = try await pawl(there).run(["upgrade", "--to", "1.20", "--yes"])
      #expect(refused.status == 5, "\(refused.output)\(refused.errors)")
      let resumed = try await pawl(here).run(["resume"])
      #expect(resumed.status == 0, "\(resumed.output.suffix(3000))\(resumed.errors)")
      try await Lab.expectUpgraded(to: "1.20.15")
      #expect(try await pawl(there).run(["release"]).output == "Nothing of a run is left.\n")
      try await Lab.run("reset")
    }
  }
}
