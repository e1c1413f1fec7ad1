import Foundation
import Testing

@testable import PawlKube

/// The API server that `PAWL_LAB_KUBECONFIG` leads to, and a place on it that is gone after the test.
struct RealServer: Sendable {
  static let kubeconfigPath = ProcessInfo.processInfo.environment["PAWL_LAB_KUBECONFIG"] ?? ""
  static var isThere: Bool { !kubeconfigPath.isEmpty }

  let configuration: KubeConfiguration
  let client: KubeClient
  /// A namespace, and the prefix of whatever has none.
  let name = "pawl-test-" + UUID().uuidString.lowercased().prefix(8)

  init() async throws {
    configuration = try await Self.kubeconfig().resolve(baseDirectory: "/")
    client = try KubeClient(configuration: configuration)
  }

  /// The kubeconfig, with kubectl's help if it is not JSON.
  private static func kubeconfig() async throws -> Kubeconfig {
    var bytes = try Data(contentsOf: URL(fileURLWithPath: kubeconfigPath))
    if bytes.first != UInt8(ascii: "{") {
      let kubectl = try #require(StubServer.path(of: "kubectl"), "kubectl turns the kubeconfig into JSON")
      let outcome = try await ChildCommand(
        path: kubectl, arguments: ["--kubeconfig", kubeconfigPath, "config", "view", "--raw", "-o", "json"],
        environment: ["HOME": FileManager.default.temporaryDirectory.path], timeout: .seconds(30),
        outputLimit: 1 << 20
      ).run()
      bytes = outcome.output
    }
    return try JSONDecoder().decode(Kubeconfig.self, from: bytes)
  }

  /// A configuration for the same server as somebody else.
  func configuration(as credentials: KubeCredentials) -> KubeConfiguration {
    KubeConfiguration(
      context: configuration.context, namespace: "default", endpoint: configuration.endpoint,
      certificateAuthority: configuration.certificateAuthority, verifiesServer: true, proxy: nil,
      credentials: credentials, pluginEnvironment: [:], warnings: [])
  }

  /// Makes the namespace, runs the body and removes what it made.
  func withScratch(_ body: (RealServer) async throws -> Void) async throws {
    try await post("/api/v1/namespaces", #"{"metadata":{"name":"\#(name)"}}"#)
    let result: Result<Void, any Error>
    do {
      try await post(
        "/api/v1/namespaces/\(name)/serviceaccounts", #"{"metadata":{"name":"default"}}"#, mayExist: true)
      result = .success(try await body(self))
    } catch {
      result = .failure(error)
    }
    for path in ["/api/v1/nodes/\(name)", "/api/v1/namespaces/\(name)"] { try await delete(path) }
    try result.get()
  }

  func post(_ path: String, _ body: String, mayExist: Bool = false) async throws {
    let call = KubeCall(action: "scratch", method: "POST", path: path, body: Data(body.utf8))
    do throws(KubeError) { _ = try await client.perform(call) } catch {
      guard mayExist, error.code == .conflict else { throw error }
    }
  }

  private func delete(_ path: String) async throws {
    do throws(KubeError) {
      _ = try await client.perform(KubeCall(action: "scratch", method: "DELETE", path: path))
    } catch {
      guard error.code == .notFound else { throw error }
    }
  }

  /// A pod that claims to run on a node which does not exist, so that no kubelet has a say.
  func makePod(_ pod: String) async throws -> KubePod {
    try await post(
      "/api/v1/namespaces/\(name)/pods",
      """
      {"metadata":{"name":"\(pod)","labels":{"app":"web"}},
       "spec":{"nodeName":"\(name)","automountServiceAccountToken":false,
               "terminationGracePeriodSeconds":0,"containers":[{"name":"c","image":"none"}]}}
      """)
    _ = try await client.perform(
      KubeCall(
        action: "scratch", method: "PATCH", path: "/api/v1/namespaces/\(name)/pods/\(pod)/status",
        body: Data(#"{"status":{"phase":"Running"}}"#.utf8), contentType: "application/merge-patch+json"))
    return try #require(try await client.pod(namespace: name, name: pod))
  }

  func makeBudget(_ budget: String) async throws {
    let version = try #require(try await client.budgetVersion())
    try await post(
      "/apis/policy/\(version.rawValue)/namespaces/\(name)/poddisruptionbudgets",
      #"{"metadata":{"name":"\#(budget)"},"spec":{"minAvailable":1,"selector":{"matchLabels":{"app":"web"}}}}"#
    )
  }
}
