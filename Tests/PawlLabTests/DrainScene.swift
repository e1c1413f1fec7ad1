import Foundation
import PawlTestSupport
import Testing

/// A namespace with pods of every kind on a node that exists in the API only.
struct DrainScene {
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

  /// Drains with leave to lose data and pods, until the time is up.
  func drainByKubectl(seconds: Int) async throws -> PawlProgram.Result {
    try await PawlProgram.run(
      PawlProgram.root + "/scripts/lab",
      [
        "kubectl", "drain", name, "--ignore-daemonsets", "--force", "--delete-local-data",
        "--timeout=\(seconds)s",
      ], directory: PawlProgram.root)
  }

  // MARK: What is on the node

  /// The names of the pods that are on the node.
  func pods() async throws -> Set<String> {
    let names = try await Lab.run(
      "kubectl", "get", "pods", "--all-namespaces", "--field-selector", "spec.nodeName=\(name)", "-o",
      "jsonpath={.items[*].metadata.name}")
    return Set(names.split(separator: " ").map(String.init))
  }

  func isCordoned() async throws -> Bool {
    try await Lab.run("kubectl", "get", "node", name, "-o", "jsonpath={.spec.unschedulable}") == "true"
  }

  func create(only names: Set<String>? = nil) async throws {
    func wanted(_ pod: String) -> Bool { names?.contains(pod) ?? true }
    try await kubectl("create", "--validate=false", with: list(around))
    let owner = try await uid(of: "configmap/owner")
    let pods = ordinary(owner).filter { wanted($0.name) }
    try await kubectl("create", "--validate=false", with: list(pods.map(\.json)))
    for pod in pods {
      switch pod.name {
      case "mirror", "pending": break
      case "finished": try await setStatus(of: pod, "Succeeded", isReady: false)
      default: try await setStatus(of: pod, "Running", isReady: pod.name != "sick")
      }
    }
    if wanted("deaf") {
      // No kubelet ends it, as if it did not hear TERM.
      try await Lab.run("kubectl", "-n", name, "delete", "pod", "deaf", "--grace-period=3600", "--wait=false")
    }
    if wanted("agent") {
      try await createController("DaemonSet", of: "agent", #""tolerations":[{"operator":"Exists"}],"#)
    }
    if wanted("again") { try await createController("StatefulSet", of: "again") }
    if wanted("doomed") { try await createDoomed() }
  }

  /// One whose pod the real controller makes, for this node alone.
  private func createController(_ kind: String, of app: String, _ more: String = "") async throws {
    try await kubectl(
      "create", "--validate=false",
      with:
        #"{"apiVersion":"apps/v1","kind":"\#(kind)","metadata":{"name":"\#(app)","namespace":"\#(name)"},"spec":{"selector":{"matchLabels":{"app":"\#(app)"}},"template":{"metadata":{"labels":{"app":"\#(app)"}},"spec":{"nodeSelector":{"lab.example/scene":"\#(name)"},\#(more)"terminationGracePeriodSeconds":0,"automountServiceAccountToken":false,"containers":[{"name":"c","image":"none"}]}}}}"#
    )
    for _ in 0..<100 {
      if try await pods().contains(where: { $0.hasPrefix("\(app)-") }) { return }
    }
    Issue.record("the \(kind)'s pod is not on the node")
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
      ScenePod("sick", in: name, on: name, owner: owner),
      ScenePod("pending", in: name, on: name, owner: owner),
      ScenePod(
        "claimed", in: name, on: name, owner: owner,
        volumes: #"[{"name":"d","persistentVolumeClaim":{"claimName":"c"}}]"#),
    ]
  }

  /// A ConfigMap owns the pods: no controller acts on what it owns.
  private var around: [String] {
    [
      #"{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"\#(name)"}}"#,
      #"{"apiVersion":"v1","kind":"ServiceAccount","metadata":{"name":"drain","namespace":"\#(name)"}}"#,
      #"{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"owner","namespace":"\#(name)"}}"#,
      #"{"apiVersion":"v1","kind":"Node","metadata":{"name":"\#(name)","labels":{"kubernetes.io/os":"none","lab.example/scene":"\#(name)"}},"status":{"nodeInfo":{"kubeletVersion":"v1.19.16"},"capacity":{"cpu":"4","memory":"8Gi","pods":"110"},"allocatable":{"cpu":"4","memory":"8Gi","pods":"110"}}}"#,
    ] + ["guarded", "sick", "pending"].map { budget($0, of: $0) }
  }

  private func budget(_ budget: String, of app: String) -> String {
    #"{"apiVersion":"policy/v1beta1","kind":"PodDisruptionBudget","metadata":{"name":"\#(budget)","namespace":"\#(name)"},"spec":{"minAvailable":1,"selector":{"matchLabels":{"app":"\#(app)"}}}}"#
  }

  /// A second budget for the same pod.
  func guardTwice(_ app: String) async throws {
    try await kubectl("create", "--validate=false", with: budget("\(app)-too", of: app))
  }

  private func list(_ objects: [String]) -> String {
    #"{"apiVersion":"v1","kind":"List","items":[\#(objects.joined(separator: ","))]}"#
  }

  private func uid(of object: String, in space: String? = nil) async throws -> String {
    try await Lab.run("kubectl", "-n", space ?? name, "get", object, "-o", "jsonpath={.metadata.uid}")
  }

  private func setStatus(of pod: ScenePod, _ phase: String, isReady: Bool) async throws {
    let ready = isReady ? "True" : "False"
    let status = #""status":{"phase":"\#(phase)","conditions":[{"type":"Ready","status":"\#(ready)"}]}"#
    try await kubectl(
      "replace", "--raw", "/api/v1/namespaces/\(name)/pods/\(pod.name)/status",
      with: pod.json.replacing(#""status":{}"#, with: status))
  }

  private func kubectl(_ arguments: String..., with text: String) async throws {
    let file = directory.path + "/\(UUID().uuidString).json"
    try text.write(toFile: file, atomically: true, encoding: .utf8)
    try await Lab.run(["kubectl"] + arguments + ["-f", file])
  }

  private func remove() async {
    let release = #"{"metadata":{"finalizers":null}}"#
    let commands = [
      ["-n", name, "delete", "daemonset/agent", "statefulset/again", "--ignore-not-found", "--wait=false"],
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
