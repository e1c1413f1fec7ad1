/// Decodes steps and groups of steps, with the checks that need no inventory and no catalogue of actions.
struct StepReader {
  let log: DiagnosticLog
  let fragments: RunbookFragments

  /// The steps of one list.
  func steps(_ cursor: YAMLCursor, scope: RunbookScope) -> [RunbookStep] {
    let steps = siblings(cursor, scope: scope, inFragment: false)
    StepOrder(steps: steps, log: log).check()
    return steps.map(\.step)
  }

  /// The steps of a list, those of the fragments that it includes in their places.
  private func siblings(_ cursor: YAMLCursor, scope: RunbookScope, inFragment: Bool) -> [StepOrder.Sibling] {
    guard let items = cursor.list(of: "an item of \(cursor.name)") else { return [] }
    if items.isEmpty { cursor.error("\(cursor.name) is empty") }
    return items.flatMap { item in
      guard item.has("include") else { return [step(item, scope: scope)].compactMap(\.self) }
      guard let name = item.mapping(RunbookKeys.include)?["include"] else { return [] }
      if inFragment {
        name.error("a fragment can't include another one", hint: "Include both where the steps belong.")
        return []
      }
      return fragments.steps(named: name).map { siblings($0, scope: scope, inFragment: true) } ?? []
    }
  }

  private func step(_ cursor: YAMLCursor, scope: RunbookScope) -> StepOrder.Sibling? {
    guard let mapping = cursor.mapping(RunbookKeys.step) else { return nil }
    let selector = mapping["on"].flatMap(readSelector)
    let forEach = mapping["forEach"]?.expression(in: scope)
    let loopVariable = readLoopVariable(mapping, scope: scope)
    let inner = scope.entering(
      on: mapping["on"] != nil, loopVariable: mapping["forEach"] == nil ? nil : loopVariable)
    if let parallel = mapping["parallel"], mapping["on"] == nil, mapping["forEach"] == nil {
      parallel.error("'parallel' needs 'on' or 'forEach': there is nothing to repeat")
    }
    let rollout = mapping["rollout"]?.bool() ?? false
    if rollout, mapping["on"] == nil || mapping["forEach"] != nil || mapping["steps"] == nil {
      mapping["rollout"]?.error("'rollout' needs a group with 'on' and 'steps', and no 'forEach'")
    }
    let step = RunbookStep(
      id: mapping["id"].flatMap(identifier) ?? "", title: mapping["title"]?.template(in: inner),
      needs: mapping["needs"].flatMap(names), on: selector, forEach: forEach, loopVariable: loopVariable,
      parallel: mapping["parallel"]?.expression(in: scope), when: mapping["when"]?.expression(in: inner),
      rollout: rollout, body: body(mapping, scope: inner), location: cursor.location)
    return StepOrder.Sibling(step: step, idLocation: mapping["id"]?.location ?? cursor.location)
  }

  private func identifier(_ cursor: YAMLCursor) -> String? {
    guard let text = cursor.text() else { return nil }
    guard Names.isIdentifier(text) else {
      cursor.error("'\(text)' is not an id", hint: "Use small letters, digits and '-', from a letter on.")
      return nil
    }
    return text
  }

  private func names(_ cursor: YAMLCursor) -> [LocatedName]? {
    cursor.list(of: "an item of \(cursor.name)")?.compactMap { item in
      item.text().map { LocatedName($0, at: item.location) }
    }
  }

  private func readLoopVariable(_ mapping: YAMLMapping, scope: RunbookScope) -> String {
    let standard = "item"
    let cursor = mapping["as"]
    let name = cursor?.text() ?? standard
    if let cursor, mapping["forEach"] == nil {
      cursor.error("'as' names what 'forEach' binds, and there is none")
    }
    guard mapping["forEach"] != nil else { return standard }
    let place = cursor ?? mapping["forEach"]
    if !Names.isVariable(name) {
      place?.error("'\(name)' is not a name", hint: "Use letters, digits and '_', from a small letter on.")
    } else if scope.isTaken(name) {
      place?.error("'\(name)' is taken already", hint: "Choose another name with 'as'.")
    }
    return name
  }

