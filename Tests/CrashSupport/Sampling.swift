import Foundation

/// How much of a large product is tried.
package enum Sampling {
  /// Everything, by `PAWL_CRASH_ALL=1`.
  package static let everything = ProcessInfo.processInfo.environment["PAWL_CRASH_ALL"] == "1"

  /// Shifts what is chosen; `PAWL_CRASH_SEED`, else 1.
  package static let seed = ProcessInfo.processInfo.environment["PAWL_CRASH_SEED"].flatMap { Int($0) } ?? 1

  /// At most `limit` items in even steps, beginning where the seed says; all of them of a thorough scenario, or when
  /// everything is asked for.
  package static func some<Item>(
    _ items: [Item], _ limit: Int, _ what: String, of scenario: CrashScenario
  ) -> [Item] {
    guard !everything, !scenario.thorough, items.count > limit, limit > 0 else { return items }
    print("\(scenario), \(what): \(limit) of \(items.count), seed \(seed); PAWL_CRASH_ALL=1 tries all")
    let shift = seed % max(1, items.count / limit)
    return (0..<limit).map { items[min(items.count - 1, $0 * items.count / limit + shift)] }
  }
}
