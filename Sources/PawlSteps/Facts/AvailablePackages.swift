extension HostFact<[String: [String]]> {
  /// Versions on offer by package, newest first as apt lists them; a version that several sources offer counts once.
  package static let availablePackages = HostFact(
    "available-packages", HostCommand(["apt-cache", "madison"] + KubernetesPackages.versioned)
  ) { result throws(FactError) in
    try offers(inMadison: try result.successfulLines())
  }

  /// Reads the lines of `apt-cache madison`.
  static func offers(inMadison lines: [String]) throws(FactError) -> [String: [String]] {
    var offers: [String: [String]] = [:]
    for line in lines {
      let fields = line.split(separator: "|").map { $0.trimmingBlanks() }
      guard fields.count >= 3 else { throw FactError("a line has not three fields: '\(line)'") }
      // The `Sources` entries of a deb-src line are no packages that could be installed.
      guard !fields[2].hasSuffix(" Sources") else { continue }
      if offers[fields[0], default: []].contains(fields[1]) { continue }
      offers[fields[0], default: []].append(fields[1])
    }
    return offers
  }
}
