extension PlanRollout {
  /// Whether there is more to say than that the workers come one after the other.
  var hasShape: Bool {
    waves.count > 1 || waves.contains { $0.zones.count > 1 || $0.parallel > 1 } || !unavailable.isEmpty
      || soakSeconds > 0 || !windows.isEmpty || approval != nil || failureBudget > 0
  }

  /// What is worth saying, as rows of a name and a text.
  var rows: [(head: String, text: String)] {
    var rows = waves.map { ($0.name, $0.words) }
    if !unavailable.isEmpty {
      let room = max(0, maxUnavailable - unavailable.count)
      rows.append(
        (
          "unavailable",
          "\(unavailable.joined(separator: ", ")), out already; that leaves \(room) of \(maxUnavailable) to the rollout"
        ))
    }
    if soakSeconds > 0 {
      rows.append(
        ("soak", "\(PlanReport.duration(soakSeconds)) between \(waves.count > 1 ? "waves" : "nodes")"))
    }
    if !windows.isEmpty { rows.append(("windows", windows.joined(separator: "; "))) }
    if let approval { rows.append(("approval", approval == "run" ? "of the run" : "of each \(approval)")) }
    if failureBudget > 0 {
      rows.append(
        (
          "failures",
          (failureBudget == 1
            ? "1 worker may fail and is" : "up to \(failureBudget) workers may fail and are")
            + " left behind; one more stops the run"
        ))
    }
    return rows
  }
}

extension PlanRollout.Wave {
  /// `worker-1, worker-2; then worker-3; 2 at once`: zones are parted by `then`.
  var words: String {
    zones.map { $0.joined(separator: ", ") }.joined(separator: "; then ")
      + (parallel > 1 ? "; \(parallel) at once" : "")
  }
}
