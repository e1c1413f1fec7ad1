/// The mappings of a runbook file, under the names that schemas/runbook.schema.json has for them.
enum RunbookKeys {
  static let runbook = KeySet(
    "a runbook", required: ["apiVersion", "kind", "metadata", "steps"],
    optional: ["inputs", "fragments"])
  static let metadata = KeySet("'metadata'", required: ["name", "version", "description"])
  static let input = KeySet("an input", required: ["type"], optional: ["default", "enum", "description"])
  static let step = KeySet(
    "a step", required: ["id"],
    optional: [
      "title", "needs", "on", "forEach", "as", "parallel", "rollout", "when", "uses", "with", "retry",
      "timeout", "steps",
    ])
  static let include = KeySet("a step that includes a fragment", required: ["include"])
  static let selector = KeySet("'on'", optional: ["role", "group", "pick"])
  static let retry = KeySet("'retry'", required: ["attempts"], optional: ["delay", "maxDelay"])

  /// By definition in the schema.
  static let byDefinition: [String: KeySet] = [
    "runbook": runbook, "metadata": metadata, "input": input, "step": step, "include": include,
    "selector": selector, "retry": retry,
  ]
}
