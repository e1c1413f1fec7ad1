extension InputDefinition.Kind {
  /// Why a text is not a value of the type.
  struct Problem: Error { let message: String }

  /// The value that a text of the command line stands for.
  func value(parsing text: String) throws(Problem) -> Value {
    switch self {
    case .string: return .string(text)
    case .int:
      guard let number = Int(text), String(number) == text else {
        throw Problem(message: "'\(text)' is not a whole number")
      }
      return .int(number)
    case .bool:
      guard let flag = Bool(text) else { throw Problem(message: "'\(text)' is not true or false") }
      return .bool(flag)
    case .version:
      guard let target = VersionTarget(parsing: text) else {
        throw Problem(message: "'\(text)' is not a version such as 1.20 or 1.20.3")
      }
      return .string(target.description)
    case .duration:
      do { return .int(try DurationText.seconds(parsing: text)) } catch {
        throw Problem(message: error.message)
      }
    }
  }
}

extension Runbook {
  /// The value of every input: what was given on the command line, typed, or the default. Throws every unknown,
  /// missing or wrong input at once.
  ///
  /// A version is text without a leading `v`, a duration a number of seconds.
  package func resolveInputs(_ given: [String: String]) throws(DiagnosticsError) -> [String: Value] {
    var problems: [Diagnostic] = []
    var values: [String: Value] = [:]
    let names = inputs.map(\.name)
    for name in given.keys.sorted() where !names.contains(name) {
      let known = names.isEmpty ? "It has no inputs." : "It has: \(names.joined(separator: ", "))."
      problems.append(
        Diagnostic(
          "the runbook '\(self.name)' has no input '\(name)'",
          hint: DidYouMean.hint(for: name, among: names) ?? known,
          at: nil))
    }
    for input in inputs {
      do {
        values[input.name] = try input.resolve(given[input.name])
      } catch {
        problems.append(Diagnostic(error.message, at: nil))
      }
    }
    guard problems.isEmpty else { throw DiagnosticsError(problems) }
    return values
  }
}

extension InputDefinition {
  fileprivate func resolve(_ text: String?) throws(Kind.Problem) -> Value {
    guard let text else {
      if let defaultValue { return defaultValue }
      throw Kind.Problem(message: "the input '\(name)' is missing: give it with --set \(name)=…")
    }
    let value: Value
    do {
      value = try kind.value(parsing: text)
    } catch {
      throw Kind.Problem(message: "the input '\(name)': \(error.message)")
    }
    guard allowed.isEmpty || allowed.contains(value) else {
      let choices = allowed.map(\.description).joined(separator: ", ")
      throw Kind.Problem(message: "the input '\(name)' has to be one of \(choices), not '\(text)'")
    }
    return value
  }
}
