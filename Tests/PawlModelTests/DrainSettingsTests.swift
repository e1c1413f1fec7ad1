import Foundation
import Testing

@testable import PawlModel

@Suite struct DrainSettingsTests {
  private func inventory(_ drain: String) -> String {
    Samples.inventory.replacing("onFailure: undo}", with: "onFailure: undo, drain: \(drain)}")
  }

  private func read(_ drain: String) throws -> DrainSettings {
    try Inventory.read(text: inventory(drain), file: "i", directory: "/srv", homeDirectory: "/home/op").policy
      .drain
  }

  @Test func readsEveryKey() throws {
    let settings = try read(
      """
      {atLimit: fail, maxParallelEvictions: 20, pods: [
        {namespace: batch, labels: {app: night}, action: wait}, {labels: {tier: "0"}, order: -5},
        {namespace: scratch, action: evict, order: 3}]}
      """)
    #expect(
      settings
        == DrainSettings(
          pods: [
            PodRule(namespace: "batch", labels: ["app": "night"], action: .wait),
            PodRule(labels: ["tier": "0"], order: -5),
            PodRule(namespace: "scratch", action: .evict, order: 3),
          ], atLimit: .fail, maxParallelEvictions: 20))
    #expect(try read("{}") == DrainSettings())
    #expect(settings.pods.allSatisfy { PodRule($0.value) == $0 }, "the form in a plan says the same")
  }

  /// The section begins on line 25 of the sample; its columns are those of the text given here.
  @Test(
    arguments: [
      ("{atLimit: stop}", "'atLimit' has to be pause or fail or skip, not 'stop'"),
      ("{pod: []}", "'drain' has no key 'pod'. Did you mean 'pods'?"),
      ("{maxParallelEvictions: 0}", "'maxParallelEvictions' has to be from 1 to 100, not 0"),
      ("{pods: {a: b}}", "'pods' has to be a list, not a map"),
      ("{pods: [{action: skip}]}", "a pod rule needs 'namespace' or 'labels'"),
      ("{pods: [{namespace: a}]}", "a pod rule needs 'action' or 'order'"),
      ("{pods: [{namespace: a, action: evic}]}", "Did you mean 'evict'?"),
      (
        "{pods: [{namespace: a, action: delete}]}",
        "i:22:145: error: 'action' has to be skip or wait or evict, not 'delete'. Use 'evict', which moves them whatever "
          + "is lost, within their disruption budgets. Past those they go only by 'pawl drain --force' or"
      ),
      ("{pods: [{namespace: A, order: 1}]}", "'A' is not a name"),
      ("{pods: [{namespace: a, order: soon}]}", "'order' has to be a whole number"),
      ("{pods: [{namespace: a, labels: {x: 1}, order: 1}]}", "'x' has to be text, not the number 1"),
      ("{pods: [{namespace: a, order: 1, name: b}]}", "a pod rule has no key 'name'"),
    ])
  func refusesWithItsPlace(_ drain: String, _ message: String) {
    let error = #expect(throws: DiagnosticsError.self) { try read(drain) }
    let found = error?.diagnostics.first { $0.description.contains(message) }
    #expect(found != nil, "\(String(describing: error))")
    #expect(found?.location?.file == "i" && (found?.location?.column ?? 0) > 1)
  }

  @Test func aPolicyOfAnOlderJournalHasTheDefaults() throws {
    let text =
      #"{"maxUnavailable":2,"drainTimeoutSeconds":600,"localData":"delete","unmanagedPods":"refuse"}"#
    let policy = try JSONDecoder().decode(Policy.self, from: Data(text.utf8))
    #expect(policy == Policy(maxUnavailable: 2, localData: .delete))
    let own = Policy(drain: DrainSettings(pods: [PodRule(namespace: "a", action: .skip)], atLimit: .fail))
    #expect(try JSONDecoder().decode(Policy.self, from: JSONEncoder().encode(own)) == own)
  }

  @Test(arguments: [
    (PodRule(namespace: "shop", action: .skip), true), (PodRule(namespace: "other", action: .skip), false),
    (PodRule(labels: ["app": "web"], order: 1), true), (PodRule(labels: ["app": "db"], order: 1), false),
    (PodRule(namespace: "shop", labels: ["app": "web", "tier": "front"], order: 1), false),
    (PodRule(namespace: "other", labels: ["app": "web"], order: 1), false),
  ])
  func fits(_ rule: PodRule, _ fits: Bool) {
    #expect(rule.fits(namespace: "shop", labels: ["app": "web"]) == fits)
  }

  @Test(arguments: [
    Value.string("skip"), .map([:]), .map(["namespace": .string("a")]), .map(["action": .string("skip")]),
    .map(["namespace": .string("a"), "action": .string("keep")]),
    .map(["namespace": .string("a"), "action": .string("delete")]),
    .map(["namespace": .string("a"), "order": .string("1")]),
    .map(["namespace": .string("a"), "order": .int(1), "name": .string("b")]),
    .map(["labels": .map(["app": .int(1)]), "order": .int(1)]),
  ])
  func aValueThatIsNoRuleIsTold(_ value: Value) { #expect(PodRule(value) == nil) }
}
