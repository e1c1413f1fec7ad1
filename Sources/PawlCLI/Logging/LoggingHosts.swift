import PawlEngine
import PawlSSH
import PawlSteps

/// Hosts whose calls are logged.
struct LoggingHosts: HostSessions {
  let inner: any HostSessions
  let log: CallLog<HostError>

  func session(to host: String) async throws(HostError) -> any HostSession {
    let session = try await log.call("session", ["host": host]) { () throws(HostError) in
      try await inner.session(to: host)
    }
    return LoggingHost(inner: session, log: log)
  }

  func fenced(for cluster: String) -> any HostSessions {
    LoggingHosts(inner: inner.fenced(for: cluster), log: log)
  }
}

private struct LoggingHost: HostSession {
  let inner: any HostSession
  let log: CallLog<HostError>
  var host: String { inner.host }

  func run(_ command: HostCommand) async throws(HostError) -> HostCommandResult {
    try await log.call("run", ["host": host, "command": text(command)], status: { "\($0.status)" }) {
      () throws(HostError) in
      try await inner.run(command)
    }
  }

  func runDetached(
    _ command: HostCommand, key: PawlSteps.JobKey, epoch: Int, onOutput: @escaping @Sendable (String) -> Void
  ) async throws(HostError) -> HostCommandResult {
    try await log.call(
      "runDetached", ["host": host, "job": text(key), "command": text(command)], status: { "\($0.status)" }
    ) { () throws(HostError) in
      try await inner.runDetached(command, key: key, epoch: epoch, onOutput: onOutput)
    }
  }

  func jobState(_ key: PawlSteps.JobKey) async throws(HostError) -> PawlSteps.JobState {
    try await log.call("jobState", ["host": host, "job": text(key)], status: text) { () throws(HostError) in
      try await inner.jobState(key)
    }
  }

  func terminate(_ key: PawlSteps.JobKey) async throws(HostError) {
    try await log.call("terminate", ["host": host, "job": text(key)]) { () throws(HostError) in
      try await inner.terminate(key)
    }
  }

  func runsWithJobs() async throws(HostError) -> [RunID] {
    try await log.call("runsWithJobs", ["host": host], status: { "\($0.count) runs" }) {
      () throws(HostError) in
      try await inner.runsWithJobs()
    }
  }

  func removeJobs(of run: RunID) async throws(HostError) {
    try await log.call("removeJobs", ["host": host, "run": run.text]) { () throws(HostError) in
      try await inner.removeJobs(of: run)
    }
  }

  /// The programs and their arguments; neither the environment nor standard input. Redacted before it is quoted and
  /// cut, for half a secret would not be known as one.
  private func text(_ command: HostCommand) -> String {
    let programs = (command.steps + command.always).map { argv in
      argv.map { shellQuoted(log.redactor.redact($0)) }.joined(separator: " ")
    }
    let text = log.redactor.redact(programs.joined(separator: "; "))
    return text.count > 200 ? text.prefix(199) + "…" : text
  }

  private func text(_ key: PawlSteps.JobKey) -> String { "\(key.run)/\(key.name)" }

  private func text(_ state: PawlSteps.JobState) -> String {
    switch state {
    case .absent: "absent"
    case .running: "running"
    case .finished(let result): "\(result.status)"
    case .lost(let reason): "lost: \(reason)"
    }
  }
}
