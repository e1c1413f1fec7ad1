extension HostFact<String> {
  /// `PRETTY_NAME` of os-release; `NAME VERSION_ID` where that is missing (os-release(5)).
  package static let operatingSystem = HostFact(
    "operating-system", HostCommand(["cat", "/etc/os-release"])
  ) { result throws(FactError) in
    let fields = releaseFields(try result.successfulLines())
    if let pretty = fields["PRETTY_NAME"], !pretty.isEmpty { return pretty }
    guard let name = fields["NAME"] else { throw FactError("its answer names no operating system") }
    return [name, fields["VERSION_ID"] ?? ""].joined(separator: " ").trimmingBlanks()
  }
}

/// `KEY=value` lines; quotes around a value are taken away.
private func releaseFields(_ lines: [String]) -> [String: String] {
  var fields: [String: String] = [:]
  for line in lines where !line.hasPrefix("#") {
    guard let equals = line.firstIndex(of: "=") else { continue }
    var value = line[line.index(after: equals)...]
    if let quote = value.first, quote == "\"" || quote == "'", value.count >= 2, value.last == quote {
      value = value.dropFirst().dropLast()
    }
    fields[String(line[..<equals])] = String(value)
  }
  return fields
}
