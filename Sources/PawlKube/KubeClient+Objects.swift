import Foundation

extension KubeClient {
  /// The server's version.
  package func serverVersion() async throws(KubeError) -> KubeServerVersion {
    try await fetch(KubeServerVersion.self, KubeCall(action: "its version", path: "/version"))
  }

  /// Whether the server calls itself healthy now: `/readyz` (from 1.16), `/livez` or `/healthz`. Asks once.
  ///
  /// - Throws: `KubeError`, among others when the server can't be reached or has no such path.
  package func healthz(path: String = "/readyz") async throws(KubeError) -> Bool {
    do throws(KubeError) {
      _ = try await perform(KubeCall(action: "its health", path: path, repeats: false))
      return true
    } catch {
      guard error.code == .serverError else { throw error }
      return false
    }
  }

  // MARK: Nodes

  /// Every node.
  package func nodes(labelSelector: String? = nil) async throws(KubeError) -> [KubeNode] {
    try await snapshot(.nodes(labelSelector: labelSelector)).items
  }

  /// A node, or nothing if there is none of that name.
  package func node(_ name: String) async throws(KubeError) -> KubeNode? {
    try await fetchIfPresent(
      KubeNode.self, KubeCall(action: "node \(name)", path: KubeCall.path("/api/v1/nodes", name)))
  }

  /// Changes a node's cordon and annotations in one step and returns the node as it is then.
  ///
  /// - Parameters:
  ///   - unschedulable: true cordons, false uncordons, nothing leaves it.
  ///   - annotations: texts to set; nothing as a value removes the annotation.
  ///   - resourceVersion: where given, the change is refused with `conflict` unless the node still has it.
  @discardableResult
  package func patchNode(
    _ name: String, unschedulable: Bool? = nil, annotations: [String: String?] = [:],
    resourceVersion: String? = nil
  ) async throws(KubeError) -> KubeNode {
    var patch: [String: JSONValue] = [:]
    if let unschedulable { patch["spec"] = .object(["unschedulable": unschedulable ? .bool(true) : .null]) }
    var metadata: [String: JSONValue] = [:]
    if !annotations.isEmpty {
      metadata["annotations"] = .object(annotations.mapValues { $0.map(JSONValue.string) ?? .null })
    }
    if let resourceVersion { metadata["resourceVersion"] = .string(resourceVersion) }
    if !metadata.isEmpty { patch["metadata"] = .object(metadata) }
    return try await fetch(
      KubeNode.self,
      KubeCall(
        action: "the change of node \(name)", method: "PATCH", path: KubeCall.path("/api/v1/nodes", name),
        body: try encode(JSONValue.object(patch)), contentType: "application/merge-patch+json"))
  }

  // MARK: Pods and their owners

  /// Pods of a namespace, or of all.
  package func pods(
    namespace: String? = nil, fieldSelector: String? = nil, labelSelector: String? = nil
  ) async throws(KubeError) -> [KubePod] {
    try await snapshot(
      .pods(namespace: namespace, fieldSelector: fieldSelector, labelSelector: labelSelector)
    ).items
  }

  /// A pod, or nothing if there is none of that name.
  package func pod(namespace: String, name: String) async throws(KubeError) -> KubePod? {
    try await fetchIfPresent(
      KubePod.self,
      KubeCall(
        action: "pod \(namespace)/\(name)", path: KubeCall.path("/api/v1/namespaces", namespace, "pods", name)
      ))
  }

  /// Every PodDisruptionBudget, through policy/v1 where the server has it, else through policy/v1beta1.
  package func podDisruptionBudgets() async throws(KubeError) -> [KubePDB] {
    guard let version = try await budgetVersion() else { return [] }
    let query = KubeQuery<KubePDB>(
      action: "the list of disruption budgets", path: "/apis/policy/\(version.rawValue)/poddisruptionbudgets")
    do throws(KubeError) {
      return try await snapshot(query).items.map { budget in
        var budget = budget
        budget.policyVersion = version
        return budget
      }
    } catch {
      if error.code == .notFound { discovery.forget() }
      throw error
    }
  }

