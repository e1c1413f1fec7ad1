import Foundation
import PawlEngine
import PawlModel
import PawlPlan
import PawlStore
import PawlTestSupport
import Testing

@testable import PawlCLI

/// `pawl drain`, `pawl uncordon` and `--as force` as processes, against an API server in memory; no host of the
/// inventory can be reached, and none has to be.
@Suite("Draining from the command line")
struct NodeCommandTests {
  private let directory: TemporaryDirectory
  private let pawl: PawlProgram

  init() throws {
    directory = try TemporaryDirectory()
    pawl = PawlProgram(
      directory: directory.path,
      environment: [
        "PAWL_INVENTORY": "inventory.yaml", "PAWL_STATE": directory.path + "/state", "NO_COLOR": "1",
      ])
  }

  // MARK: The cluster

  private static func node(_ name: String, mark: String? = nil, cordoned: Bool = false) -> String {
    let annotations = mark.map { #""pawl.dev/cordoned-by": "\#($0)""# } ?? ""
    return """
      "/api/v1/nodes/\(name)": {"metadata": {"name": "\(name)", "uid": "u-\(name)", "resourceVersion": "1",
        "annotations": {\(annotations)}}, "spec": {"unschedulable": \(cordoned)},
        "status": {"nodeInfo": {"kubeletVersion": "v1.20.15"}, "conditions": [{"type": "Ready", "status": "True"}]}}
      """
  }

  /// The stub knows no field selectors, so every pod is on worker-1.
  private static func pod(_ name: String, _ owner: String?, volumes: String = "") -> String {
    let owners = owner.map {
      #"[{"apiVersion": "apps/v1", "kind": "\#($0)", "name": "\#(name)", "uid": "o", "controller": true}]"#
    }
    return """
      "/api/v1/pods/\(name)": {"metadata": {"name": "\(name)", "namespace": "shop", "uid": "u-\(name)",
        "labels": {"app": "\(name)"}, "ownerReferences": \(owners ?? "[]")},
        "spec": {"nodeName": "worker-1", "volumes": [\(volumes)], "containers": []},
        "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}}
      """
  }

  private static let common = [
    #""/version": {"major": "1", "minor": "20", "gitVersion": "v1.20.15"}"#,
    #""/api/v1/namespaces/kube-system": {"metadata": {"name": "kube-system", "uid": "11111111-2222-4333-8444-555555555555"}}"#,
    #""/apis/policy": {"versions": [{"version": "v1beta1"}]}"#,
    #""/apis/apps/v1/namespaces/shop/daemonsets/logs": {"metadata": {"name": "logs", "namespace": "shop"}}"#,
    """
    "/apis/policy/v1beta1/poddisruptionbudgets/web": {"metadata": {"name": "web", "namespace": "shop"},
      "spec": {"selector": {"matchLabels": {"app": "web"}}},
      "status": {"disruptionsAllowed": 0, "currentHealthy": 2, "desiredHealthy": 2, "expectedPods": 3}}
    """,
  ]

  private func server(_ objects: [String]) throws -> StubAPIServer {
    let server = try StubAPIServer("{\((Self.common + objects).joined(separator: ","))}")
    for (name, text) in [
      (
        "kubeconfig",
        """
        {"current-context": "c", "contexts": [{"name": "c", "context": {"cluster": "k", "user": ""}}],
         "clusters": [{"name": "k", "cluster": {"server": "\(server.url)"}}], "users": []}
        """
      ),
      ("known_hosts", ""), ("key", ""),
      (
        "inventory.yaml",
        """
        apiVersion: pawl.dev/v1alpha1
        kind: Inventory
        metadata: {name: x}
        kubernetes: {kubeconfig: kubeconfig}
        ssh: {user: u, port: 1, keys: [key], knownHosts: [known_hosts], connectTimeout: 2s}
        hosts:
          - {name: cp-1, address: 127.0.0.1, roles: [control-plane]}
          - {name: w1, address: 127.0.0.2, node: worker-1, roles: [worker]}
        """
      ),
    ] { try text.write(toFile: directory.path + "/" + name, atomically: true, encoding: .utf8) }
    return server
  }

  private static let pods = [
    node("cp-1"), node("worker-1"), pod("web", "ReplicaSet"), pod("logs", "DaemonSet"), pod("shell", nil),
    pod("cache", "ReplicaSet", volumes: #"{"name": "d", "emptyDir": {}}"#),
  ]

  // MARK: Verdicts

  @Test("A dry run shows every verdict with its reason, refuses as the drain would, and touches nothing")
  func dryRun() async throws {
    let server = try server(Self.pods)
    let result = try await pawl.run(["drain", "w1", "--dry-run"])
    #expect(result.status == 1, "\(result.errors)")
    #expect(
      result.output == """
        worker-1: 1 pod to move
          refuse  shop/cache  its emptyDir volume would be lost
          ignore  shop/logs   DaemonSet logs keeps it on the node
          refuse  shop/shell  no controller creates it again
          evict   shop/web    budget shop/web allows 0 of 3, needs 1 healthy more (2 healthy now)

        """)
    #expect(result.errors.contains("2 pods can't be moved without loss"), "\(result.errors)")
    #expect(try await server.read("/log").matches(of: /PATCH|POST|PUT|DELETE/).isEmpty)

    let allowed = try await pawl.run(["drain", "worker-1", "--dry-run", "--local-data", "--unmanaged-pods"])
    #expect(allowed.status == 0, "\(allowed.errors)")
    #expect(allowed.output.hasPrefix("worker-1: 3 pods to move\n"), "\(allowed.output)")
  }

  @Test("A pod that two budgets cover refuses the drain before it begins, unless it is forced")
  func severalBudgets() async throws {
    let second = """
      "/apis/policy/v1beta1/poddisruptionbudgets/all": {"metadata": {"name": "all", "namespace": "shop"},
        "spec": {"selector": {"matchLabels": {"app": "web"}}},
        "status": {"disruptionsAllowed": 1, "currentHealthy": 3, "desiredHealthy": 2, "expectedPods": 3}}
      """
    let server = try server([Self.node("cp-1"), Self.node("worker-1"), Self.pod("web", "ReplicaSet"), second])
    let result = try await pawl.run(["drain", "w1", "--dry-run"])
    #expect(result.status == 1 && result.errors.contains("several budgets cover 1 pod"), "\(result)")
    #expect(result.errors.contains("shop/web"), "\(result.errors)")
    let forced = try await pawl.run(["drain", "w1", "--dry-run", "--force", "--reason", "Agreed."])
    #expect(forced.status == 0, "\(forced)")
    _ = server
  }

  @Test("A dry run as JSON has one object for each pod")
  func dryRunAsJSON() async throws {
    let server = try server(Self.pods)
    let result = try await pawl.run(["drain", "w1", "--dry-run", "-o", "json"])
    #expect(result.status == 1)
    let lines = try result.output.split(separator: "\n").map {
      try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? NSDictionary)
    }
    #expect(lines.map { $0["verdict"] as? String } == ["refuse", "ignore", "refuse", "evict"])
    #expect(
      lines.last == [
        "schemaVersion": 1, "node": "worker-1", "namespace": "shop", "pod": "web", "uid": "u-web",
        "owner": "ReplicaSet/web", "verdict": "evict", "reasons": [], "order": 0,
        "budgets": ["budget shop/web allows 0 of 3, needs 1 healthy more (2 healthy now)"],
      ])
    _ = server
  }

  @Test(
    "Without --yes a drain that would be refused is refused before the question, and without a terminal too")
  func question() async throws {
    let server = try server(Self.pods)
    let refused = try await pawl.run(["drain", "w1"])
    #expect(refused.status == 1 && refused.output.contains("refuse  shop/shell"), "\(refused)")
    let unasked = try await pawl.run(["drain", "w1", "--local-data", "--unmanaged-pods"])
    #expect(unasked.status == 64 && unasked.errors.contains("--yes"), "\(unasked.errors)")
    #expect(try await server.read("/log").matches(of: /PATCH|POST|PUT|DELETE/).isEmpty)
  }

  @Test("Two nodes at once need leave, and a name that nobody has is told")
  func refusals() async throws {
    let server = try server(Self.pods)
    let both = try await pawl.run(["drain", "w1", "cp-1", "--yes"])
    #expect(both.status == 1 && both.errors.contains("too-many-unavailable"), "\(both.errors)")
    let unknown = try await pawl.run(["drain", "w9", "--yes"])
    #expect(unknown.status == 64 && unknown.errors.contains("it has cp-1, w1"), "\(unknown.errors)")
    _ = server
  }

  @Test(
    "Wrong usage exits with 64",
    arguments: [
      (["drain"], "nodes"), (["drain", "w1", "--force"], "--reason"),
      (["drain", "w1", "--reason", "r"], "--force"),
      (["drain", "w1", "--timeout", "soon"], "--timeout"), (["drain", "w1", "--limit", "w1"], "--limit"),
      (["approve", "r", "s", "--as", "force"], "--reason"),
      (["approve", "r", "s", "--as", "redo", "--reason", "r"], "--as force"), (["uncordon"], "nodes"),
    ])
  func usage(arguments: [String], hint: String) async throws {
    let server = try server(Self.pods)
    let result = try await pawl.run(arguments)
    #expect(result.status == 64, "\(result.errors)")
    #expect(result.errors.contains(hint), "\(result.errors)")
    _ = server
  }

  // MARK: Uncordon

  @Test("A run's cordon is taken off with its mark; somebody else's stays unless --force")
  func uncordon() async throws {
    let server = try server([
      Self.node("cp-1", cordoned: true),
      Self.node("worker-1", mark: "20260101-000000-node-drain-0a1b", cordoned: true),
      Self.pod("web", "ReplicaSet"),
    ])
    let own = try await pawl.run(["uncordon", "w1", "--yes"])
    #expect(own.status == 0, "\(own.output)\(own.errors)")
    #expect(own.output.contains("worker-1 takes pods again."), "\(own.output)")
    #expect(!own.errors.contains("127.0.0.2"), "no host is asked: \(own.errors)")
    let node = try await server.read("/api/v1/nodes/worker-1")
    #expect(!node.contains("cordoned-by") && !node.contains(#""unschedulable": true"#), "\(node)")

    let other = try await pawl.run(["uncordon", "cp-1", "--yes"])
    #expect(other.status == 0 && other.output.contains("somebody else cordoned it"), "\(other.output)")
    #expect(try await server.read("/api/v1/nodes/cp-1").contains(#""unschedulable": true"#))
    let forced = try await pawl.run(["uncordon", "cp-1", "--force", "--yes"])
    #expect(forced.status == 0 && forced.output.contains("cp-1 takes pods again."), "\(forced.output)")
  }

  // MARK: Force

  @Test("A run that paused at a drain's limit is forced by an approval, which is kept with who and why")
  func force() async throws {
    let step = RunSample.update
    let hint = "Help these pods."
    let failure = StepFailure(code: "drain-timed-out", message: "web-0 stays.", retry: .limit, hint: hint)
    let kinds: [RunEventKind] = [
      .runStarted(by: "anna@ops1", resumed: false), .stepStarted(step, attempt: 1),
      .stepFailed(step, attempt: 1, failure), .runStopped(.paused("web-0 stays.")),
    ]
    let store = try SQLiteRunStore(
      directory: directory.path + "/state", digest: { ContentDigest.hex(of: $0) })
    let run = RunSample.run
    try await store.create(try RunSample.record())
    try await store.append(kinds.enumerated().map { RunSample.event($0.offset + 1, $0.element) }, to: run)

    let shown = try await pawl.run(["show", run.text])
    #expect(
      shown.output.contains("Paused: web-0 stays. 0 of ") && shown.output.contains("  " + hint), "\(shown)")
    let other = try await pawl.run([
      "approve", run.text, RunSample.check.text, "--as", "force", "--reason", "r",
    ])
    #expect(
      other.status == 1 && other.errors.contains("only a step that stopped at its limit"), "\(other.errors)")
    let done = try await pawl.run(["approve", run.text, step.text, "--as", "done"])
    #expect(done.status == 1 && done.errors.contains("nothing to answer for"), "\(done.errors)")

    let forced = try await pawl.run(["approve", run.text, step.text, "--as", "force", "--reason", "Agreed."])
    #expect(forced.status == 0 && forced.output.contains("pawl resume \(run)"), "\(forced)")
    let events = try await store.load(run).events
    guard case .stepForced(step, attempt: 1, let owner, reason: "Agreed.")? = events.last?.kind else {
      Issue.record("\(String(describing: events.last))")
      return
    }
    #expect(owner.contains("@"))
    #expect(try await pawl.run(["show", run.text, "-o", "json"]).output.contains("force, because: Agreed."))
  }
}