  private func readSelector(_ cursor: YAMLCursor) -> HostSelector? {
    guard let mapping = cursor.mapping(RunbookKeys.selector) else { return nil }
    return HostSelector(
      role: mapping["role"]?.choice(HostRole.self), group: mapping["group"]?.text(),
      pick: mapping["pick"]?.choice(HostSelector.Pick.self) ?? .all, location: cursor.location)
  }

  // MARK: Body

  private func body(_ mapping: YAMLMapping, scope: RunbookScope) -> RunbookStep.Body {
    switch (mapping["uses"], mapping["steps"]) {
    case (let uses?, nil): return .action(call(uses, mapping, scope: scope))
    case (nil, let group?):
      for key in ["with", "retry", "timeout"] {
        mapping[key]?.error("'\(key)' belongs to a step with 'uses', not to a group")
      }
      return .group(steps(group, scope: scope))
    case (let uses?, let group?):
      group.error("a step has 'uses' or 'steps', not both")
      _ = steps(group, scope: scope)
      return .action(call(uses, mapping, scope: scope))
    case (nil, nil):
      log.error("a step needs 'uses' or 'steps'", at: mapping.location)
      return .group([])
    }
  }

  private func call(_ uses: YAMLCursor, _ mapping: YAMLMapping, scope: RunbookScope) -> ActionCall {
    let (name, version) = reference(uses) ?? ("", 0)
    return ActionCall(
      name: name, version: version, parameters: mapping["with"].map { parameters($0, scope: scope) } ?? [:],
      retry: mapping["retry"].flatMap(readRetry), timeout: mapping["timeout"]?.durationTemplate(in: scope),
      location: uses.location)
  }

  /// `area/verb@v1`.
  private func reference(_ cursor: YAMLCursor) -> (String, Int)? {
    guard let text = cursor.text() else { return nil }
    let halves = text.split(separator: "@", omittingEmptySubsequences: false)
    let names = halves[0].split(separator: "/", omittingEmptySubsequences: false).map(String.init)
    let digits = halves.count == 2 && halves[1].hasPrefix("v") ? halves[1].dropFirst() : ""
    guard names.count == 2, names.allSatisfy(Names.isIdentifier), let version = Int(digits),
      (1...999).contains(version), String(version) == digits
    else {
      cursor.error("'\(text)' does not name an action", hint: "Write area/name@v1, such as node/drain@v1.")
      return nil
    }
    return (String(halves[0]), version)
  }

  private func parameters(_ cursor: YAMLCursor, scope: RunbookScope) -> [String: ValueTemplate] {
    var parameters: [String: ValueTemplate] = [:]
    for entry in cursor.entries() ?? [] {
      if !Names.isVariable(entry.key) {
        log.error("'\(entry.key)' is not a name for a parameter", at: entry.keyLocation)
      }
      parameters[entry.key] = cursor.value(of: entry).valueTemplate(in: scope)
    }
    return parameters
  }

  private func readRetry(_ cursor: YAMLCursor) -> RetryPolicy? {
    guard let mapping = cursor.mapping(RunbookKeys.retry) else { return nil }
    let standard = RetryPolicy(attempts: 1)
    let delay = mapping["delay"]?.duration() ?? standard.delaySeconds
    let longest = mapping["maxDelay"]?.duration() ?? max(standard.maxDelaySeconds, delay)
    if longest < delay { mapping["maxDelay"]?.error("'maxDelay' is shorter than 'delay'") }
    return RetryPolicy(
      attempts: mapping["attempts"]?.integer(in: 1...100) ?? 1, delaySeconds: delay, maxDelaySeconds: longest)
  }
}
