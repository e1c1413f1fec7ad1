import PawlModel

/// Gives a call's parameters their types.
enum ActionParameters {
  /// The parameters with templates filled in and defaults added; durations become seconds.
  static func resolve(
    _ call: ActionCall, _ spec: ActionSpec, in scope: [String: Value]
  ) throws(ExpressionError) -> [String: Value] {
    var result: [String: Value] = [:]
    for parameter in spec.parameters {
      guard let template = call.parameters[parameter.name] else {
        if let value = parameter.defaultValue { result[parameter.name] = value }
        continue
      }
      let value = try template.evaluate(in: scope)
      guard let typed = convert(value, to: parameter) else {
        throw ExpressionError(
          "'\(parameter.name)' of \(spec.reference) must be \(expectation(parameter)), not '\(value)'",
          at: call.location)
      }
      result[parameter.name] = typed
    }
    return result
  }

  /// The value in the parameter's type; nil when it does not fit.
  static func convert(_ value: Value, to parameter: ActionSpec.Parameter) -> Value? {
    switch (parameter.kind, value) {
    case (.string, .string(let text)):
      parameter.allowed.isEmpty || parameter.allowed.contains(text) ? value : nil
    case (.string, .version(let version)): .string(version.description)
    case (.int, .int), (.bool, .bool), (.version, .version): value
    case (.version, .string(let text)): KubernetesVersion(parsing: text).map { .version($0) }
    case (.duration, .int(let seconds)): seconds > 0 ? value : nil
    case (.duration, .string(let text)): seconds(text).map { .int($0) }
    case (.stringList, .list(let items)):
      items.allSatisfy { if case .string = $0 { true } else { false } } ? value : nil
    case (.mapList, .list(let items)):
      items.allSatisfy { if case .map = $0 { true } else { false } } ? value : nil
    default: nil
    }
  }

  private static func seconds(_ text: String) -> Int? {
    do throws(DurationText.Problem) { return try DurationText.seconds(parsing: text) } catch { return nil }
  }

  /// The parameter's type in words.
  static func expectation(_ parameter: ActionSpec.Parameter) -> String {
    if !parameter.allowed.isEmpty { return "one of " + parameter.allowed.joined(separator: ", ") }
    return switch parameter.kind {
    case .string: "text"
    case .int: "a whole number"
    case .bool: "true or false"
    case .version: "a version such as 1.20.15"
    case .duration: "a duration such as 10m"
    case .stringList: "a list of texts"
    case .mapList: "a list of maps"
    }
  }

  /// The step's limit: its own, else the action's; an action with a `timeout` parameter gets a minute on top of it.
  static func timeout(
    of call: ActionCall, _ spec: ActionSpec, _ parameters: [String: Value], in scope: [String: Value]
  ) throws(ExpressionError) -> Int {
    if let template = call.timeout {
      let value = try template.evaluate(in: scope)
      let parameter = ActionSpec.Parameter("timeout", .duration, "")
      guard case .int(let seconds)? = convert(value, to: parameter) else {
        throw ExpressionError("'timeout' must be a duration such as 10m, not '\(value)'", at: call.location)
      }
      return seconds
    }
    if case .int(let own)? = parameters["timeout"] { return max(spec.defaultTimeoutSeconds, own + 60) }
    return spec.defaultTimeoutSeconds
  }
}
