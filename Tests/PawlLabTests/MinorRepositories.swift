import Foundation
import PawlTestSupport
import Testing

/// The lab's hosts with the repository of one minor in place of that of all versions, as the community's are.
struct MinorRepositories {
  static let file = "/etc/apt/sources.list.d/kubernetes.list"

  /// The source line with `{minor}` in it.
  let template: String

  /// Points every host at the repository of 1.19.
  static func prepare() async throws -> MinorRepositories {
    let source = try await Lab.onHost("worker-1", "cat", file)
    let template = String(source.replacing("/ ./", with: "/minor/v{minor} ./").prefix { !$0.isNewline })
    try #require(template.contains("{minor}"), "\(source)")
    let repositories = MinorRepositories(template: template)
    for host in Lab.hosts {
      let line = repositories.line("1.19")
      _ = try await Lab.onHost(host, "sh", "-c", "echo '\(line)' >\(file) && apt-get update -q")
    }
    return repositories
  }

  func line(_ minor: String) -> String { template.replacing("{minor}", with: minor) }

  /// The lab's inventory with the template, and with paths that hold from another directory.
  func writeInventory(to directory: String) throws -> String {
    var text = try String(contentsOfFile: Lab.inventory, encoding: .utf8)
    text = text.replacing("./", with: Lab.client + "/")
    text = text.replacing("packages:\n", with: "packages:\n  sourceTemplate: \"\(template)\"\n")
    let path = directory + "/inventory.yaml"
    try text.write(toFile: path, atomically: true, encoding: .utf8)
    return path
  }

  /// What must be true after an upgrade to a minor: the line of it everywhere, nothing left of looking ahead.
  func expectSource(of minor: String) async throws {
    for host in Lab.hosts {
      #expect(try await Lab.onHost(host, "cat", Self.file) == line(minor) + "\n")
      #expect(try await Lab.onHost(host, "stat", "-c", "%a %U", Self.file) == "644 root\n")
      #expect(try await Lab.onHost(host, "find", "/tmp", "-name", "pawl-sources-*").isEmpty)
    }
  }
}

extension LabTests {
  @Suite("One repository per minor, on real hosts", .serialized)
  struct MinorRepositoryTests {
    private let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    private func plan(_ inventory: String) async throws -> PawlProgram.Result {
      try await PawlProgram.onLab(directory, inventory: inventory).run(["plan", "upgrade", "--to", "1.20"])
    }

    private func aptState() async throws -> String {
      try await Lab.onHost(
        "worker-1", "ls", "-l", "--time-style=full-iso", "/var/lib/apt/lists", "/var/cache/apt",
        "/etc/apt/sources.list.d")
    }

    @Test("Without the template the next minor is invisible; with it facts look ahead and touch nothing")
    func facts() async throws {
      try await Lab.run("reset")
      let repositories = try await MinorRepositories.prepare()
      let without = try await plan(Lab.inventory)
      #expect(without.status == 1 && without.errors.contains("target-not-offered"), "\(without.errors)")

      let before = try await aptState()
      let with = try await plan(try repositories.writeInventory(to: directory.path))
      #expect(with.status == 0, "\(with.output)\(with.errors)")
      #expect(with.output.contains("1.20/set-package-source@worker-2"))
      #expect(try await aptState() == before, "planning touched apt's state")
      try await repositories.expectSource(of: "1.19")
    }
  }
}
