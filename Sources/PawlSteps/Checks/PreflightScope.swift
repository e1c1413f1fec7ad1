package import PawlModel
package import PawlPlan

/// What a job is about: problems that can't touch it do not forbid it.
package struct PreflightScope: Sendable, Hashable {
  /// The hosts that `--limit` names; empty for all.
  package let limit: Set<String>
  /// Whether the hosts' own packages are changed, and nothing of Kubernetes.
  package let patching: Bool
  /// Workers out of reach that the job may go without.
  package let failureBudget: Int

  /// Makes a scope.
  package init(limit: Set<String>, patching: Bool, failureBudget: Int = 0) {
    self.limit = limit
    self.patching = patching
    self.failureBudget = failureBudget
  }

  /// The workers that are left behind because they are out of reach; none when they are more than the failure budget
  /// allows, or all that the job is for. One with an etcd member is not left behind: the others' quorum is at stake.
  package func leftBehind(_ problems: [CheckProblem], _ inventory: Inventory) -> [UnreachableWorker] {
    let concerned = inventory.hosts.filter(isInside)
    let workers = concerned.filter { $0.isWorker && !$0.roles.contains(.etcd) }
    let reasons = problems.filter { $0.isOutOfReach }.map { (subjects: $0.subjects, reason: $0.message) }
    let found = workers.compactMap { worker in
      reasons.first { $0.subjects.contains(worker.name) }
        .map { UnreachableWorker(host: worker.name, node: worker.node, reason: $0.reason) }
    }
    return found.count <= failureBudget && found.count < concerned.count ? found : []
  }

  /// Turns errors into warnings that are about workers out of the limit or left behind, and those that matter to
  /// upgrades only. Of other workers out of reach it says how to go on without them.
  package func relax(
    _ problems: [CheckProblem], _ inventory: Inventory, leftBehind: [UnreachableWorker] = []
  ) -> [CheckProblem] {
    let outside = inventory.hosts.filter { $0.isWorker && !isInside($0) }
    let others = Set(outside.flatMap { [$0.name, $0.node] } + leftBehind.flatMap { [$0.host, $0.node] })
    let workers = Set(inventory.hosts.filter(\.isWorker).map(\.name))
    return problems.map { problem in
      let isOutside = problem.subjects.allSatisfy(others.contains)
      let isForUpgrades = patching && Self.forUpgrades.contains(problem.code)
      var relaxed = problem
      if problem.severity == .error, isOutside || isForUpgrades {
        relaxed.severity = .warning
      } else if problem.isOutOfReach, problem.subjects.allSatisfy(workers.contains) {
        relaxed.hint =
          failureBudget == 0
          ? "To go on without, name the other hosts with --limit."
          : "'policy.rollout.failureBudget' lets \(failureBudget) be left behind; to go on without, name the other "
            + "hosts with --limit."
      }
      return relaxed
    }
  }

  private func isInside(_ host: Host) -> Bool { limit.isEmpty || limit.contains(host.name) }

  /// Where no version moves, a node without a host breaks no skew rule, and nobody needs kubeadm.
  private static let forUpgrades: Set<String> = ["unlisted-node", "package-missing"]
}

extension CheckProblem {
  /// The hosts, or the one thing, that it is about.
  fileprivate var subjects: [String] { subject.split(separator: ", ").map(String.init) }
  fileprivate var isOutOfReach: Bool { severity == .error && kind == .unreachable }
}
