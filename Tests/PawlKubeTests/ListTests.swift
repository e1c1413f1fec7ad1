import Foundation
import Testing

@testable import PawlKube

@Suite("Lists", .enabled(if: StubServer.isPossible, StubServer.obstacle ?? "python3 and openssl are needed"))
struct ListTests {
  private func page(_ names: String..., next: String? = nil) -> Stub.Reply {
    let items = names.map { #"{"metadata":{"name":"\#($0)"}}"# }.joined(separator: ",")
    let token = next.map { #","continue":"\#($0)""# } ?? ""
    return .json(#"{"metadata":{"resourceVersion":"5"\#(token)},"items":[\#(items)]}"#)
  }

  @Test func `a large list is read page by page`() async throws {
    let stub = try await Stub(
      .init("/api/v1/nodes", query: ["continue": "t1"], page("b", next: "t2")),
      .init("/api/v1/nodes", query: ["continue": "t2"], page("c")),
      .init("/api/v1/nodes", page("a", next: "t1")))
    #expect(try await stub.client().nodes().map(\.name) == ["a", "b", "c"])
    #expect(try await stub.log().map { $0.query["limit"] } == ["500", "500", "500"])
  }

  @Test func `a token that has expired begins the list again`() async throws {
    let stub = try await Stub(
      .init(
        "/api/v1/nodes", query: ["continue": "t1"], .failure(410, "Expired", "too old"), page("d")),
      .init("/api/v1/nodes", page("a", next: "t1"), page("c", next: "t1")))
    #expect(try await stub.client().nodes().map(\.name) == ["c", "d"])
  }

  @Test func `a token that always expires ends in one answer for all`() async throws {
    let stub = try await Stub(
      .init("/api/v1/nodes", query: ["continue": "t1"], .failure(410, "Expired", "too old")),
      .init("/api/v1/nodes", query: ["limit": "500"], page("a", next: "t1")),
      .init("/api/v1/nodes", page("a", "b")))
    #expect(try await stub.client().nodes().map(\.name) == ["a", "b"])
    #expect(try await stub.log().count == 5)
  }

  @Test func `a list without items is empty`() async throws {
    let stub = try await Stub(.init("/api/v1/nodes", .json(#"{"metadata":{},"items":null}"#)))
    #expect(try await stub.client().nodes().isEmpty)
  }

  @Test func `budgets are read through policy v1 where the server has it`() async throws {
    let stub = try await Stub(
      .init("/apis/policy", .json(#"{"versions":[{"version":"v1beta1"},{"version":"v1"}]}"#)),
      .init("/apis/policy/v1/poddisruptionbudgets", .json(#"{"items":[\#(Self.budget)]}"#)))
    let budgets = try await stub.client().podDisruptionBudgets()
    #expect(budgets.map(\.policyVersion) == [.v1])
    #expect(budgets.map { $0.protects(namespace: "n", labels: ["a": "b"]) } == [true])
  }

  @Test func `budgets are read through policy v1beta1 where it is all there is`() async throws {
    let stub = try await Stub(
      .init("/apis/policy", .json(#"{"versions":[{"version":"v1beta1"}]}"#)),
      .init("/apis/policy/v1beta1/poddisruptionbudgets", .json(#"{"items":[\#(Self.budget)]}"#)))
    let budgets = try await stub.client().podDisruptionBudgets()
    #expect(budgets.map(\.policyVersion) == [.v1beta1])
    #expect(budgets.map { $0.protects(namespace: "n", labels: ["a": "b"]) } == [false])
  }

  @Test func `a server without the policy API has no budgets`() async throws {
    #expect(try await Stub().client().podDisruptionBudgets().isEmpty)
  }

  private static let budget =
    #"{"metadata":{"name":"b","namespace":"n"},"spec":{"selector":{},"maxUnavailable":"50%"}}"#
}
