import Foundation
import PawlTestSupport
import Testing

extension LabTests {
  /// The same pods under `kubectl drain` and `pawl drain`, on a node that is in the API only: no kubelet stands behind
  /// it, and nothing of the lab's own is touched.
  @Suite("Drains beside kubectl's", .serialized)
  struct DrainTableTests {
    /// What kubectl and Pawl make of a pod, without and with leave to lose data and pods.
    struct Row: Sendable {
      let pod: String
      /// `stays`, `refused` or `goes`.
      let strictly: String
      let allowed: String
      /// Pawl's words for it, with leave.
      let verdict: String
    }

    static let table = [
      Row(pod: "agent", strictly: "stays", allowed: "stays", verdict: "ignore"),
      Row(pod: "mirror", strictly: "stays", allowed: "stays", verdict: "ignore"),
      Row(pod: "finished", strictly: "goes", allowed: "goes", verdict: "delete"),
      Row(pod: "unmanaged", strictly: "refused", allowed: "goes", verdict: "evict"),
      Row(pod: "scratch", strictly: "refused", allowed: "goes", verdict: "evict"),
      Row(pod: "guarded", strictly: "goes", allowed: "goes", verdict: "evict"),
      Row(pod: "held", strictly: "goes", allowed: "goes", verdict: "evict"),
      Row(pod: "deaf", strictly: "goes", allowed: "goes", verdict: "wait"),
      Row(pod: "doomed", strictly: "goes", allowed: "goes", verdict: "wait"),
      Row(pod: "plain", strictly: "goes", allowed: "goes", verdict: "evict"),
    ]

    @Test("Verdict for verdict, on the real API server")
    func table() async throws {
      try await DrainScene.with { scene in
        try await scene.create()
        for row in Self.table where row.pod != "agent" {
          #expect(try await scene.exists(row.pod), "the scene has no pod \(row.pod)")
        }
        let strictly = try await scene.verdicts([])
        let allowed = try await scene.verdicts(["--local-data", "--unmanaged-pods"])
        let refusedByKubectl = try await scene.refusedByKubectl()
        let goneByKubectl = try await scene.goneByKubectl()
        for row in Self.table {
          let pod = try #require(
            allowed.keys.first { $0 == row.pod || $0.hasPrefix("\(row.pod)-") }, "\(row.pod)")
          #expect(Self.word(strictly[pod]) == row.strictly, "\(row.pod)")
          #expect(Self.word(allowed[pod]) == row.allowed, "\(row.pod)")
          #expect(allowed[pod] == row.verdict, "\(row.pod)")
          #expect(refusedByKubectl.contains(pod) == (row.strictly == "refused"), "\(row.pod) for kubectl")
          #expect(goneByKubectl.contains(pod) == (row.allowed == "goes"), "\(row.pod) for kubectl")
        }
      }
    }

    private static func word(_ verdict: String?) -> String {
      switch verdict {
      case "ignore": "stays"
      case "refuse": "refused"
      case "evict", "delete", "wait": "goes"
      default: "is not there"
      }
    }

