package import Foundation

/// The part of `ObjectMeta` that Pawl uses.
package struct KubeMetadata: Sendable, Equatable, Codable {
  /// Who an object belongs to.
  package struct Owner: Sendable, Equatable, Codable {
    /// Group and version, for example `apps/v1`.
    package let apiVersion: String
    /// For example `DaemonSet`.
    package let kind: String
    /// The owner's name, in the same namespace.
    package let name: String
    /// The owner's UID.
    package let uid: String
    /// Whether the owner manages the object; at most one does.
    package let controller: Bool?
  }

  /// The name, unique per kind and namespace.
  package var name: String
  /// The namespace; nothing for nodes.
  package var namespace: String?
  /// The identity that is never used twice.
  package var uid: String?
  /// The version that an update or a watch starts from. Opaque.
  package var resourceVersion: String?
  /// Labels.
  package var labels: [String: String]
  /// Annotations.
  package var annotations: [String: String]
  /// Owners.
  package var ownerReferences: [Owner]
  /// What must be done before a deletion takes effect.
  package var finalizers: [String]
  /// When the object was made.
  package var creationTimestamp: Date?
  /// When the object is to be gone; set as soon as it is being deleted.
  package var deletionTimestamp: Date?
  /// Seconds that it gets to end; set as soon as it is being deleted.
  package var deletionGracePeriodSeconds: Int?

  /// Metadata of a new object.
  package init(
    name: String, namespace: String? = nil, labels: [String: String] = [:],
    annotations: [String: String] = [:]
  ) {
    self.name = name
    self.namespace = namespace
    self.labels = labels
    self.annotations = annotations
    ownerReferences = []
    finalizers = []
  }

  package init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    name = try container.optional(.name) ?? ""
    namespace = try container.optional(.namespace)
    uid = try container.optional(.uid)
    resourceVersion = try container.optional(.resourceVersion)
    labels = try container.map(.labels)
    annotations = try container.map(.annotations)
    ownerReferences = try container.list(.ownerReferences)
    finalizers = try container.list(.finalizers)
    creationTimestamp = try container.optional(.creationTimestamp)
    deletionTimestamp = try container.optional(.deletionTimestamp)
    deletionGracePeriodSeconds = try container.optional(.deletionGracePeriodSeconds)
  }

  /// The owner that manages the object.
  package var controller: Owner? { ownerReferences.first { $0.controller == true } }
  /// Whether the object is being deleted.
  package var isDeleting: Bool { deletionTimestamp != nil }
}

/// An object that can be listed and watched.
package protocol KubeObject: Sendable, Decodable {
  /// The object's metadata.
  var metadata: KubeMetadata { get }
}

/// A condition in a status.
package struct KubeCondition: Sendable, Equatable, Codable {
  /// For example `Ready`.
  package let type: String
  /// `True`, `False` or `Unknown`.
  package let status: String
  /// A word for programs.
  package let reason: String?
  /// A sentence for people.
  package let message: String?

  /// Whether the condition holds. `Unknown` does not.
  package var isTrue: Bool { status == "True" }
}

/// A whole number or a text such as `50%`.
package enum KubeIntOrString: Sendable, Equatable, Codable, CustomStringConvertible {
  /// A whole number.
  case int(Int)
  /// Anything else, as a rule a percentage.
  case string(String)

  package init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    do { self = .int(try container.decode(Int.self)) } catch DecodingError.typeMismatch {
      self = .string(try container.decode(String.self))
    }
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    switch self {
    case .int(let value): try container.encode(value)
    case .string(let value): try container.encode(value)
    }
  }

  package var description: String {
    switch self {
    case .int(let value): String(value)
    case .string(let value): value
    }
  }
}
