/// A namespace, with its metadata only.
package struct KubeNamespace: KubeObject, Equatable {
  /// The namespace's metadata.
  package let metadata: KubeMetadata
}

extension KubeClient {
  /// A namespace, or nothing if there is none of that name.
  package func namespace(_ name: String) async throws(KubeError) -> KubeNamespace? {
    try await fetchIfPresent(
      KubeNamespace.self,
      KubeCall(action: "namespace \(name)", path: KubeCall.path("/api/v1/namespaces", name)))
  }
}
