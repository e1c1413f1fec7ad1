/// Steps of one name that were left out for one reason: a line of a report.
struct SkippedGroup {
  private let name: String
  private(set) var ids: [StepID]
  let reason: String

  /// The groups, in the order of their first steps.
  static func groups(of skipped: [SkippedStep]) -> [SkippedGroup] {
    var groups: [SkippedGroup] = []
    var indices: [[String]: Int] = [:]
    for step in skipped {
      let name = step.id.parts.name
      if let index = indices[[name, step.reason]] {
        groups[index].ids.append(step.id)
      } else {
        indices[[name, step.reason]] = groups.count
        groups.append(SkippedGroup(name: name, ids: [step.id], reason: step.reason))
      }
    }
    return groups
  }

  /// One step by its id, several as `set-package-source on 3 hosts in 1.20, 1.21`.
  var what: String {
    guard ids.count > 1 else { return ids.map(\.text).joined() }
    var hosts: Set<String> = []
    var places: [String] = []
    for parts in ids.map(\.parts) {
      if let host = parts.host { hosts.insert(host) }
      if let place = parts.place, !places.contains(place) { places.append(place) }
    }
    let count = hosts.isEmpty ? "" : hosts.count == 1 ? " on \(hosts.joined())" : " on \(hosts.count) hosts"
    return name + count + (places.isEmpty ? "" : " in \(places.joined(separator: ", "))")
  }
}

extension StepID {
  /// `1.20`, `drain` and `worker-3` of `1.20/drain@worker-3`.
  var parts: (place: String?, name: String, host: String?) {
    var rest = text[...]
    var place: String?
    var host: String?
    if let slash = rest.lastIndex(of: "/") {
      place = String(rest[..<slash])
      rest = rest[rest.index(after: slash)...]
    }
    if let at = rest.firstIndex(of: "@") {
      host = String(rest[rest.index(after: at)...])
      rest = rest[..<at]
    }
    return (place, String(rest), host)
  }
}
