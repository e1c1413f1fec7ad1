/// The names that expressions can use at one place of a runbook.
struct RunbookScope {
  /// What every scope has; `host` only where a step runs on hosts.
  static let roots = ["inputs", "host", "cluster", "upgrade", "policy", "packages"]

  let inputs: [String]
  let log: DiagnosticLog
  /// Names that `forEach` binds, from the outermost on.
  private(set) var loopVariables: [String] = []
  /// Whether there is an `on` around.
  private(set) var hasHost = false

  init(inputs: [String], log: DiagnosticLog) {
    self.inputs = inputs
    self.log = log
  }

  /// The scope inside of a step.
  func entering(on: Bool, loopVariable: String?) -> RunbookScope {
    var inner = self
    inner.hasHost = hasHost || on
    if let loopVariable, !isTaken(loopVariable) { inner.loopVariables.append(loopVariable) }
    return inner
  }

  /// Whether a new loop variable would hide another name.
  func isTaken(_ name: String) -> Bool { Self.roots.contains(name) || loopVariables.contains(name) }

  /// Reports names that nothing will have bound when the expression is evaluated.
  func check(_ expressions: [Expression]) {
    for reference in expressions.flatMap(\.locatedReferences) { check(reference) }
  }

  private func check(_ reference: ExpressionTerm.Reference) {
    guard let root = reference.path.first else { return }
    let known = Self.roots.filter { $0 != "host" || hasHost } + loopVariables
    if root == "host", !hasHost {
      log.error(
        "there is no 'host' here", hint: "A step has one when it or a group around it has 'on'.",
        at: reference.location)
    } else if !known.contains(root) {
      log.error(
        "'\(root)' is not known here",
        hint: DidYouMean.hint(for: root, among: known) ?? "There is: \(known.joined(separator: ", ")).",
        at: reference.location)
    } else if root == "inputs", reference.path.count > 1, !inputs.contains(reference.path[1]) {
      let name = reference.path[1]
      log.error(
        "there is no input '\(name)'",
        hint: DidYouMean.hint(for: name, among: inputs)
          ?? (inputs.isEmpty
            ? "The runbook has no inputs." : "There is: \(inputs.joined(separator: ", "))."),
        at: reference.location)
    }
  }
}