    @Test("A drain that a budget and a finalizer hold pauses and names both, and goes on once they let go")
    func pauses() async throws {
      try await DrainScene.with { scene in
        try await scene.create(only: ["guarded", "held", "plain"])
        let run = try await scene.pawl(["drain", scene.name, "--yes", "--timeout", "15s"])
        #expect(run.status == 3, "\(run.output)\(run.errors)")
        for words in [
          "allows 0 of 1", "finalizers hold it: pawl.dev/hold", "of ConfigMap owner", "--as force",
        ] {
          #expect(run.output.contains(words), "\(words) in \(run.output)")
        }
        try await Lab.run("kubectl", "-n", scene.name, "delete", "poddisruptionbudget", "guarded")
        try await Lab.run(
          "kubectl", "-n", scene.name, "patch", "pod", "held", "--type=merge", "-p",
          #"{"metadata":{"finalizers":null}}"#)
        let resumed = try await scene.pawl(["resume"])
        #expect(resumed.status == 0, "\(resumed.output)\(resumed.errors)")
        let left = try await Lab.run("kubectl", "-n", scene.name, "get", "pods", "-o", "name")
        #expect(left.isEmpty, "\(left)")
        let uncordoned = try await scene.pawl(["uncordon", scene.name, "--yes"])
        #expect(uncordoned.status == 0, "\(uncordoned.errors)")
        let node = try await Lab.run("kubectl", "get", "node", scene.name, "-o", "json")
        #expect(!node.contains("pawl.dev/") && !node.contains("\"unschedulable\": true"), "\(node)")
      }
    }

    @Test("An approval forces what is left, past its budget, and is kept with who and why")
    func forces() async throws {
      try await DrainScene.with { scene in
        try await scene.create(only: ["guarded", "deaf"])
        let paused = try await scene.pawl(["drain", scene.name, "--yes", "--timeout", "10s"])
        #expect(paused.status == 3, "\(paused.output)\(paused.errors)")
        let list = try await scene.pawl(["runs"]).output
        let run = String(try #require(list.split(separator: " ").first))
        let step = "drain@\(scene.name)"
        let approved = try await scene.pawl(["approve", run, step, "--as", "force", "--reason", "Agreed."])
        #expect(approved.status == 0, "\(approved.errors)")
        let resumed = try await scene.pawl(["resume", run])
        #expect(resumed.status == 0, "\(resumed.output)\(resumed.errors)")
        let logs = try await scene.pawl(["logs", run]).output
        for pod in ["guarded", "deaf"] {
          #expect(
            logs.contains("\(scene.name)/\(pod) (of ConfigMap owner) is deleted with no grace"), "\(logs)")
        }
        let left = try await Lab.run("kubectl", "-n", scene.name, "get", "pods", "-o", "name")
        #expect(left.isEmpty, "\(left)")
      }
    }
  }
}

/// A namespace with pods of every kind on a node that exists in the API only.
private struct DrainScene {
  let name = "drain-" + UUID().uuidString.lowercased().prefix(8)
  private let directory: TemporaryDirectory

  private init() throws { directory = try TemporaryDirectory() }

  /// Takes everything away afterwards, whatever happens.
  static func with(_ body: (DrainScene) async throws -> Void) async throws {
    let scene = try DrainScene()
    do {
      try await body(scene)
    } catch {
      await scene.remove()
      throw error
    }
    await scene.remove()
  }

  // MARK: The two tools

  func pawl(_ arguments: [String]) async throws -> PawlProgram.Result {
    let inventory = directory.path + "/inventory.yaml"
    for file in ["key", "known_hosts"] {
      try "".write(toFile: directory.path + "/" + file, atomically: true, encoding: .utf8)
    }
    try """
    apiVersion: pawl.dev/v1alpha1
    kind: Inventory
    metadata: {name: \(name)}
    kubernetes: {kubeconfig: \(Lab.client)/kubeconfig}
    ssh: {user: u, keys: [key], knownHosts: [known_hosts], connectTimeout: 2s}
    hosts:
      - {name: cp-1, address: 127.0.0.1, roles: [control-plane]}
      - {name: \(name), address: 127.0.0.2, roles: [worker]}
    """.write(toFile: inventory, atomically: true, encoding: .utf8)
    return try await PawlProgram.onLab(directory, inventory: inventory).run(arguments)
  }

  /// Pawl's verdicts by the pods' names.
  func verdicts(_ flags: [String]) async throws -> [String: String] {
    let result = try await pawl(["drain", name, "--dry-run", "-o", "json"] + flags)
    var verdicts: [String: String] = [:]
    for line in result.output.split(separator: "\n") {
      let object = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
      verdicts[object["pod"] as? String ?? ""] = object["verdict"] as? String
    }
    return verdicts
  }

  /// Pods for which kubectl does not begin. The words of its versions differ; each reason goes before its pods.
  func refusedByKubectl() async throws -> Set<String> {
    let result = try await kubectlDrain([])
    return Set(
      result.matches(of: /[a-z0-9-]+\/([a-z0-9-]+)/).filter { match in
        let before = result[..<match.range.lowerBound]
        let reason = before.range(of: "cannot delete", options: .backwards)
        let warning = before.range(of: "ignoring DaemonSet", options: .backwards)
        guard let reason else { return false }
        return warning.map { $0.lowerBound < reason.lowerBound } ?? true
      }.map { String($0.1) })
  }

  /// Pods that kubectl would evict or delete when nothing is refused.
  func goneByKubectl() async throws -> Set<String> {
    let result = try await kubectlDrain(["--force", "--delete-local-data", "--timeout=5s"])
    return Set(result.matches(of: /evicting pod [a-z0-9-]+\/([a-z0-9-]+)/).map { String($0.1) })
  }

