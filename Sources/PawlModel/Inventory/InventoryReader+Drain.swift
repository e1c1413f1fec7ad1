extension InventoryReader {
  /// `policy.drain`.
  func drainSettings(_ cursor: YAMLCursor) -> DrainSettings {
    guard let mapping = cursor.mapping(InventoryKeys.drain) else { return DrainSettings() }
    let defaults = DrainSettings()
    return DrainSettings(
      pods: mapping["pods"]?.list(of: "an item of 'pods'")?.compactMap(podRule) ?? defaults.pods,
      atLimit: mapping["atLimit"]?.choice(DrainSettings.AtLimit.self) ?? defaults.atLimit,
      maxParallelEvictions: mapping["maxParallelEvictions"]?.integer(in: 1...100)
        ?? defaults.maxParallelEvictions)
  }

  private func podRule(_ cursor: YAMLCursor) -> PodRule? {
    guard let mapping = cursor.mapping(InventoryKeys.podRule) else { return nil }
    if mapping["namespace"] == nil, mapping["labels"] == nil {
      cursor.error("a pod rule needs 'namespace' or 'labels'", hint: "It would speak of every pod.")
    }
    if mapping["action"] == nil, mapping["order"] == nil {
      cursor.error("a pod rule needs 'action' or 'order'", hint: "It would say nothing.")
    }
    return PodRule(
      namespace: mapping["namespace"].flatMap(objectName), labels: mapping["labels"].map(labels) ?? [:],
      action: mapping["action"]?.choice(PodRule.Action.self, hints: ["delete": PodRule.insteadOfDeleting]),
      order: mapping["order"]?.integer(in: -1000...1000))
  }
}
