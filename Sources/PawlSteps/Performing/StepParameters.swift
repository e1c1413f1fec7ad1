package import PawlEngine
package import PawlModel
package import PawlPlan

/// The parameters of a step, read by type. A saved plan brings versions back as text, so both forms are taken.
package struct StepParameters: Sendable {
  private let step: PlanStep

  /// Reads the parameters of a step.
  package init(_ step: PlanStep) { self.step = step }

  /// The inventory host that the step runs on.
  package func host() throws(StepFailure) -> String {
    guard let host = step.host else { throw problem("runs on a host, but none is named") }
    return host
  }

  /// The node's name in the cluster: `node`, which the planner adds, else the host's name.
  package func node() throws(StepFailure) -> String {
    if case .string(let node) = step.with["node"] { return node }
    return try host()
  }

  /// A required version.
  package func version(_ name: String) throws(StepFailure) -> KubernetesVersion {
    switch step.with[name] {
    case .version(let version): return version
    case .string(let text):
      guard let version = KubernetesVersion(parsing: text) else { fallthrough }
      return version
    default: throw problem("needs the version `\(name)`, such as 1.20.15")
    }
  }

  /// One of the texts of an enumeration; the default when it is not given.
  package func choice<Choice: RawRepresentable & CaseIterable>(
    _ name: String, default defaultValue: Choice? = nil
  ) throws(StepFailure) -> Choice where Choice.RawValue == String {
    if let value = step.with[name] {
      if case .string(let text) = value, let choice = Choice(rawValue: text) { return choice }
    } else if let defaultValue {
      return defaultValue
    }
    let allowed = Choice.allCases.map(\.rawValue).joined(separator: ", ")
    throw problem("needs `\(name)` to be one of \(allowed)")
  }

  /// A required text.
  package func text(_ name: String) throws(StepFailure) -> String {
    guard case .string(let text) = step.with[name], !text.isEmpty else {
      throw problem("needs the text `\(name)`")
    }
    return text
  }

  /// A text; the default when it is not given or empty.
  package func text(_ name: String, default defaultValue: String?) throws(StepFailure) -> String? {
    switch step.with[name] {
    case nil, .string(""): return defaultValue
    default: return try text(name)
    }
  }

  /// A required number, given as text.
  package func decimal(_ name: String) throws(StepFailure) -> Double {
    guard let number = Double(try text(name)) else { throw problem("needs `\(name)` to be a number") }
    return number
  }

  /// True or false; the default when it is not given.
  package func flag(_ name: String, default defaultValue: Bool) throws(StepFailure) -> Bool {
    switch step.with[name] {
    case .bool(let flag): return flag
    case nil: return defaultValue
    default: throw problem("needs `\(name)` to be true or false")
    }
  }

  /// A whole number; the default when it is not given.
  package func int(_ name: String, default defaultValue: Int) throws(StepFailure) -> Int {
    switch step.with[name] {
    case .int(let number): return number
    case nil: return defaultValue
    default: throw problem("needs `\(name)` to be a whole number")
    }
  }

  /// A switch; the default when it is not given.
  package func bool(_ name: String, default defaultValue: Bool) throws(StepFailure) -> Bool {
    switch step.with[name] {
    case .bool(let flag): return flag
    case nil: return defaultValue
    default: throw problem("needs `\(name)` to be true or false")
    }
  }

  /// A whole number from 1 on; the default when it is not given.
  package func count(_ name: String, default defaultValue: Int) throws(StepFailure) -> Int {
    let number = try int(name, default: defaultValue)
    guard number >= 1 else { throw problem("needs `\(name)` to be at least 1") }
    return number
  }

  /// A required whole number.
  package func int(_ name: String) throws(StepFailure) -> Int {
    guard case .int(let number) = step.with[name] else { throw problem("needs the whole number `\(name)`") }
    return number
  }

  /// A duration in seconds, given as seconds or as text such as `1h30m`; without a default it is required.
  package func seconds(_ name: String, default defaultValue: Int? = nil) throws(StepFailure) -> Int {
    switch step.with[name] {
    case .int(let seconds) where seconds > 0: return seconds
    case .string(let text):
      guard let seconds = Self.seconds(in: text), seconds > 0 else { fallthrough }
      return seconds
    case .some: throw problem("needs `\(name)` to be a duration such as 10m")
    case nil:
      guard let defaultValue else { throw problem("needs the duration `\(name)`") }
      return defaultValue
    }
  }

  /// A text that may be left out, or be empty.
  package func optionalText(_ name: String) throws(StepFailure) -> String? {
    switch step.with[name] {
    case .string(let text): return text
    case nil: return nil
    default: throw problem("needs `\(name)` to be a text")
    }
  }

  /// Rules for pods; none when they are not given.
  package func podRules(_ name: String) throws(StepFailure) -> [PodRule] {
    guard let value = step.with[name] else { return [] }
    guard case .list(let items) = value else {
      throw problem("needs `\(name)` to be a list of rules for pods")
    }
    let rules = items.compactMap(PodRule.init)
    guard rules.count == items.count else { throw problem("needs `\(name)` to hold rules for pods only") }
    return rules
  }

  /// A list of texts.
  package func texts(_ name: String) throws(StepFailure) -> [String] {
    guard case .list(let items) = step.with[name] else { throw problem("needs the list `\(name)`") }
    var texts: [String] = []
    for item in items {
      guard case .string(let text) = item, !text.isEmpty else {
        throw problem("needs `\(name)` to hold texts")
      }
      texts.append(text)
    }
    return texts
  }

  /// A map from text to text.
  package func textMap(_ name: String) throws(StepFailure) -> [String: String] {
    guard case .map(let entries) = step.with[name] else { throw problem("needs the map `\(name)`") }
    var texts: [String: String] = [:]
    for (key, value) in entries {
      guard case .string(let text) = value else { throw problem("needs `\(name)` to hold texts") }
      texts[key] = text
    }
    return texts
  }

  /// A failure that says what is wrong with the parameters.
  package func problem(_ text: String) -> StepFailure {
    StepFailure(
      code: "invalid-parameters", message: "Step \(step.id) (\(step.uses)) \(text).",
      hint: "Plan again; if the plan comes from a runbook of your own, correct `with` there.")
  }

  /// Reads `90s`, `10m`, `1h30m`, `600`; nil for anything else.
  static func seconds(in text: String) -> Int? {
    if let plain = Int(text) { return plain }
    var total = 0
    var digits = ""
    var lastUnit = Int.max
    for character in text {
      if character.isASCII, character.isNumber {
        digits.append(character)
        continue
      }
      guard let unit = ["h": 3600, "m": 60, "s": 1][character], unit < lastUnit, let number = Int(digits),
        number <= 1_000_000
      else { return nil }
      total += number * unit
      lastUnit = unit
      digits = ""
    }
    return digits.isEmpty && !text.isEmpty ? total : nil
  }
}
