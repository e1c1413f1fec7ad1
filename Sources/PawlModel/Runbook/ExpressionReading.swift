/// Expressions and templates as values of a file: their mistakes and unknown names are reported where they stand.
extension YAMLCursor {
  /// An expression, bare or in `${{ }}`.
  func expression(in scope: RunbookScope) -> Expression? {
    guard let scalar else {
      error("\(name) has to be an expression, not \(found)")
      return nil
    }
    return checked(in: scope) { () throws(DiagnosticsError) in
      let expression = try Expression(parsing: scalar.text, places: scalar.places)
      return (expression, [expression])
    }
  }

  /// Text with `${{ }}` parts.
  func template(in scope: RunbookScope) -> Template? {
    guard let text = text(), let scalar else { return nil }
    return checked(in: scope) { () throws(DiagnosticsError) in
      let template = try Template(parsing: text, places: scalar.places)
      return (template, template.expressions)
    }
  }

  /// Any value; text with `${{ }}` in it becomes a template.
  func valueTemplate(in scope: RunbookScope) -> ValueTemplate? {
    switch node.content {
    case .list:
      return .list((list(of: "an item of \(name)") ?? []).compactMap { $0.valueTemplate(in: scope) })
    case .mapping:
      let pairs = (entries() ?? []).compactMap { entry in
        value(of: entry).valueTemplate(in: scope).map { (entry.key, $0) }
      }
      return .map(Dictionary(pairs, uniquingKeysWith: { first, _ in first }))
    case .scalar(let scalar):
      if scalar.isNull { return .literal(.null) }
      if let flag = scalar.bool { return .literal(.bool(flag)) }
      if let number = scalar.int { return .literal(.int(number)) }
      if scalar.isNumber {
        error("\(name) is a number that is not whole", hint: "Put it in quotes: \"\(scalar.text)\".")
        return nil
      }
      guard Template.isTemplate(scalar.text) else { return .literal(.string(scalar.text)) }
      return template(in: scope).map(ValueTemplate.template)
    }
  }

  /// A duration, which becomes its seconds, or a template.
  func durationTemplate(in scope: RunbookScope) -> ValueTemplate? {
    if let scalar, Template.isTemplate(scalar.text) { return template(in: scope).map(ValueTemplate.template) }
    return duration(atLeast: 1).map { .literal(.int($0)) }
  }

  private func checked<T>(
    in scope: RunbookScope, _ read: () throws(DiagnosticsError) -> (T, [Expression])
  ) -> T? {
    do {
      let (value, expressions) = try read()
      scope.check(expressions)
      return value
    } catch {
      log.add(error)
      return nil
    }
  }
}
