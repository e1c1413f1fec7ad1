/// The lists of steps that a runbook names under `fragments`, to stand wherever a list of steps includes them.
final class RunbookFragments {
  private let entries: [YAMLEntry]
  private let cursors: [String: YAMLCursor]
  private var included: Set<String> = []
  private let log: DiagnosticLog

  /// Reads the names; what a fragment holds is read where it is included, because the names that it can use are
  /// those of that place.
  init(_ cursor: YAMLCursor?, log: DiagnosticLog) {
    let found = cursor.map { cursor in (cursor.entries() ?? []).map { ($0, cursor.value(of: $0)) } } ?? []
    entries = found.map(\.0)
    cursors = Dictionary(uniqueKeysWithValues: found.map { ($0.0.key, $0.1) })
    self.log = log
    for entry in entries where !Names.isIdentifier(entry.key) {
      log.error(
        "'\(entry.key)' is not a name for a fragment",
        hint: "Use small letters, digits and '-', from a letter on.", at: entry.keyLocation)
    }
  }

  /// The list that `include` names; nil, and a report, when there is none of that name.
  func steps(named cursor: YAMLCursor) -> YAMLCursor? {
    guard let name = cursor.text() else { return nil }
    included.insert(name)
    guard let steps = cursors[name] else {
      let names = entries.map(\.key)
      cursor.error(
        "there is no fragment '\(name)'",
        hint: DidYouMean.hint(for: name, among: names)
          ?? (names.isEmpty
            ? "The runbook has no fragments." : "There is: \(names.joined(separator: ", "))."))
      return nil
    }
    return steps
  }

  /// Reports fragments that no list includes: nothing has read them.
  func reportUnused() {
    for entry in entries where !included.contains(entry.key) {
      log.error(
        "no step includes the fragment '\(entry.key)'", hint: "Remove it, or add '- include: \(entry.key)'.",
        at: entry.keyLocation)
    }
  }
}
