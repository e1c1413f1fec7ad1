import Foundation
import Testing

@testable import PawlKube

/// What holds for any API server. The stub's tests and the real server's run the same cases.
enum KubeContract {
  static func versionIsRead(_ client: KubeClient) async throws {
    let version = try await client.serverVersion()
    #expect(version.gitVersion.hasPrefix("v\(version.major)."))
    #expect(try await client.healthz(path: "/readyz"))
  }

  static func absentObjectsAreNothing(_ client: KubeClient, namespace: String) async throws {
    #expect(try await client.node("pawl-test-absent") == nil)
    #expect(try await client.pod(namespace: namespace, name: "absent") == nil)
    #expect(try await client.daemonSet(namespace: namespace, name: "absent") == nil)
    #expect(try await client.configMap(namespace: namespace, name: "absent") == nil)
    #expect(try await client.lease(namespace: namespace, name: "absent") == nil)
    #expect(try await client.deletePod(namespace: namespace, name: "absent") == false)
    #expect(try await client.evict(namespace: namespace, name: "absent") == .notFound)
  }

  static func leaseIsWrittenByOneOnly(_ client: KubeClient, namespace: String) async throws {
    let moment = try #require(KubeJSON.date(from: "2026-01-02T03:04:05.25Z"))
    let lease = KubeLease(
      metadata: KubeMetadata(name: "l", namespace: namespace),
      spec: .init(
        holderIdentity: "a", leaseDurationSeconds: 30, acquireTime: moment, renewTime: moment,
        leaseTransitions: 0))
    let first = try await client.createLease(lease)
    #expect(first.spec == lease.spec)
    let again = try await #require(throws: KubeError.self) { try await client.createLease(lease) }
    #expect(again.code == .conflict)
    var taken = first
    taken.spec.holderIdentity = "b"
    let second = try await client.updateLease(taken)
    #expect(second.spec.holderIdentity == "b")
    #expect(second.metadata.resourceVersion != first.metadata.resourceVersion)
    let late = try await #require(throws: KubeError.self) { try await client.updateLease(first) }
    #expect(late.code == .conflict)
    #expect(try await client.lease(namespace: namespace, name: "l") == second)
  }
}
