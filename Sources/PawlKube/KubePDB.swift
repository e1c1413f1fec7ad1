/// The versions of the policy API that Pawl speaks.
package enum KubePolicyVersion: String, Sendable, Codable {
  /// Served from 1.21 (budgets) and 1.22 (evictions).
  case v1
  /// Served until 1.24.
  case v1beta1
}

/// A PodDisruptionBudget, with the fields that Pawl uses.
package struct KubePDB: KubeObject, Equatable, Codable {
  /// What is asked for.
  package struct Spec: Sendable, Equatable, Codable {
    /// The pods that it protects, in its own namespace.
    package let selector: KubeLabelSelector?
    /// How many pods must stay healthy.
    package let minAvailable: KubeIntOrString?
    /// How many pods may be away.
    package let maxUnavailable: KubeIntOrString?
    /// `IfHealthyBudget` (the default) or `AlwaysAllow`.
    package let unhealthyPodEvictionPolicy: String?
  }

  /// How it stands.
  package struct Status: Sendable, Equatable, Codable {
    /// Evictions that it allows now.
    package let disruptionsAllowed: Int?
    /// Healthy pods.
    package let currentHealthy: Int?
    /// Healthy pods that it asks for.
    package let desiredHealthy: Int?
    /// Pods that it counts.
    package let expectedPods: Int?
    /// `DisruptionAllowed`, from 1.21.
    package let conditions: [KubeCondition]?

    /// Why the controller can't work the budget out, in its words; nil when it can, or does not tell.
    package var syncFailure: String? {
      conditions?.first { $0.type == "DisruptionAllowed" && $0.reason == "SyncFailed" }.map {
        $0.message ?? "SyncFailed"
      }
    }
  }

  /// The budget's metadata.
  package let metadata: KubeMetadata
  /// What is asked for.
  package let spec: Spec
  /// How it stands.
  package let status: Status?
  /// The version of the API that it was read through, on which the meaning of an empty selector depends.
  package internal(set) var policyVersion: KubePolicyVersion

  private enum CodingKeys: String, CodingKey {
    case metadata, spec, status, policyVersion
  }

  package init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    metadata = try container.decode(KubeMetadata.self, forKey: .metadata)
    spec = try container.decode(Spec.self, forKey: .spec)
    status = try container.optional(.status)
    policyVersion = try container.optional(.policyVersion) ?? .v1
  }

  /// Whether the budget protects a pod with these labels in this namespace.
  ///
  /// An empty selector means every pod of the namespace in policy/v1 and none in policy/v1beta1; without a
  /// selector the budget protects none.
  package func protects(namespace: String, labels: [String: String]) -> Bool {
    guard metadata.namespace == namespace, let selector = spec.selector else { return false }
    if selector.isEmpty { return policyVersion == .v1 }
    return selector.matches(labels)
  }
}