  private func kubectlDrain(_ flags: [String]) async throws -> String {
    let result = try await PawlProgram.run(
      PawlProgram.root + "/scripts/lab",
      ["kubectl", "drain", name, "--ignore-daemonsets", "--dry-run=server"] + flags,
      directory: PawlProgram.root)
    return result.output + result.errors
  }

  // MARK: What is on the node

  func exists(_ pod: String) async throws -> Bool {
    let space = pod == "doomed" ? "\(name)-doomed" : name
    return try await Lab.run(
      "kubectl", "-n", space, "get", "pod", pod, "--ignore-not-found", "-o", "name"
    ).contains(pod)
  }

  func create(only names: Set<String>? = nil) async throws {
    func wanted(_ pod: String) -> Bool { names?.contains(pod) ?? true }
    try await kubectl("create", "--validate=false", with: list(around))
    let owner = try await uid(of: "configmap/owner")
    let pods = ordinary(owner).filter { wanted($0.name) }
    try await kubectl("create", "--validate=false", with: list(pods.map(\.json)))
    for pod in pods where pod.name != "finished" && pod.name != "mirror" {
      try await setStatus(of: pod.name, to: pod.json, "Running")
    }
    if wanted("finished"), let pod = pods.first(where: { $0.name == "finished" }) {
      try await setStatus(of: pod.name, to: pod.json, "Succeeded")
    }
    if wanted("deaf") {
      // No kubelet ends it, as if it did not hear TERM.
      try await Lab.run("kubectl", "-n", name, "delete", "pod", "deaf", "--grace-period=3600", "--wait=false")
    }
    if wanted("agent") { try await createAgent() }
    if wanted("doomed") { try await createDoomed() }
  }

  /// A DaemonSet whose pod the real controller makes, for this node alone.
  private func createAgent() async throws {
    try await kubectl(
      "create", "--validate=false",
      with:
        #"{"apiVersion":"apps/v1","kind":"DaemonSet","metadata":{"name":"agent","namespace":"\#(name)"},"spec":{"selector":{"matchLabels":{"app":"agent"}},"template":{"metadata":{"labels":{"app":"agent"}},"spec":{"nodeSelector":{"lab.example/scene":"\#(name)"},"tolerations":[{"operator":"Exists"}],"terminationGracePeriodSeconds":0,"automountServiceAccountToken":false,"containers":[{"name":"c","image":"none"}]}}}}"#
    )
    for _ in 0..<100 {
      let pods = try await Lab.run(
        "kubectl", "-n", name, "get", "pods", "-l", "app=agent", "--field-selector", "spec.nodeName=\(name)",
        "-o",
        "name")
      if !pods.isEmpty { return }
    }
    Issue.record("the DaemonSet's pod is not on the node")
  }