  /// A DaemonSet, or nothing if there is none of that name.
  package func daemonSet(namespace: String, name: String) async throws(KubeError) -> KubeDaemonSet? {
    try await fetchIfPresent(
      KubeDaemonSet.self,
      KubeCall(
        action: "DaemonSet \(namespace)/\(name)",
        path: KubeCall.path("/apis/apps/v1/namespaces", namespace, "daemonsets", name)))
  }

  /// The texts of a ConfigMap, or nothing if there is none of that name.
  package func configMap(namespace: String, name: String) async throws(KubeError) -> [String: String]? {
    let map = try await fetchIfPresent(
      KubeConfigMap.self,
      KubeCall(
        action: "ConfigMap \(namespace)/\(name)",
        path: KubeCall.path("/api/v1/namespaces", namespace, "configmaps", name)))
    return map.map { $0.data ?? [:] }
  }

  // MARK: Permissions

  private struct Review: Decodable, Sendable {
    struct Status: Decodable, Sendable { let allowed: Bool }
    let status: Status
  }

  /// Whether the credentials may do something, by a SelfSubjectAccessReview.
  ///
  /// - Parameters:
  ///   - verb: for example `patch`.
  ///   - group: the API group, empty for the core.
  ///   - resource: for example `nodes`, or `pods/eviction` for a subresource.
  ///   - namespace: nothing asks for all namespaces or for a resource without one.
  package func accessReview(
    verb: String, group: String = "", resource: String, namespace: String? = nil
  ) async throws(KubeError) -> Bool {
    let parts = resource.split(separator: "/", maxSplits: 1).map(String.init)
    var attributes: [String: JSONValue] = ["verb": .string(verb), "group": .string(group)]
    attributes["resource"] = .string(parts.first ?? resource)
    if parts.count == 2 { attributes["subresource"] = .string(parts[1]) }
    if let namespace { attributes["namespace"] = .string(namespace) }
    let body = JSONValue.object([
      "apiVersion": .string("authorization.k8s.io/v1"), "kind": .string("SelfSubjectAccessReview"),
      "spec": .object(["resourceAttributes": .object(attributes)]),
    ])
    return try await fetch(
      Review.self,
      KubeCall(
        action: "the question of permissions", method: "POST",
        path: "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", body: try encode(body))
    ).status.allowed
  }

  // MARK: Leases

  /// A lease, or nothing if there is none of that name.
  package func lease(namespace: String, name: String) async throws(KubeError) -> KubeLease? {
    try await fetchIfPresent(
      KubeLease.self,
      KubeCall(action: "lease \(namespace)/\(name)", path: leasePath(namespace, name)))
  }

  /// Makes a lease; refused with `conflict` if it exists.
  package func createLease(_ lease: KubeLease) async throws(KubeError) -> KubeLease {
    let namespace = lease.metadata.namespace ?? "default"
    return try await fetch(
      KubeLease.self,
      KubeCall(
        action: "the creation of lease \(namespace)/\(lease.metadata.name)", method: "POST",
        path: leasePath(namespace), body: try encode(lease)))
  }

  /// Writes a lease back; refused with `conflict` unless it still has the resource version that was read.
  package func updateLease(_ lease: KubeLease) async throws(KubeError) -> KubeLease {
    let namespace = lease.metadata.namespace ?? "default"
    guard lease.metadata.resourceVersion != nil else {
      throw KubeError(
        .rejected, server: server,
        message:
          "Lease \(namespace)/\(lease.metadata.name) on \(server) can't be updated without having been read; read it first."
      )
    }
    return try await fetch(
      KubeLease.self,
      KubeCall(
        action: "the update of lease \(namespace)/\(lease.metadata.name)", method: "PUT",
        path: leasePath(namespace, lease.metadata.name), body: try encode(lease)))
  }

  private func leasePath(_ namespace: String, _ name: String? = nil) -> String {
    let collection = KubeCall.path("/apis/coordination.k8s.io/v1/namespaces", namespace, "leases")
    return name.map { KubeCall.path(collection, $0) } ?? collection
  }

  func encode(_ value: some Encodable) throws(KubeError) -> Data {
    do { return try KubeJSON.encode(value) } catch {
      throw KubeError(
        .rejected, server: server, message: "A request to \(server) can't be written as JSON; report this.",
        cause: "\(error)")
    }
  }
}
