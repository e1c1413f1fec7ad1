import Foundation
import PawlTestSupport
import Testing

/// The commands as processes against an API server in memory; no host of the inventory can be reached.
@Suite("The cluster's lock at the command line")
struct LockTests {
  private static let lease = "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/pawl"
  private static let kubeSystem =
    #""/api/v1/namespaces/kube-system":{"metadata":{"name":"kube-system","uid":"11111111-2222-4333-8444-555555555555"}}"#
  private static let held = """
    "\(lease)": {"metadata": {"name": "pawl", "namespace": "kube-system", "resourceVersion": "7", "annotations": {
      "pawl.dev/run": "run-1", "pawl.dev/owner": "alice@ops-1", "pawl.dev/process": "42"}},
     "spec": {"holderIdentity": "alice@ops-1/run-1/42", "leaseDurationSeconds": 45, "leaseTransitions": 3,
      "acquireTime": "2026-01-02T03:04:05.000000Z", "renewTime": "2026-01-02T03:05:05.000000Z"}}
    """

  private let directory: TemporaryDirectory

  init() throws { directory = try TemporaryDirectory() }

  /// A cordoned node; `run` is whose mark it carries.
  private static func node(_ name: String, run: String?) -> String {
    let mark = run.map { #""pawl.dev/cordoned-by": "\#($0)""# } ?? ""
    return """
      "/api/v1/nodes/\(name)": {"metadata": {"name": "\(name)", "uid": "u-\(name)", "resourceVersion": "1",
        "annotations": {\(mark)}}, "spec": {"unschedulable": true}, "status": {}}
      """
  }

  private func run(_ arguments: [String], _ server: StubAPIServer) async throws -> PawlProgram.Result {
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
        hosts: [{name: cp-1, address: 127.0.0.1, roles: [control-plane]}]
        """
      ),
    ] { try text.write(toFile: directory.path + "/" + name, atomically: true, encoding: .utf8) }
    let pawl = PawlProgram(
      directory: directory.path,
      environment: [
        "PAWL_INVENTORY": "inventory.yaml", "PAWL_STATE": directory.path + "/state", "NO_COLOR": "1",
      ])
    return try await pawl.run(arguments)
  }

  @Test("A held cluster: exit code 5 with the holder, and nothing else is asked of anybody")
  func held() async throws {
    let server = try StubAPIServer("{\(Self.held)}")
    let result = try await run(["upgrade", "--to", "1.20", "--yes"], server)
    #expect(result.status == 5, "\(result.output)\(result.errors)")
    for part in ["run run-1 by alice@ops-1 (process 42)", "since 2026-01-02T03:04:05Z", "--take-over"] {
      #expect(result.errors.contains(part), "\(result.errors)")
    }
    #expect(try await server.read("/log") == "[\"GET \(Self.lease)\"]")
  }

  @Test("No right to the lease: refused with the verbs that are missing")
  func forbidden() async throws {
    let server = try StubAPIServer(#"{"\#(Self.lease)": {"code": 403}}"#)
    let result = try await run(["upgrade", "--to", "1.20", "--yes"], server)
    #expect(
      result.status == 1 && result.errors.contains("get, create and update on leases"), "\(result.errors)")
  }

  @Test(
    "Release only shows without a terminal; with --yes it uncordons what a run cordoned, and nothing else")
  func release() async throws {
    let objects = [Self.kubeSystem, Self.node("cp-1", run: "run-1"), Self.node("worker-1", run: nil)]
    let server = try StubAPIServer("{\(objects.joined(separator: ","))}")
    let shown = try await run(["release"], server)
    #expect(shown.status == 0 && shown.output.contains("--yes"), "\(shown.output)\(shown.errors)")
    #expect(shown.output.contains("cp-1 is cordoned by run run-1."), "\(shown.output)")
    #expect(!shown.output.contains("worker-1"), "\(shown.output)")
    #expect(shown.errors.contains("warning: ") && shown.errors.contains("cp-1"), "\(shown.errors)")
    #expect(try await server.read("/log").matches(of: /PATCH|POST|PUT/).isEmpty)

    let done = try await run(["release", "--yes"], server)
    #expect(done.status == 69, "\(done.output)\(done.errors)")
    let node = try await server.read("/api/v1/nodes/cp-1")
    #expect(node.contains(#""annotations": {}"#) && !node.contains(#""unschedulable": true"#), "\(node)")
    #expect(try await server.read("/api/v1/nodes/worker-1").contains(#""unschedulable": true"#))
    let lease = try await server.read(Self.lease)
    #expect(!lease.contains("holderIdentity") && lease.contains(#""leaseTransitions": 1"#), "\(lease)")
    #expect(try await run(["release"], server).output == "Nothing of a run is left.\n")
  }
}
