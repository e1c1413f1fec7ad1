extension HostFact<[String]> {
  /// Names of packages that dpkg calls half-installed, half-configured or waiting, in its order.
  ///
  /// `dpkg --audit` prints paragraphs of prose; each package stands in a line of its own that begins with one
  /// blank and the name.
  package static let brokenPackages = HostFact(
    "broken-packages", HostCommand(["dpkg", "--audit"])
  ) { result throws(FactError) in
    guard result.status == 0 || result.status == 1 else { throw FactError(result.failureSummary) }
    var names: [String] = []
    for line in result.output.split(whereSeparator: \.isNewline) {
      guard line.hasPrefix(" "), let name = line.split(separator: " ").first.map(String.init) else {
        continue
      }
      if !names.contains(name) { names.append(name) }
    }
    return names
  }
}
