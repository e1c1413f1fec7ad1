import Foundation
import PawlTestSupport
import Testing

/// The lab of `scripts/lab`: real hosts behind a real bastion. See docs/lab.md.
enum Lab {
  /// Set by `scripts/test` to the lab that is up, `single` or `ha`; without it these tests are skipped, and say so.
  private static let topology = ProcessInfo.processInfo.environment["PAWL_LAB"]
  static let isSingle = topology == "single"
  static let isHighlyAvailable = topology == "ha"

  static let controlPlanes = isHighlyAvailable ? ["cp-1", "cp-2", "cp-3"] : ["cp-1"]
  static let hosts = controlPlanes + ["worker-1", "worker-2"]

  static var client: String {
    (ProcessInfo.processInfo.environment["PAWL_LAB_STATE"] ?? "/var/lib/pawl-lab") + "/client"
  }

  static var inventory: String { client + "/inventory.yaml" }

  /// A copy of the lab's inventory with more lines in its policy.
  static func inventory(withPolicy lines: [String], in directory: TemporaryDirectory) throws -> String {
    let text = try String(contentsOfFile: inventory, encoding: .utf8)
      .replacing("./", with: client + "/").replacing(
        "policy:\n", with: (["policy:"] + lines).joined(separator: "\n  ") + "\n")
    let path = directory.path + "/inventory.yaml"
    try text.write(toFile: path, atomically: true, encoding: .utf8)
    return path
  }

  /// `scripts/lab ARGUMENTS`, which must succeed.
  @discardableResult
  static func run(_ arguments: String...) async throws -> String { try await run(arguments) }

  @discardableResult
  static func run(_ arguments: [String]) async throws -> String {
    let result = try await PawlProgram.run(
      PawlProgram.root + "/scripts/lab", arguments, directory: PawlProgram.root)
    try #require(result.status == 0, "scripts/lab \(arguments): \(result.output)\(result.errors)")
    return result.output
  }

  static func onHost(_ host: String, _ command: String...) async throws -> String {
    try await onHost(host, command)
  }

  static func onHost(_ host: String, _ command: [String]) async throws -> String {
    let result = try await PawlProgram.run(
      PawlProgram.root + "/scripts/lab", ["exec", host, "--"] + command, directory: PawlProgram.root)
    return result.output
  }

  struct Node {
    let name: String
    let version: String
    let cordoned: Bool
    let annotations: [String]
  }

  static func nodes() async throws -> [Node] {
    let text = try await run("kubectl", "get", "nodes", "-o", "json")
    let object = try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
    return try #require(object["items"] as? [[String: Any]]).map { item in
      let metadata = item["metadata"] as? [String: Any] ?? [:]
      let info = (item["status"] as? [String: Any])?["nodeInfo"] as? [String: Any]
      return Node(
        name: metadata["name"] as? String ?? "", version: info?["kubeletVersion"] as? String ?? "",
        cordoned: (item["spec"] as? [String: Any])?["unschedulable"] as? Bool ?? false,
        annotations: (metadata["annotations"] as? [String: Any] ?? [:]).keys.filter {
          $0.hasPrefix("pawl.dev/")
        })
    }
  }

  /// What must be true after an upgrade: the version everywhere, holds as before, no trace.
  static func expectUpgraded(to version: String, cordoned: Set<String> = []) async throws {
    let nodes = try await nodes()
    #expect(nodes.map(\.version) == Array(repeating: "v" + version, count: hosts.count))
    #expect(Set(nodes.filter(\.cordoned).map(\.name)) == cordoned)
    #expect(nodes.allSatisfy { $0.annotations.isEmpty }, "annotations are left on nodes")
    let server = try await run("kubectl", "version", "-o", "json")
    #expect(server.contains("\"gitVersion\": \"v\(version)\""))
    for host in hosts {
      let holds = try await onHost(host, "apt-mark", "showhold").split(separator: "\n").map(String.init)
      #expect(Set(holds).isSuperset(of: ["kubeadm", "kubelet", "kubectl"]), "\(host) holds \(holds)")
      let left = try await onHost(host, "find", "/var/lib/pawl", "-path", "*/jobs/*", "-type", "f")
      #expect(left.isEmpty, "left on \(host): \(left)")
    }
  }
}

extension PawlProgram {
  /// A Pawl with a state directory of its own, as on a machine of its own.
  static func onLab(_ directory: TemporaryDirectory, inventory: String = Lab.inventory) -> PawlProgram {
    PawlProgram(
      directory: directory.path,
      environment: ["PAWL_INVENTORY": inventory, "PAWL_STATE": directory.path + "/state", "NO_COLOR": "1"])
  }
}

/// All tests on the lab, one after the other: there is one lab. What hangs is ended and named.
@Suite(
  "The lab", .serialized, .timeLimit(.minutes(15)),
  .enabled(if: Lab.isSingle, "needs root and the lab: scripts/lab up, then PAWL_LAB=single"))
struct LabTests {}

/// Those that need three control planes.
@Suite(
  "The lab with three control planes", .serialized, .timeLimit(.minutes(15)),
  .enabled(if: Lab.isHighlyAvailable, "needs root and the lab: scripts/lab up --ha, then PAWL_LAB=ha"))
struct HighAvailabilityTests {}
