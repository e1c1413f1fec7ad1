import Foundation
import PawlTestSupport
import Testing

extension LabTests {
  @Suite("One repository per minor, on real hosts", .serialized)
  struct MinorRepositoryTests {
    private static let file = "/etc/apt/sources.list.d/kubernetes.list"

    private let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    private func pawl(_ inventory: String) -> PawlProgram {
      PawlProgram(
        directory: directory.path,
        environment: ["PAWL_INVENTORY": inventory, "PAWL_STATE": directory.path + "/state", "NO_COLOR": "1"])
    }

    /// The lab's inventory with a template, and with paths that hold from another directory.
    private func inventory(template: String) throws -> String {
      var text = try String(contentsOfFile: Lab.inventory, encoding: .utf8)
      text = text.replacing("./", with: Lab.client + "/")
      text = text.replacing("packages:\n", with: "packages:\n  sourceTemplate: \"\(template)\"\n")
      let file = directory.path + "/inventory.yaml"
      try text.write(toFile: file, atomically: true, encoding: .utf8)
      return file
    }

    private func aptState() async throws -> String {
      try await Lab.onHost(
        "worker-1", "ls", "-l", "--time-style=full-iso", "/var/lib/apt/lists", "/var/cache/apt",
        "/etc/apt/sources.list.d")
    }

    @Test("Hosts see only their minor until the source is rewritten; facts look ahead, the run rewrites")
    func perMinorRepositories() async throws {
      try await Lab.run("reset")
      let source = try await Lab.onHost("worker-1", "cat", Self.file)
      let template = String(source.replacing("/ ./", with: "/minor/v{minor} ./").prefix { !$0.isNewline })
      try #require(template.contains("{minor}"), "\(source)")
      for host in Lab.hosts {
        let line = template.replacing("{minor}", with: "1.19")
        _ = try await Lab.onHost(host, "sh", "-c", "echo '\(line)' >\(Self.file) && apt-get update -q")
      }
      let without = try await pawl(Lab.inventory).run(["plan", "upgrade", "--to", "1.20"])
      #expect(without.status == 1 && without.errors.contains("target-not-offered"), "\(without.errors)")

      let pawl = pawl(try inventory(template: template))
      let before = try await aptState()
      let plan = try await pawl.run(["plan", "upgrade", "--to", "1.20"])
      #expect(plan.status == 0, "\(plan.output)\(plan.errors)")
      #expect(plan.output.contains("1.20/set-package-source@worker-2"))
      #expect(try await aptState() == before, "planning touched apt's state")

      let run = try await pawl.run(["upgrade", "--to", "1.20", "--yes"])
      #expect(run.status == 0, "\(run.output.suffix(3000))\(run.errors)")
      try await Lab.expectUpgraded(to: "1.20.15")
      for host in Lab.hosts {
        #expect(
          try await Lab.onHost(host, "cat", Self.file)
            == template.replacing("{minor}", with: "1.20") + "\n")
        #expect(try await Lab.onHost(host, "stat", "-c", "%a %U", Self.file) == "644 root\n")
        #expect(try await Lab.onHost(host, "find", "/tmp", "-name", "pawl-sources-*").isEmpty)
      }
      try await Lab.run("reset")
    }
  }
}
