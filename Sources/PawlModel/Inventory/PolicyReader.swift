// The section `policy`.
extension InventoryReader {
  /// `workers` is what a share of nodes is taken of.
  mutating func readPolicy(_ cursor: YAMLCursor, workers: Int) -> Policy {
    guard let mapping = cursor.mapping(InventoryKeys.policy) else { return Policy() }
    let defaults = Policy()
    places.maxUnavailable = mapping["maxUnavailable"]?.location
    return Policy(
      maxUnavailable: mapping["maxUnavailable"].flatMap(share)?.nodes(of: workers) ?? defaults.maxUnavailable,
      drainTimeoutSeconds: mapping["drainTimeout"]?.duration(atLeast: 1) ?? defaults.drainTimeoutSeconds,
      localData: mapping["localData"]?.choice(Policy.LossPolicy.self) ?? defaults.localData,
      unmanagedPods: mapping["unmanagedPods"]?.choice(Policy.LossPolicy.self) ?? defaults.unmanagedPods,
      onFailure: mapping["onFailure"]?.choice(Policy.FailurePolicy.self) ?? defaults.onFailure,
      drain: mapping["drain"].map { drainSettings($0) } ?? defaults.drain,
      patch: mapping["patch"].map(readPatchPolicy) ?? defaults.patch,
      gates: mapping["gates"].map(
        GatesReader(log: log, path: path, holdsCertificates: holdsCertificates).gates)
        ?? defaults.gates,
      rollout: mapping["rollout"].map { readRollout($0) })
  }

  private func readPatchPolicy(_ cursor: YAMLCursor) -> PatchPolicy {
    let command = cursor.mapping(InventoryKeys.patchPolicy)?["rebootRequiredCommand"]
    let words = command?.list(of: "an item of 'rebootRequiredCommand'")?.compactMap { $0.text() }
    if words?.first?.hasPrefix("/") == false {
      command?.error(
        "'rebootRequiredCommand' has to begin with the full path of a program on the hosts",
        hint: "Write a list: [/usr/local/sbin/needs-reboot, --quiet].")
    }
    return PatchPolicy(rebootRequiredCommand: words ?? [])
  }

  /// `2` or `25%`.
  private func share(_ cursor: YAMLCursor) -> NodeShare? {
    if let scalar = cursor.scalar, scalar.text.hasSuffix("%") {
      if let share = NodeShare(parsing: scalar.text) { return share }
      cursor.error("\(cursor.name) has to be a share from 1% to 100%, not '\(scalar.text)'")
      return nil
    }
    return cursor.integer(in: 1...NodeShare.most).map { .count($0) }
  }

  // MARK: Rollout

  private mutating func readRollout(_ cursor: YAMLCursor) -> RolloutPolicy {
    guard let mapping = cursor.mapping(InventoryKeys.rollout) else { return RolloutPolicy() }
    places.canary = mapping["canary"].flatMap(names) ?? []
    let waves = mapping["waves"]?.list(of: "an item of 'waves'")?.compactMap { wave($0) }
    let windows = mapping["windows"]?.list(of: "an item of 'windows'")?.compactMap { window($0) }
    return RolloutPolicy(
      canary: places.canary.map(\.name), waves: waves ?? [],
      soakSeconds: mapping["soak"]?.duration(atLeast: 1) ?? 0, windows: windows ?? [],
      approval: mapping["approval"]?.choice(RolloutPolicy.Approval.self),
      failureBudget: mapping["failureBudget"]?.integer(in: 0...NodeShare.most) ?? 0)
  }

  /// A number, a share, or a group's name.
  private mutating func wave(_ cursor: YAMLCursor) -> RolloutPolicy.Wave? {
    guard let scalar = cursor.scalar, !scalar.isNumber, !scalar.text.hasSuffix("%") else {
      return share(cursor).map { .share($0) }
    }
    guard let group = cursor.text() else { return nil }
    places.waveGroups.append(LocatedName(group, at: cursor.location))
    return .group(group)
  }

  private func window(_ cursor: YAMLCursor) -> MaintenanceWindow? {
    guard let mapping = cursor.mapping(InventoryKeys.window) else { return nil }
    let days = mapping["days"].map(days) ?? []
    let from = mapping["from"].flatMap(timeOfDay)
    let to = mapping["to"].flatMap(timeOfDay)
    if let from, from == to { mapping["to"]?.error("the window ends when it begins") }
    let zone = mapping["timeZone"].flatMap(timeZone)
    guard !days.isEmpty, let from, let to, let zone else { return nil }
    return MaintenanceWindow(days: days, fromMinute: from, toMinute: to, timeZone: zone)
  }

  private func days(_ cursor: YAMLCursor) -> [MaintenanceWindow.Day] {
    guard let items = cursor.list(of: "an item of 'days'") else { return [] }
    if items.isEmpty { cursor.error("'days' is empty") }
    var days: [MaintenanceWindow.Day] = []
    for item in items {
      guard let day = item.choice(MaintenanceWindow.Day.self) else { continue }
      if days.contains(day) { item.error("\(day.rawValue) is given twice") }
      days.append(day)
    }
    return days
  }

  private func timeOfDay(_ cursor: YAMLCursor) -> Int? {
    guard let text = cursor.text() else { return nil }
    if let minute = MaintenanceWindow.minute(parsing: text) { return minute }
    cursor.error(
      "'\(text)' is not a time of day", hint: "Write it with two digits each, from 00:00 to 23:59.")
    return nil
  }

  private func timeZone(_ cursor: YAMLCursor) -> String? {
    guard let text = cursor.text() else { return nil }
    if MaintenanceWindow.isTimeZone(text) { return text }
    cursor.error(
      "there is no time zone '\(text)'",
      hint: "Use a name of the time zone database, such as UTC or Europe/Berlin.")
    return nil
  }
}
