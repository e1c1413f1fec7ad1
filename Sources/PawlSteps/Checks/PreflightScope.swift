package import PawlModel

/// What a job is about: problems that can't touch it do not forbid it.
package struct PreflightScope: Sendable, Hashable {
  /// The hosts that `--limit` names; empty for all.
  package let limit: Set<String>
  /// Whether the hosts' own packages are changed, and nothing of Kubernetes.
  package let patching: Bool

  /// Makes a scope.
  package init(limit: Set<String>, patching: Bool) {
    self.limit = limit
    self.patching = patching
  }

  /// Turns errors into warnings that are about workers out of the limit, and those that matter to upgrades only. Of
  /// workers out of reach it says how to go on without them.
  package func relax(_ problems: [CheckProblem], _ inventory: Inventory) -> [CheckProblem] {
    let outside = limit.isEmpty ? [] : inventory.hosts.filter { $0.isWorker && !limit.contains($0.name) }
    let others = Set(outside.flatMap { [$0.name, $0.node] })
    let workers = Set(inventory.hosts.filter(\.isWorker).map(\.name))
    return problems.map { problem in
      let subjects = problem.subject.split(separator: ", ").map(String.init)
      let isOutside = subjects.allSatisfy(others.contains)
      let isForUpgrades = patching && Self.forUpgrades.contains(problem.code)
      var relaxed = problem
      if problem.severity == .error, isOutside || isForUpgrades {
        relaxed.severity = .warning
      } else if problem.kind == .unreachable, subjects.allSatisfy(workers.contains) {
        relaxed.hint = "To go on without, name the other hosts with --limit."
      }
      return relaxed
    }
  }

  /// Where no version moves, a node without a host breaks no skew rule, and nobody needs kubeadm.
  private static let forUpgrades: Set<String> = ["unlisted-node", "package-missing"]
}
