import Foundation
import Testing

@testable import PawlKube

@Suite(
  "Contract on the stub",
  .enabled(if: StubServer.isPossible, StubServer.obstacle ?? "python3 and openssl are needed"))
struct KubeContractTests {
  @Test func `the version is read`() async throws {
    let stub = try await Stub(
      .init("/version", .json(#"{"major":"1","minor":"19","gitVersion":"v1.19.16"}"#)),
      .init("/readyz", .json("ok")))
    try await KubeContract.versionIsRead(stub.client())
  }

  @Test func `absent objects are nothing`() async throws {
    let stub = try await Stub(.init("/api/v1", EvictionTests.resources("v1beta1")))
    try await KubeContract.absentObjectsAreNothing(stub.client(), namespace: "n")
  }

  @Test func `a lease is written by one only`() async throws {
    func lease(_ holder: String, _ version: Int) -> String {
      #"{"metadata":{"name":"l","namespace":"n","resourceVersion":"\#(version)"},"spec":{"holderIdentity":"\#(holder)","leaseDurationSeconds":30,"acquireTime":"2026-01-02T03:04:05.250000Z","renewTime":"2026-01-02T03:04:05.250000Z","leaseTransitions":0}}"#
    }
    let conflict = Stub.Reply.failure(409, "Conflict", "no")
    let path = "/apis/coordination.k8s.io/v1/namespaces/n/leases"
    let stub = try await Stub(
      .init(path, method: "POST", .json(lease("a", 1), status: 201), conflict),
      .init(path + "/l", method: "PUT", .json(lease("b", 2)), conflict),
      .init(path + "/l", .json(lease("b", 2))))
    try await KubeContract.leaseIsWrittenByOneOnly(stub.client(), namespace: "n")
  }
}
