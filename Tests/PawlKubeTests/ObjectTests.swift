import Foundation
import Testing

@testable import PawlKube

@Suite("Objects")
struct ObjectTests {
  private func decode<Value: Decodable>(_ type: Value.Type, _ text: String) throws -> Value {
    try KubeJSON.decode(type, from: Data(text.utf8))
  }

  @Test func `a node is read with the fields in use, whatever else it has`() throws {
    let node = try decode(
      KubeNode.self,
      """
      {"kind":"Node","metadata":{"name":"n1","uid":"u","resourceVersion":"5","managedFields":[{"a":1}],
        "creationTimestamp":"2024-05-06T07:08:09Z","labels":{"node-role.kubernetes.io/master":""},
        "annotations":{"a":"b"},"finalizers":["f"]},
       "spec":{"podCIDR":"10.0.0.0/24","unschedulable":true,"taints":[{"key":"k","effect":"NoSchedule"}]},
       "status":{"capacity":{"cpu":"2"},"conditions":[{"type":"Ready","status":"True","reason":"KubeletReady"}],
        "addresses":[{"type":"InternalIP","address":"10.1.1.1"}],
        "nodeInfo":{"kubeletVersion":"v1.19.16","kubeProxyVersion":"v1.19.16","bootID":"b","machineID":"m",
          "containerRuntimeVersion":"containerd://1.6","osImage":"Debian","kernelVersion":"6.1","architecture":"amd64"}}}
      """)
    #expect(node.name == "n1")
    #expect(node.isUnschedulable && node.isReady && node.isControlPlane)
    #expect(node.spec.taints.map(\.key) == ["k"])
    #expect(node.status.nodeInfo?.kubeletVersion == "v1.19.16")
    #expect(node.status.nodeInfo?.bootID == "b")
    #expect(node.status.addresses.map(\.address) == ["10.1.1.1"])
    #expect(node.metadata.creationTimestamp == Date(timeIntervalSince1970: 1_714_979_289))
    let again = try KubeJSON.decode(KubeNode.self, from: KubeJSON.encode(node))
    #expect(again == node)
  }

