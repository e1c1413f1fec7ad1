import Foundation
import PawlModel
import PawlTestSupport
import Testing

@testable import PawlSteps

/// apt itself, as an ordinary user, on three archives in a directory and a list of installed packages made up.
@Suite(
  "Security updates, asked of the real apt",
  .enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/apt-get")))
struct RealAptTests {
  private let directory: TemporaryDirectory
  private var root: String { directory.path }

  init() async throws {
    directory = try TemporaryDirectory()
    for folder in ["state/lists/partial", "cache/archives/partial"] {
      try FileManager.default.createDirectory(
        atPath: root + "/" + folder, withIntermediateDirectories: true)
    }
    try await archive("stable", label: "Test", packages: [])
    try await archive(
      "stable-updates", label: "Test",
      packages: [
        package("hidden", "1.2"), package("kept", "1.2", "Depends: not-to-be-had"), package("plain", "1.1"),
        package("kernel", "3", "Depends: kernel-3"), package("kernel-3", "3"), package("library", "2"),
        package("ahead", "1.2"),
      ])
    try await archive(
      "stable-security", label: "Test-Security",
      packages: [
        package("hidden", "1.0.1"), package("hidden", "1.1"), package("kept", "1.1"), package("seen", "1.1"),
        package("kernel", "2", "Depends: kernel-2"), package("kernel-2", "2"), package("ahead", "0.9"),
        package("needs", "1.1", "Depends: library (>= 2)"), package("held", "1.1"),
      ])
    let installed = ["hidden", "kept", "plain", "kernel", "seen", "ahead", "needs", "library"]
      .map { "Package: \($0)\nStatus: install ok installed\n" }
    try write(
      "status",
      (installed + ["Package: held\nStatus: hold ok installed\n"])
        .map { $0 + "Version: 1.0\nArchitecture: all\nMaintainer: Test <t@packages.example>\n" }
        .joined(separator: "\n"))
    try write(
      "sources",
      ["stable", "stable-updates", "stable-security"].map { "deb [trusted=yes] file:\(root)/\($0) ./\n" }
        .joined())
    try write(
      "apt.conf",
      """
      Dir::Etc::SourceList "\(root)/sources";
      Dir::Etc::SourceParts "-";
      Dir::Etc::Preferences "-";
      Dir::Etc::PreferencesParts "-";
      Dir::State "\(root)/state";
      Dir::State::status "\(root)/status";
      Dir::Cache "\(root)/cache";
      APT::Sandbox::User "";
      Debug::NoLocking "true";

      """)
  }

  private func write(_ file: String, _ text: String) throws {
    try text.write(toFile: root + "/" + file, atomically: true, encoding: .utf8)
  }

  private func package(_ name: String, _ version: String, _ more: String = "") -> String {
    """
    Package: \(name)
    Version: \(version)
    Architecture: all
    Maintainer: Test <t@packages.example>
    Filename: ./\(name)_\(version)_all.deb
    Size: 1
    SHA256: \(String(repeating: "0", count: 64))
    Description: made up
    \(more.isEmpty ? "" : more + "\n")
    """
  }

  private func archive(_ suite: String, label: String, packages: [String]) async throws {
    try FileManager.default.createDirectory(
      atPath: root + "/" + suite, withIntermediateDirectories: true)
    try write(suite + "/Packages", packages.joined(separator: "\n"))
    let sum = try await run(["sha256sum", "\(root)/\(suite)/Packages"]).output.prefix { $0 != " " }
    let size = try Data(contentsOf: URL(filePath: "\(root)/\(suite)/Packages")).count
    try write(
      suite + "/Release",
      """
      Origin: Test
      Label: \(label)
      Suite: \(suite)
      Codename: made-up
      Version: 1
      Date: Sun, 01 Nov 2026 00:00:00 UTC
      Architectures: all
      SHA256:
       \(sum) \(size) Packages

      """)
  }

  private func run(_ argv: [String], _ environment: [String: String] = [:]) async throws -> HostCommandResult
  {
    let result = try await PawlProgram.run(
      "/usr/bin/env", argv, directory: root,
      environment: environment.merging(["APT_CONFIG": root + "/apt.conf"]) { $1 })
    return HostCommandResult(
      status: Int(result.status), output: result.output, errorOutput: result.errors)
  }

  /// The questions as a host would run them, on the archives' lists instead of the machine's.
  private func ask() async throws -> PackageOffers {
    let question = try #require(AptPort().questions(scratch: UUID().uuidString).first)
    var answer = HostCommandResult(status: 0, output: "")
    for step in question.steps where answer.succeeded {
      let said = try await run(
        step.map { $0 == "/var/lib/apt/lists" ? root + "/state/lists" : $0 }, question.environment)
      answer.status = said.status
      answer.output += said.output
      answer.errorOutput += said.errorOutput
    }
    for step in question.always { _ = try await run(step) }
    return try AptPort().upgrades(in: [answer, HostCommandResult(status: 0, output: "")])
  }

  private func names(_ upgrades: [PackageUpgrade]) -> [String] {
    upgrades.map { "\($0.name) \($0.candidate)" }
  }

  @Test("a later version elsewhere hides nothing: not even of a kernel, nor where it can't be installed")
  func hidden() async throws {
    let offers = try await ask()
    #expect(
      names(offers.upgrades) == [
        "ahead 1.2", "hidden 1.2", "kernel 3", "kernel-3 3", "library 2", "needs 1.1", "plain 1.1",
        "seen 1.1",
      ])
    #expect(
      names(offers.security) == [
        "hidden 1.1", "kept 1.1", "kernel 2", "kernel-2 2", "needs 1.1", "seen 1.1",
      ])
    #expect(try FileManager.default.contentsOfDirectory(atPath: root + "/state/lists") == ["partial"])
  }

  @Test("what a plan names is installed in exactly that version; what comes along from elsewhere is told")
  func preview() async throws {
    let update = try await run(["apt-get", "update", "-q"])
    #expect(update.succeeded, "\(update.errorOutput)")
    func changes(_ packages: [ExactPackage]) async throws -> [ExactPackage] {
      let preview = try await run(
        try #require(AptPort().preview(packages)), AptCommands.environment)
      #expect(preview.succeeded, "\(preview.errorOutput)")
      return AptPort().changes(in: preview).sorted { $0.name < $1.name }
    }
    let security = try await ask().security.map { ExactPackage(name: $0.name, version: $0.candidate) }
    let alone = security.filter { $0.name != "needs" }
    #expect(try await changes(alone) == alone)
    #expect(
      try await changes(security).filter { !security.contains($0) } == [
        ExactPackage(name: "library", version: "2")
      ])
  }
}
