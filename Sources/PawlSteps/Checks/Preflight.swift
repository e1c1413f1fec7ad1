package import PawlModel

/// Everything that is looked at before anything is touched.
///
/// To add a check: one value in `HostChecks` or `ClusterChecks`, named in the list there, and a row in its test.
package enum Preflight {
  /// Finds every problem in facts. Errors come before warnings, each in the order of the checks.
  /// - Parameter skew: the version-skew rules, applied to what runs now.
  package static func check(
    _ inventory: Inventory, _ facts: Facts, skew: (Facts) -> [CheckProblem]
  ) -> [CheckProblem] {
    ordered(missingFacts(inventory, facts) + checkAll(inventory, facts, skew: skew))
  }

  /// The same for what was gathered, with the gathering's own problems: those say why a host's facts are missing.
  /// Without an API server the hosts are checked by themselves.
  package static func check(
    _ inventory: Inventory, _ report: FactReport, skew: (Facts) -> [CheckProblem]
  ) -> [CheckProblem] {
    guard let facts = report.facts else {
      return ordered(report.problems + checkHosts(inventory, report.hosts))
    }
    return ordered(report.problems + checkAll(inventory, facts, skew: skew))
  }

  /// The checks that need no API server.
  package static func checkHosts(_ inventory: Inventory, _ hosts: [String: HostFacts]) -> [CheckProblem] {
    HostChecks.all.flatMap { check in
      inventory.hosts.flatMap { host in hosts[host.name].map { check.find(host, $0) } ?? [] }
    }
  }

  private static func checkAll(
    _ inventory: Inventory, _ facts: Facts, skew: (Facts) -> [CheckProblem]
  ) -> [CheckProblem] {
    ClusterChecks.all.flatMap { $0.find(inventory, facts) } + skew(facts) + checkHosts(inventory, facts.hosts)
  }

  private static func missingFacts(_ inventory: Inventory, _ facts: Facts) -> [CheckProblem] {
    inventory.hosts.filter { facts.hosts[$0.name] == nil }.map { host in
      CheckProblem(
        subject: host.name, code: "facts-missing", message: "Nothing is known of the host \(host.name).",
        hint: "Gather the facts again.")
    }
  }

  private static func ordered(_ problems: [CheckProblem]) -> [CheckProblem] {
    problems.filter { $0.severity == .error } + problems.filter { $0.severity == .warning }
  }
}
