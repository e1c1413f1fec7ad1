import Foundation
import Synchronization

/// Remembers for a short time which versions of the policy API a server has.
///
/// Short, because the server itself is what Pawl upgrades: the answer changes under the client.
final class KubeDiscovery: Sendable {
  enum Subject: Hashable, Sendable { case evictions, budgets }

  private let known = Mutex<[Subject: (version: KubePolicyVersion?, until: ContinuousClock.Instant)]>([:])
  private static let lifetime: Duration = .seconds(30)

  /// The remembered answer: nothing if there is none, `.some(nil)` if the server lacks the subject.
  func recall(_ subject: Subject) -> KubePolicyVersion?? {
    known.withLock { known in
      guard let entry = known[subject], entry.until > .now else { return .none }
      return .some(entry.version)
    }
  }

  func remember(_ subject: Subject, _ version: KubePolicyVersion?) {
    known.withLock { $0[subject] = (version, .now + Self.lifetime) }
  }

  func forget() { known.withLock { $0 = [:] } }
}

private struct ResourceList: Decodable, Sendable {
  struct Resource: Decodable, Sendable {
    let name: String
    let kind: String
    let group: String?
    let version: String?
  }
  let resources: [Resource]
}

private struct GroupInfo: Decodable, Sendable {
  struct Version: Decodable, Sendable { let version: String }
  let versions: [Version]
}

extension KubeClient {
  /// The version of the Eviction object that pods take, or nothing if the server knows no evictions.
  func evictionVersion() async throws(KubeError) -> KubePolicyVersion? {
    if let known = discovery.recall(.evictions) { return known }
    let list = try await fetch(
      ResourceList.self, KubeCall(action: "the list of core resources", path: "/api/v1"))
    let resource = list.resources.first { $0.name == "pods/eviction" && $0.kind == "Eviction" }
    let version = resource.flatMap {
      $0.group == "policy" ? KubePolicyVersion(rawValue: $0.version ?? "") : nil
    }
    if let resource, version == nil {
      throw KubeError(
        .invalidResponse, server: server,
        message:
          "\(server) evicts pods by \(resource.group ?? "")/\(resource.version ?? ""), which this Pawl does not know; use a newer Pawl."
      )
    }
    discovery.remember(.evictions, version)
    return version
  }

  /// The newest version in which the server has budgets, or nothing if it has none.
  func budgetVersion() async throws(KubeError) -> KubePolicyVersion? {
    if let known = discovery.recall(.budgets) { return known }
    let group = try await fetchIfPresent(
      GroupInfo.self, KubeCall(action: "the versions of the policy API", path: "/apis/policy"))
    let versions = Set((group?.versions ?? []).map(\.version))
    let version = [KubePolicyVersion.v1, .v1beta1].first { versions.contains($0.rawValue) }
    discovery.remember(.budgets, version)
    return version
  }
}
