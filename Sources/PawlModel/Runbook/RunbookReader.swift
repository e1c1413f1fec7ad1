extension Runbook {
  /// Reads a runbook file; throws all its problems at once.
  package static func read(text: String, file: String) throws(DiagnosticsError) -> Runbook {
    let document = try YAMLDocument(text: text, file: file)
    let log = DiagnosticLog()
    let root = YAMLCursor(node: document.root, log: log, name: "the file")
    try FileHeader.check(root, kind: "Runbook")
    let runbook = RunbookReader(log: log).runbook(root, digest: ContentDigest.hex(of: Array(text.utf8)))
    try log.throwErrors()
    guard let runbook else {
      throw DiagnosticsError([Diagnostic("the file is not a runbook", at: root.location)])
    }
    return runbook
  }
}

/// Decodes what stands around the steps.
struct RunbookReader {
  let log: DiagnosticLog

  func runbook(_ root: YAMLCursor, digest: String) -> Runbook? {
    guard let mapping = root.mapping(RunbookKeys.runbook) else { return nil }
    let metadata = mapping["metadata"]?.mapping(RunbookKeys.metadata)
    let (inputs, inputNames) = mapping["inputs"].map(readInputs) ?? ([], [])
    let scope = RunbookScope(inputs: inputNames, log: log)
    let fragments = RunbookFragments(mapping["fragments"], log: log)
    let reader = StepReader(log: log, fragments: fragments)
    let steps = mapping["steps"].map { reader.steps($0, scope: scope) } ?? []
    fragments.reportUnused()
    return Runbook(
      name: metadata?["name"].flatMap(identifier) ?? "", version: metadata?["version"].flatMap(version) ?? "",
      summary: metadata?["description"]?.text() ?? "", inputs: inputs, steps: steps, digest: digest)
  }

  private func identifier(_ cursor: YAMLCursor) -> String? {
    guard let text = cursor.text() else { return nil }
    guard Names.isIdentifier(text) else {
      cursor.error("'\(text)' is not a name", hint: "Use small letters, digits and '-', from a letter on.")
      return nil
    }
    return text
  }

  private func version(_ cursor: YAMLCursor) -> String? {
    guard let text = cursor.text() else { return nil }
    // The same three numbers that Kubernetes has.
    guard KubernetesVersion(parsing: text) != nil, !text.hasPrefix("v") else {
      cursor.error("'\(text)' is not a version", hint: "Write three numbers, such as 1.0.0.")
      return nil
    }
    return text
  }

  /// The inputs that could be read, and the names of all.
  private func readInputs(_ cursor: YAMLCursor) -> ([InputDefinition], [String]) {
    let entries = cursor.entries() ?? []
    for entry in entries where !Names.isVariable(entry.key) {
      log.error(
        "'\(entry.key)' is not a name for an input",
        hint: "Use letters, digits and '_', from a small letter on.",
        at: entry.keyLocation)
    }
    let inputs = entries.compactMap { readInput(named: $0.key, cursor.value(of: $0)) }
    return (inputs, entries.map(\.key))
  }

  private func readInput(named name: String, _ cursor: YAMLCursor) -> InputDefinition? {
    guard let mapping = cursor.mapping(RunbookKeys.input) else { return nil }
    let summary = mapping["description"]?.text() ?? ""
    guard let kind = mapping["type"]?.choice(InputDefinition.Kind.self) else { return nil }
    let allowed = mapping["enum"]?.list(of: "an item of 'enum'")?.compactMap { $0.inputValue(of: kind) } ?? []
    if let cursor = mapping["enum"], case .list(let items) = cursor.node.content, items.isEmpty {
      cursor.error("'enum' is empty")
    }
    let defaultValue = mapping["default"]?.inputValue(of: kind)
    if let defaultValue, !allowed.isEmpty, !allowed.contains(defaultValue) {
      mapping["default"]?.error("the default is not one of the values of 'enum'")
    }
    return InputDefinition(
      name: name, kind: kind, defaultValue: defaultValue, allowed: allowed, summary: summary)
  }
}

extension YAMLCursor {
  /// A value for an input of that type: a version stays text, a duration becomes seconds.
  fileprivate func inputValue(of kind: InputDefinition.Kind) -> Value? {
    switch kind {
    case .int: return integer(in: Int.min...Int.max).map(Value.int)
    case .bool: return bool().map(Value.bool)
    case .duration: return duration().map(Value.int)
    // A text may be empty, when that is written in so many words.
    case .string:
      return scalar.map { !$0.isNull && $0.text.isEmpty } == true ? .string("") : text().map(Value.string)
    case .version:
      guard let text = text() else { return nil }
      do {
        return try kind.value(parsing: text)
      } catch {
        self.error("\(name): \(error.message)")
        return nil
      }
    }
  }
}
