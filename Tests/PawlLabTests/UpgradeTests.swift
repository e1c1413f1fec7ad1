import Foundation
import PawlTestSupport
import Testing

extension LabTests {
  @Suite("Upgrades on real hosts", .serialized)
  struct UpgradeTests {
    private let directory: TemporaryDirectory
    private let pawl: PawlProgram

    init() throws {
      directory = try TemporaryDirectory()
      pawl = .onLab(directory)
    }

    @Test("Two minors in one command, from a machine that can't reach the nodes directly")
    func twoMinors() async throws {
      try await Lab.run("reset")
      try await Lab.run("verify")
      let check = try await pawl.run(["check"])
      #expect(check.status == 0, "\(check.output)\(check.errors)")
      let plan = try await pawl.run([
        "plan", "upgrade", "--to", "1.21", "--out", "plan.json", "--detailed-exitcode",
      ])
      #expect(plan.status == 2)
      #expect(plan.output.contains("1.19.16 -> 1.20.15 -> 1.21.14"))

      let run = try await pawl.run(["upgrade", "--to", "1.21", "--yes"])
      #expect(run.status == 0, "\(run.output.suffix(3000))\(run.errors)")
      try await Lab.expectUpgraded(to: "1.21.14")

      let again = try await pawl.run(["upgrade", "--to", "1.21", "--yes"])
      #expect(again.status == 0 && again.output.contains("Nothing to do"), "\(again.output)")
      let stale = try await pawl.run(["apply", "plan.json", "--yes"])
      #expect(stale.status == 1 && stale.errors.contains("stale"), "\(stale.errors)")
    }
  }
}
