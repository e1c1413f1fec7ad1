/// The table of Kubernetes minors, 1.11 to 1.37.
///
/// Sources: the release notes of each minor, the guide to removed APIs, the version-skew policy, kubeadm's
/// documentation and code, etcd's upgrade guides; end-of-life dates from the project's release pages.
package enum KubernetesReleases {
  /// All known minors, the oldest first.
  package static let all: [ReleaseFacts] = upTo1_19 + upTo1_28 + from1_29

  /// The facts of a minor; nil for one that is not in the table.
  package static func facts(for minor: MinorVersion) -> ReleaseFacts? { byMinor[minor] }

  /// The rules of a minor; for one newer than the table those of the newest, for an older one those of the oldest.
  package static func rules(for minor: MinorVersion) -> ReleaseRules {
    ReleaseRules(minor: min(max(minor.major == 1 ? minor.minor : newest.minor, oldest.minor), newest.minor))
  }

  /// The newest known minor.
  package static let newest = all.map(\.minor).max() ?? MinorVersion(major: 1, minor: 37)

  /// The oldest known minor.
  package static let oldest = all.map(\.minor).min() ?? MinorVersion(major: 1, minor: 11)

  private static let byMinor = Dictionary(all.map { ($0.minor, $0) }, uniquingKeysWith: { first, _ in first })

  /// An entry of the table.
  static func release(_ minor: Int, endOfLife: String, _ hazards: ReleaseHazard...) -> ReleaseFacts {
    ReleaseFacts(minor, endOfLife: endOfLife, rules: ReleaseRules(minor: minor), hazards: hazards)
  }
}
