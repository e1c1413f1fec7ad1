import Foundation
import PawlTestSupport
import Testing

/// The layering of docs/architecture.md, from the manifest and from every import.
@Suite("Layout")
struct LayoutTests {
  /// Who may import whom, among our own targets.
  private static let allowed: [String: Set<String>] = [
    "PawlGraph": [],
    "PawlModel": [],
    "PawlPlan": ["PawlGraph", "PawlModel"],
    "PawlEngine": ["PawlPlan", "PawlModel"],
    "PawlSteps": ["PawlEngine", "PawlPlan", "PawlModel"],
    "PawlStore": ["PawlEngine", "PawlPlan", "PawlModel"],
    "PawlSSH": ["CLibSSH2"],
    "PawlKube": ["CCurl"],
    "PawlSimulation": ["PawlSteps", "PawlEngine", "PawlPlan", "PawlModel"],
    "PawlCLI": [
      "PawlSteps", "PawlEngine", "PawlStore", "PawlSSH", "PawlKube", "PawlSimulation", "PawlPlan",
      "PawlModel",
      "PawlGraph",
    ],
    "pawl": ["PawlCLI"],
  ]

  /// The one target that may import each library from outside.
  private static let owners = [
    "Yams": "PawlModel", "Crypto": "PawlModel", "GRDB": "PawlStore", "ArgumentParser": "PawlCLI",
    "Logging": "PawlCLI",
    "CLibSSH2": "PawlSSH",
    "CCurl": "PawlKube",
  ]

  private struct Source {
    let target: String
    let file: String
    let text: String
    let imports: Set<String>
  }

  private static func sources() throws -> [Source] {
    let root = PawlProgram.root + "/Sources"
    let files = FileManager.default.enumerator(atPath: root)?.compactMap { $0 as? String } ?? []
    return try files.filter { $0.hasSuffix(".swift") }.map { file in
      let text = try String(contentsOfFile: root + "/" + file, encoding: .utf8)
      let imports = text.split(separator: "\n").compactMap { line -> String? in
        let words = line.split(separator: " ")
        guard let place = words.firstIndex(of: "import"), place <= 2, place + 1 < words.count else {
          return nil
        }
        return String(words[place + 1])
      }
      return Source(
        target: String(file.prefix { $0 != "/" }), file: file, text: text, imports: Set(imports))
    }
  }

  @Test("The manifest's targets depend on each other as the architecture says")
  func manifest() async throws {
    let directory = try TemporaryDirectory()
    let result = try await PawlProgram.run(
      "/usr/bin/env", ["swift", "package", "--scratch-path", directory.path, "dump-package"],
      directory: PawlProgram.root)
    let object = try #require(
      try JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? [String: Any])
    let targets = try #require(object["targets"] as? [[String: Any]])
    for (name, allowed) in Self.allowed {
      let target = try #require(targets.first { $0["name"] as? String == name }, "\(name)")
      let dependencies = (target["dependencies"] as? [[String: Any]] ?? []).compactMap {
        (($0["byName"] ?? $0["product"]) as? [Any])?.first as? String
      }
      let own = Set(dependencies).intersection(Set(Self.allowed.keys).union(["CLibSSH2", "CCurl"]))
      #expect(own.isSubset(of: allowed), "\(name) may not depend on \(own.subtracting(allowed))")
      let foreign = Set(dependencies).subtracting(own)
      for library in foreign { #expect(Self.owners[library] == name, "\(name) may not depend on \(library)") }
    }
  }

  @Test("Imports keep to it, and each library from outside has one owner")
  func imports() throws {
    for source in try Self.sources() {
      guard let allowed = Self.allowed[source.target] else { continue }
      for name in source.imports where name.hasPrefix("Pawl") {
        #expect(allowed.contains(name), "\(source.file) may not import \(name)")
      }
      for name in source.imports {
        if let owner = Self.owners[name] {
          #expect(owner == source.target, "\(source.file) may not import \(name)")
        }
      }
    }
  }

  @Test("The pure targets have no clock, randomness, file, network or concurrency in them")
  func purity() throws {
    let banned = [
      "FileManager", "URLSession", "ContinuousClock", "Date()", "Task {", "Task.", "async ", "await ",
      ".random(",
      "ProcessInfo", "import Glibc", "import Dispatch", "DispatchQueue", "print(",
    ]
    for source in try Self.sources() where ["PawlGraph", "PawlModel", "PawlPlan"].contains(source.target) {
      let code = source.text.split(separator: "\n").filter { !$0.drop { $0 == " " }.hasPrefix("//") }
        .joined(separator: "\n")
      for word in banned { #expect(!code.contains(word), "\(source.file) has \(word)") }
    }
  }

  @Test("Only the command line prints")
  func printing() throws {
    for source in try Self.sources() where source.target != "PawlCLI" {
      let lines = source.text.split(separator: "\n").filter { !$0.drop { $0 == " " }.hasPrefix("//") }
      for line in lines {
        #expect(
          !line.contains(" print(") && !line.contains("CommandLine.arguments"), "\(source.file): \(line)")
      }
    }
  }

  @Test("Files are short, and escape hatches are counted and explained")
  func sizes() throws {
    var hatches: [String] = []
    for source in try Self.sources() {
      let lines = source.text.split(separator: "\n", omittingEmptySubsequences: false)
      #expect(lines.count <= 450, "\(source.file) has \(lines.count) lines")
      for (index, line) in lines.enumerated() {
        let code = line.drop { $0 == " " }
        guard !code.hasPrefix("//"),
          line.contains("@unchecked Sendable") || line.contains("nonisolated(unsafe)")
        else {
          continue
        }
        hatches.append("\(source.file):\(index + 1)")
        let before = lines[max(0, index - 6)...min(index + 2, lines.count - 1)].joined()
        #expect(before.contains("SAFETY:"), "\(source.file):\(index + 1) has no SAFETY comment")
      }
      #expect(!source.text.contains("fatalError("), "\(source.file)")
      #expect(!source.text.contains("try!"), "\(source.file)")
    }
    #expect(hatches.count <= 5, "\(hatches)")
  }
}
