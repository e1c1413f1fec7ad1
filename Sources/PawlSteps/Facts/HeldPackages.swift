extension HostFact<Set<String>> {
  /// Names of the packages on hold. A foreign architecture's suffix (`kubelet:arm64`) is taken away.
  package static let heldPackages = HostFact(
    "held-packages", HostCommand(["apt-mark", "showhold"])
  ) { result throws(FactError) in
    let names = try result.successfulLines()
    return Set(names.map { String($0.prefix { $0 != ":" }) })
  }
}
