/// A label selector: every label and every expression must fit.
package struct KubeLabelSelector: Sendable, Equatable, Codable {
  /// One condition on one label.
  package struct Requirement: Sendable, Equatable, Codable {
    /// The label's name.
    package let key: String
    /// `In`, `NotIn`, `Exists` or `DoesNotExist`.
    package let `operator`: String
    /// The values for `In` and `NotIn`.
    package let values: [String]?

    /// Makes a condition.
    package init(key: String, operator: String, values: [String]? = nil) {
      self.key = key
      self.operator = `operator`
      self.values = values
    }

    /// Whether labels meet the condition. An operator that does not exist is met by nothing.
    package func matches(_ labels: [String: String]) -> Bool {
      let value = labels[key]
      switch `operator` {
      case "In": return value.map { (values ?? []).contains($0) } ?? false
      // As in Kubernetes, a label that is absent is not in the list.
      case "NotIn": return value.map { !(values ?? []).contains($0) } ?? true
      case "Exists": return value != nil
      case "DoesNotExist": return value == nil
      default: return false
      }
    }
  }

  /// Labels with their values.
  package let matchLabels: [String: String]?
  /// Conditions.
  package let matchExpressions: [Requirement]?

  /// Makes a selector.
  package init(matchLabels: [String: String]? = nil, matchExpressions: [Requirement]? = nil) {
    self.matchLabels = matchLabels
    self.matchExpressions = matchExpressions
  }

  /// Whether the selector has no condition at all.
  package var isEmpty: Bool { (matchLabels ?? [:]).isEmpty && (matchExpressions ?? []).isEmpty }

  /// Whether labels meet every condition; an empty selector is met by all.
  package func matches(_ labels: [String: String]) -> Bool {
    (matchLabels ?? [:]).allSatisfy { labels[$0.key] == $0.value }
      && (matchExpressions ?? []).allSatisfy { $0.matches(labels) }
  }
}