  @Test(arguments: [
    ("True", true), ("False", false), ("Unknown", false), ("", false),
  ])
  func `only a Ready that is True is ready`(status: String, expected: Bool) throws {
    let node = try decode(
      KubeNode.self,
      #"{"metadata":{"name":"n"},"status":{"conditions":[{"type":"Ready","status":"\#(status)"}]}}"#)
    #expect(node.isReady == expected)
    #expect(try !decode(KubeNode.self, #"{"metadata":{"name":"n"}}"#).isReady)
  }

  @Test func `a pod is read with what a drain asks about`() throws {
    let pod = try decode(
      KubePod.self,
      """
      {"metadata":{"name":"p","namespace":"x","deletionTimestamp":"2024-05-06T07:08:09Z",
        "annotations":{"kubernetes.io/config.mirror":"h"},
        "ownerReferences":[{"apiVersion":"v1","kind":"Node","name":"n","uid":"1"},
          {"apiVersion":"apps/v1","kind":"DaemonSet","name":"d","uid":"2","controller":true}]},
       "spec":{"nodeName":"n1","volumes":[{"name":"v","emptyDir":{"sizeLimit":"1Gi"}},{"name":"w","hostPath":{"path":"/"}}],
        "containers":[{"name":"c","image":"i:1"}],"priorityClassName":"system-node-critical",
        "terminationGracePeriodSeconds":30},
       "status":{"phase":"Running","conditions":[{"type":"Ready","status":"True"}],
        "containerStatuses":[{"name":"c","ready":true,"restartCount":3,"image":"i:1"}]}}
      """)
    #expect(pod.isMirror && pod.hasEmptyDir && pod.isReady && !pod.isFinished)
    #expect(pod.metadata.isDeleting)
    #expect(pod.metadata.controller?.kind == "DaemonSet")
    #expect(pod.spec.terminationGracePeriodSeconds == 30)
    #expect(pod.status.containerStatuses.map(\.restartCount) == [3])
    #expect(!pod.containersHaveEnded)
    let bare = try decode(
      KubePod.self, #"{"metadata":{"name":"p"},"spec":{"volumes":null},"status":{"phase":"Failed"}}"#)
    #expect(bare.isFinished && !bare.isMirror && !bare.hasEmptyDir && !bare.isReady)
    #expect(!bare.containersHaveEnded)
  }

  @Test(arguments: [
    ([#"{"terminated":{"exitCode":0}}"#, #"{"terminated":{"exitCode":137,"reason":"Error"}}"#], true),
    ([#"{"terminated":{"exitCode":0}}"#, #"{"running":{"startedAt":"2024-05-06T07:08:09Z"}}"#], false),
    ([#"{"terminated":{"exitCode":0}}"#], false), ([#"{"waiting":{}}"#, "null"], false),
  ])
  func `a pod's containers have ended when each of them has`(states: [String], ended: Bool) throws {
    let statuses = states.enumerated().map { #"{"name":"c\#($0)","ready":false,"state":\#($1)}"# }
    let pod = try decode(
      KubePod.self,
      #"""
      {"metadata":{"name":"p"},"spec":{"containers":[{"name":"c0"},{"name":"c1"}]},
       "status":{"phase":"Running","containerStatuses":[\#(statuses.joined(separator: ","))]}}
      """#)
    #expect(pod.containersHaveEnded == ended)
  }

  @Test(arguments: [
    #"{"metadata":{"name":7}}"#, #"{"metadata":{"name":"n","labels":["a"]}}"#, #"{"spec":{}}"#,
    #"{"metadata":{"name":"n"},"spec":{"unschedulable":"yes"}}"#, "[]", "null",
    #"{"metadata":{"name":"n","creationTimestamp":"yesterday"}}"#,
  ])
  func `a wrong type is an error`(text: String) {
    #expect(throws: DecodingError.self) { try decode(KubeNode.self, text) }
  }

  @Test func `times are read with and without a fraction and written with six digits`() throws {
    for text in ["2026-01-02T03:04:05Z", "2026-01-02T03:04:05.000000Z", "2026-01-02T04:04:05+01:00"] {
      let date = try #require(KubeJSON.date(from: text))
      #expect(KubeJSON.text(from: date) == "2026-01-02T03:04:05.000000Z")
    }
    #expect(KubeJSON.text(from: Date(timeIntervalSince1970: 0.000_042)) == "1970-01-01T00:00:00.000042Z")
    #expect(KubeJSON.text(from: Date(timeIntervalSince1970: -0.25)) == "1969-12-31T23:59:59.750000Z")
    #expect(KubeJSON.date(from: "2026-13-02T03:04:05Z") == nil)
  }

  // MARK: Selectors and budgets

  @Test(arguments: [
    ("In", ["a", "b"], ["k": "a"], true), ("In", ["a"], ["k": "c"], false), ("In", ["a"], [:], false),
    ("NotIn", ["a"], ["k": "a"], false), ("NotIn", ["a"], ["k": "c"], true), ("NotIn", ["a"], [:], true),
    ("Exists", [], ["k": ""], true), ("Exists", [], [:], false),
    ("DoesNotExist", [], ["k": ""], false), ("DoesNotExist", [], [:], true),
    ("Resembles", ["a"], ["k": "a"], false),
  ])
  func `an expression decides`(operator: String, values: [String], labels: [String: String], expected: Bool) {
    let requirement = KubeLabelSelector.Requirement(key: "k", operator: `operator`, values: values)
    #expect(requirement.matches(labels) == expected)
  }

  @Test func `every label and every expression must fit`() {
    let selector = KubeLabelSelector(
      matchLabels: ["app": "web"], matchExpressions: [.init(key: "tier", operator: "Exists")])
    #expect(selector.matches(["app": "web", "tier": "front", "x": "y"]))
    #expect(!selector.matches(["app": "web"]))
    #expect(!selector.matches(["app": "db", "tier": "front"]))
    #expect(KubeLabelSelector().matches([:]))
  }

  private struct BudgetCase: CustomTestStringConvertible {
    let selector: String
    let version: KubePolicyVersion
    let namespace: String
    let expected: Bool
    var testDescription: String { "\(selector) \(version) \(namespace)" }
  }

  @Test(arguments: [
    BudgetCase(selector: #"{"matchLabels":{"a":"b"}}"#, version: .v1, namespace: "n", expected: true),
    BudgetCase(selector: #"{"matchLabels":{"a":"b"}}"#, version: .v1beta1, namespace: "n", expected: true),
    BudgetCase(selector: #"{"matchLabels":{"a":"b"}}"#, version: .v1, namespace: "m", expected: false),
    BudgetCase(selector: #"{"matchLabels":{"a":"c"}}"#, version: .v1, namespace: "n", expected: false),
    BudgetCase(selector: "{}", version: .v1, namespace: "n", expected: true),
    BudgetCase(selector: "{}", version: .v1beta1, namespace: "n", expected: false),
    BudgetCase(
      selector: #"{"matchLabels":{},"matchExpressions":[]}"#, version: .v1, namespace: "n", expected: true),
    BudgetCase(selector: "null", version: .v1, namespace: "n", expected: false),
  ])
  private func `a budget protects by version, namespace and selector`(test: BudgetCase) throws {
    let budget = try decode(
      KubePDB.self,
      #"{"metadata":{"name":"b","namespace":"n"},"spec":{"selector":\#(test.selector)},"policyVersion":"\#(test.version.rawValue)"}"#
    )
    #expect(budget.protects(namespace: test.namespace, labels: ["a": "b"]) == test.expected)
  }

  @Test func `a budget is read with its numbers`() throws {
    let budget = try decode(
      KubePDB.self,
      """
      {"metadata":{"name":"b","namespace":"n"},
       "spec":{"minAvailable":2,"maxUnavailable":"50%","unhealthyPodEvictionPolicy":"AlwaysAllow","selector":{}},
       "status":{"disruptionsAllowed":0,"currentHealthy":2,"desiredHealthy":2,"expectedPods":3,"observedGeneration":1}}
      """)
    #expect(budget.spec.minAvailable == .int(2))
    #expect(budget.spec.maxUnavailable == .string("50%"))
    #expect(budget.spec.maxUnavailable?.description == "50%")
    #expect(budget.spec.unhealthyPodEvictionPolicy == "AlwaysAllow")
    #expect(budget.status?.disruptionsAllowed == 0)
    #expect(budget.policyVersion == .v1)
  }
}
