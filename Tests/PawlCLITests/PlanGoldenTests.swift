import Foundation
import PawlTestSupport
import Testing

@Suite("Plans from the command line")
struct PlanGoldenTests {
  private let fixtures = PawlProgram.root + "/Tests/PawlCLITests/Fixtures"
  private let pawl = PawlProgram(directory: PawlProgram.root, environment: ["NO_COLOR": "1"])

  private func plan(_ name: String, _ arguments: String...) async throws -> PawlProgram.Result {
    try await pawl.run(
      [
        "plan", "upgrade", "-i", "\(fixtures)/inventory-\(name).yaml", "--facts",
        "\(fixtures)/facts-\(name).json",
      ]
        + arguments)
  }

  @Test(
    "Reports stay as they are",
    arguments: [
      ("single", "1.20", "text"), ("single", "1.21", "text"), ("ha", "1.20", "text"),
      ("single", "1.20", "markdown"),
      ("single", "1.20", "json"),
    ])
  func report(cluster: String, version: String, format: String) async throws {
    let result = try await plan(cluster, "--to", version, "-o", format)
    #expect(result.status == 0, "\(result.errors)")
    let ending = ["text": "txt", "markdown": "md", "json": "json"][format] ?? format
    try Golden().expect(result.output, "plan-\(cluster)-\(version).\(ending)")
  }

  @Test("Every step stays inside a schema, every line inside the terminal's width")
  func schemaAndWidth() async throws {
    let schema = try JSONSerialization.jsonObject(
      with: Data(contentsOf: URL(fileURLWithPath: PawlProgram.root + "/schemas/plan.schema.json")))
    let root = try #require(schema as? [String: Any])
    let known = try #require((root["properties"] as? [String: Any])?.keys)
    let json = try await plan("single", "--to", "1.20", "-o", "json")
    let object = try #require(
      try JSONSerialization.jsonObject(with: Data(json.output.utf8)) as? [String: Any])
    let required = try #require(root["required"] as? [String])
    #expect(Set(object.keys).isSubset(of: known) && Set(object.keys).isSuperset(of: required))
    let step = try #require((object["steps"] as? [[String: Any]])?.first)
    let items = try #require(
      ((root["properties"] as? [String: Any])?["steps"] as? [String: Any])?["items"] as? [String: Any])
    let stepKeys = try #require((items["properties"] as? [String: Any])?.keys)
    #expect(Set(step.keys).isSubset(of: stepKeys))
  }

  private func planPatch(_ arguments: String..., facts: String = "patch") async throws -> PawlProgram.Result {
    try await pawl.run(
      ["plan", "patch", "-i", "\(fixtures)/inventory-ha.yaml", "--facts", "\(fixtures)/facts-\(facts).json"]
        + arguments)
  }

  @Test("What patching would do: packages with versions, workers first, a host that needs nothing left alone")
  func patch() async throws {
    let result = try await planPatch()
    #expect(result.status == 0, "\(result.errors)")
    try Golden().expect(result.output, "plan-patch.txt")
    let security = try await planPatch(
      "--security-only", "--reboot", "never", "--limit", "worker-1,cp-1,cp-3")
    try Golden().expect(security.output, "plan-patch-security.txt")
  }

  @Test("Facts that do not say what there is to patch are told apart")
  func patchWithoutFacts() async throws {
    let result = try await planPatch(facts: "ha")
    #expect(result.status == 65 && result.errors.contains("pawl facts --patches"), "\(result.errors)")
  }

  @Test("--detailed-exitcode tells a plan with changes from one without")
  func detailedExitCode() async throws {
    #expect(try await plan("single", "--to", "1.20", "--detailed-exitcode").status == 2)
    #expect(try await plan("single", "--to", "1.19", "--detailed-exitcode").status == 0)
  }

  @Test(
    "A refused plan names the rule and exits with 1",
    arguments: [
      ("1.18", "downgrade"), ("1.22", "target-not-offered"), ("1.21.13", "target-not-offered"),
      ("1.19.15", "downgrade"),
    ])
  func refused(version: String, code: String) async throws {
    let result = try await plan("single", "--to", version)
    #expect(result.status == 1)
    #expect(result.errors.contains("nothing was touched"))
    #expect(result.errors.contains(code), "\(result.errors)")
  }

  @Test("A minor that is missing in the middle is named, with the host")
  func missingMinor() async throws {
    let directory = try TemporaryDirectory()
    var text = try String(contentsOfFile: fixtures + "/facts-single.json", encoding: .utf8)
    text = text.replacing("\"1.20.15-00\",", with: "").replacing("\"1.20.14-00\",", with: "")
    let file = directory.path + "/facts.json"
    try text.write(toFile: file, atomically: true, encoding: .utf8)
    let result = try await pawl.run([
      "plan", "upgrade", "--to", "1.21", "-i", "\(fixtures)/inventory-single.yaml", "--facts", file,
    ])
    #expect(result.status == 1)
    #expect(result.errors.contains("minor-not-offered") && result.errors.contains("cp-1"), "\(result.errors)")
  }

  @Test("Saved facts that break a skew rule refuse the plan, naming host and rule")
  func skewInFacts() async throws {
    let directory = try TemporaryDirectory()
    let text = try String(contentsOfFile: fixtures + "/facts-single.json", encoding: .utf8)
    let file = directory.path + "/facts.json"
    try text.replacing("\"kubeletVersion\": \"1.19.16\"", with: "\"kubeletVersion\": \"1.20.15\"")
      .write(toFile: file, atomically: true, encoding: .utf8)
    let result = try await pawl.run([
      "plan", "upgrade", "--to", "1.20", "-i", "\(fixtures)/inventory-single.yaml", "--facts", file,
    ])
    #expect(result.status == 1)
    #expect(
      result.errors.contains("kubelet-not-newer") && result.errors.contains("worker-1"), "\(result.errors)")
  }

  @Test("A saved plan can only be applied to the cluster it was made for, and never when it can't be read")
  func savedPlan() async throws {
    let directory = try TemporaryDirectory()
    let file = directory.path + "/plan.json"
    #expect(try await plan("single", "--to", "1.20", "--out", file).status == 0)
    let attributes = try FileManager.default.attributesOfItem(atPath: file)
    #expect(attributes[.posixPermissions] as? Int == 0o600)
    try "{\"kind\": \"Plan\"}".write(toFile: file, atomically: true, encoding: .utf8)
    let broken = try await pawl.run(["apply", file, "-i", "\(fixtures)/inventory-single.yaml"])
    #expect(broken.status == 65)
    #expect(broken.errors.contains("plan.json:1:1: error:"))
  }
}