  /// A pod with a finalizer in a namespace that is being deleted.
  private func createDoomed() async throws {
    let space = "\(name)-doomed"
    try await Lab.run("kubectl", "create", "namespace", space)
    try await kubectl(
      "create", "--validate=false",
      with: list([
        #"{"apiVersion":"v1","kind":"ServiceAccount","metadata":{"name":"drain","namespace":"\#(space)"}}"#,
        #"{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"owner","namespace":"\#(space)"}}"#,
      ]))
    let owner = try await uid(of: "configmap/owner", in: space)
    let pod = ScenePod("doomed", in: space, on: name, owner: owner, finalizers: #"["pawl.dev/hold"]"#)
    try await kubectl("create", "--validate=false", with: pod.json)
    try await Lab.run("kubectl", "-n", space, "delete", "pod", "doomed", "--wait=false")
    try await Lab.run("kubectl", "delete", "namespace", space, "--wait=false")
  }

  private func ordinary(_ owner: String) -> [ScenePod] {
    [
      ScenePod("mirror", in: name, on: name, isMirror: true),
      ScenePod("finished", in: name, on: name, owner: owner),
      ScenePod("unmanaged", in: name, on: name),
      ScenePod("scratch", in: name, on: name, owner: owner, volumes: #"[{"name":"d","emptyDir":{}}]"#),
      ScenePod("guarded", in: name, on: name, owner: owner),
      ScenePod("held", in: name, on: name, owner: owner, finalizers: #"["pawl.dev/hold"]"#),
      ScenePod("deaf", in: name, on: name, owner: owner), ScenePod("plain", in: name, on: name, owner: owner),
    ]
  }

  /// A ConfigMap owns the pods: no controller acts on what it owns.
  private var around: [String] {
    [
      #"{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"\#(name)"}}"#,
      #"{"apiVersion":"v1","kind":"ServiceAccount","metadata":{"name":"drain","namespace":"\#(name)"}}"#,
      #"{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"owner","namespace":"\#(name)"}}"#,
      #"{"apiVersion":"v1","kind":"Node","metadata":{"name":"\#(name)","labels":{"kubernetes.io/os":"none","lab.example/scene":"\#(name)"}},"status":{"nodeInfo":{"kubeletVersion":"v1.19.16"},"capacity":{"cpu":"4","memory":"8Gi","pods":"110"},"allocatable":{"cpu":"4","memory":"8Gi","pods":"110"}}}"#,
      #"{"apiVersion":"policy/v1beta1","kind":"PodDisruptionBudget","metadata":{"name":"guarded","namespace":"\#(name)"},"spec":{"minAvailable":1,"selector":{"matchLabels":{"app":"guarded"}}}}"#,
    ]
  }

  private func list(_ objects: [String]) -> String {
    #"{"apiVersion":"v1","kind":"List","items":[\#(objects.joined(separator: ","))]}"#
  }

  private func uid(of object: String, in space: String? = nil) async throws -> String {
    try await Lab.run("kubectl", "-n", space ?? name, "get", object, "-o", "jsonpath={.metadata.uid}")
  }

  private func setStatus(of pod: String, to json: String, _ phase: String) async throws {
    let ready = phase == "Running" ? "True" : "False"
    let status = #""status":{"phase":"\#(phase)","conditions":[{"type":"Ready","status":"\#(ready)"}]}"#
    try await kubectl(
      "replace", "--raw", "/api/v1/namespaces/\(name)/pods/\(pod)/status",
      with: json.replacing(#""status":{}"#, with: status))
  }

  private func kubectl(_ arguments: String..., with text: String) async throws {
    let file = directory.path + "/\(UUID().uuidString).json"
    try text.write(toFile: file, atomically: true, encoding: .utf8)
    try await Lab.run(["kubectl"] + arguments + ["-f", file])
  }

  private func remove() async {
    let release = #"{"metadata":{"finalizers":null}}"#
    let commands = [
      ["-n", name, "delete", "daemonset", "agent", "--ignore-not-found", "--wait=false"],
      ["-n", name, "patch", "pod", "held", "--type=merge", "-p", release],
      ["-n", "\(name)-doomed", "patch", "pod", "doomed", "--type=merge", "-p", release],
      ["-n", name, "delete", "pods", "--all", "--force", "--grace-period=0", "--wait=false"],
      ["-n", "\(name)-doomed", "delete", "pods", "--all", "--force", "--grace-period=0", "--wait=false"],
      ["delete", "node", name, "--ignore-not-found"],
      ["delete", "namespace", name, "\(name)-doomed", "--ignore-not-found", "--wait=false"],
    ]
    for command in commands {
      // What is gone already can't be removed, which is no failure.
      do {
        _ = try await PawlProgram.run(
          PawlProgram.root + "/scripts/lab", ["kubectl"] + command, directory: PawlProgram.root)
      } catch { Issue.record("kubectl \(command): \(error)") }
    }
  }
}

/// A pod as JSON. It has no seconds of grace, because no kubelet would confirm its end.
private struct ScenePod {
  let name: String
  let json: String

  init(
    _ name: String, in space: String, on node: String, owner: String? = nil, finalizers: String = "[]",
    volumes: String = "[]", isMirror: Bool = false
  ) {
    self.name = name
    let owners = owner.map {
      #"[{"apiVersion":"v1","kind":"ConfigMap","name":"owner","uid":"\#($0)","controller":true}]"#
    }
    let annotations = isMirror ? #"{"kubernetes.io/config.mirror":"scene"}"# : "{}"
    // A mirror pod may not name a service account.
    let account = isMirror ? "" : #""serviceAccountName":"drain","automountServiceAccountToken":false,"#
    json =
      #"{"apiVersion":"v1","kind":"Pod","metadata":{"name":"\#(name)","namespace":"\#(space)","labels":{"app":"\#(name)"},"annotations":\#(annotations),"finalizers":\#(finalizers),"ownerReferences":\#(owners ?? "[]")},"spec":{"nodeName":"\#(node)",\#(account)"terminationGracePeriodSeconds":0,"volumes":\#(volumes),"containers":[{"name":"c","image":"none"}]},"status":{}}"#
  }
}
