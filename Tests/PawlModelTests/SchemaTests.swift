import Foundation
import Testing

@testable import PawlModel

/// The JSON Schemas, which editors use, say what the readers do.
@Suite struct SchemaTests {
  static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()

  struct Schema: Decodable {
    struct Definition: Decodable {
      let properties: [String: Value]
      let required: [String]
      let additionalProperties: Bool
    }

    let definitions: [String: Definition]

    enum CodingKeys: String, CodingKey { case definitions = "$defs" }
  }

  private func schema(_ name: String) throws -> Schema {
    let data = try Data(contentsOf: Self.root.appending(path: "schemas/\(name).schema.json"))
    return try JSONDecoder().decode(Schema.self, from: data)
  }

  @Test(arguments: [("inventory", InventoryKeys.byDefinition), ("runbook", RunbookKeys.byDefinition)])
  func keysAreThoseOfTheReader(name: String, keys: [String: KeySet]) throws {
    let schema = try schema(name)
    #expect(Set(schema.definitions.keys) == Set(keys.keys))
    for (definition, keySet) in keys {
      let found = try #require(schema.definitions[definition])
      #expect(Set(found.properties.keys) == Set(keySet.all), "\(definition)")
      #expect(Set(found.required) == Set(keySet.required), "\(definition)")
      #expect(!found.additionalProperties, "\(definition)")
      #expect(Set(keySet.all).count == keySet.all.count, "\(definition)")
    }
  }

  /// The words of closed sets, by definition and key.
  @Test(arguments: [
    ("inventory", "host", "roles", HostRole.allCases.map(\.rawValue)),
    ("inventory", "packages", "manager", PackageSource.Manager.allCases.map(\.rawValue)),
    ("inventory", "policy", "localData", Policy.LossPolicy.allCases.map(\.rawValue)),
    ("inventory", "policy", "unmanagedPods", Policy.LossPolicy.allCases.map(\.rawValue)),
    ("inventory", "drain", "atLimit", DrainSettings.AtLimit.allCases.map(\.rawValue)),
    ("inventory", "podRule", "action", PodRule.Action.allCases.map(\.rawValue)),
    ("inventory", "rollout", "approval", RolloutPolicy.Approval.allCases.map(\.rawValue)),
    ("inventory", "window", "days", MaintenanceWindow.Day.allCases.map(\.rawValue)),
    ("inventory", "policy", "onFailure", Policy.FailurePolicy.allCases.map(\.rawValue)),
    ("inventory", "prometheusGate", "op", Gates.Comparison.allCases.map(\.rawValue)),
    ("runbook", "selector", "role", HostRole.allCases.map(\.rawValue)),
    ("runbook", "selector", "pick", HostSelector.Pick.allCases.map(\.rawValue)),
    ("runbook", "input", "type", InputDefinition.Kind.allCases.map(\.rawValue)),
  ])
  func wordsAreThoseOfTheTypes(name: String, definition: String, key: String, words: [String]) throws {
    let property = try #require(try schema(name).definitions[definition]?.properties[key])
    guard case .map(let direct) = property else {
      Issue.record("\(key) is not described")
      return
    }
    var found = direct["enum"]
    if case .map(let items)? = direct["items"] { found = items["enum"] }
    #expect(found == .list(words.map(Value.string)) || found == .list(words.map(Value.string) + [.null]))
  }

  @Test func theExampleIsValid() throws {
    let path = Self.root.appending(path: "inventory/example.yaml")
    let text = String(decoding: try Data(contentsOf: path), as: UTF8.self)
    let (inventory, warnings, _) = try Inventory.readWithWarnings(
      text: text, file: "example.yaml", directory: "/srv", homeDirectory: "/home/op")
    #expect(warnings == [])
    #expect(inventory.hosts.map(\.name) == ["cp-1", "worker-1", "worker-2"])
    #expect(inventory.host(named: "worker-2")?.node == "worker-2.example.org")
  }

  @Test func inventoriesSurviveJSON() throws {
    let inventory = try Inventory.read(
      text: Samples.inventory, file: "i", directory: "/srv", homeDirectory: "/home/op")
    #expect(try JSONTwin.decode(Inventory.self, from: JSONTwin.encode(inventory)) == inventory)
  }

  @Test func factsSurviveJSON() throws {
    let version = KubernetesVersion(1, 20, 2, preRelease: "rc.1")
    let host = HostFacts(
      operatingSystem: "Debian", architecture: "x86_64", bootID: "b", sudo: true,
      packages: ["kubeadm": PackageFacts(installed: "1.20.2-00", held: true, available: ["1.20.2-00"])],
      freeBytes: ["/": 1 << 40], containerRuntime: nil, kubeletActive: true)
    let facts = Facts(
      cluster: ClusterFacts(
        serverVersion: version,
        nodes: [NodeFacts(name: "a", isControlPlane: true, kubeletVersion: version, ready: true)],
        controlPlane: []),
      hosts: ["a": host])
    #expect(try JSONTwin.decode(Facts.self, from: JSONTwin.encode(facts)) == facts)
    #expect(try JSONTwin.encode(facts).contains("\"1.20.2-rc.1\""))
  }

  /// The listings in the documents are files that the readers take.
  @Test(arguments: ["inventory", "runbooks"])
  func listingsOfTheDocumentsAreValid(document: String) throws {
    let path = Self.root.appending(path: "docs/\(document).md")
    let text = String(decoding: try Data(contentsOf: path), as: UTF8.self)
    let listings = text.split(separator: "```yaml\n").dropFirst().compactMap {
      $0.split(separator: "```").first
    }
    let whole = listings.map(String.init).filter { $0.contains("apiVersion:") }
    #expect(!whole.isEmpty)
    for listing in whole {
      if listing.contains("kind: Inventory") {
        _ = try Inventory.read(text: listing, file: document, directory: "/srv", homeDirectory: "/home/op")
      } else {
        _ = try Runbook.read(text: listing, file: document)
      }
    }
  }
}
