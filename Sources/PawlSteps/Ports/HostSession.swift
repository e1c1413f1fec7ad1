package import PawlEngine

/// What is run on a host: one program, or several in order. Never a shell text made by hand.
package struct HostCommand: Sendable, Hashable {
  /// Programs with their arguments, run in order; the first that fails ends the list.
  package var steps: [[String]]
  /// Run afterwards whatever happened, in order; their status does not count.
  package var always: [[String]]
  package var environment: [String: String]
  package var standardInput: [UInt8]?
  /// As root; by `sudo -n` when the login is not root.
  package var asRoot: Bool
  package var timeoutSeconds: Int

  /// One program.
  package init(_ argv: [String], asRoot: Bool = false, timeoutSeconds: Int = 60) {
    self.init(steps: [argv], asRoot: asRoot, timeoutSeconds: timeoutSeconds)
  }

  /// Several programs.
  package init(
    steps: [[String]], always: [[String]] = [], environment: [String: String] = [:],
    standardInput: [UInt8]? = nil,
    asRoot: Bool, timeoutSeconds: Int
  ) {
    self.steps = steps
    self.always = always
    self.environment = environment
    self.standardInput = standardInput
    self.asRoot = asRoot
    self.timeoutSeconds = timeoutSeconds
  }
}

/// How a command ended.
package struct HostCommandResult: Sendable, Hashable {
  /// 0 for success; 128 + the signal's number when one ended it.
  package var status: Int
  /// Standard output, decoded leniently and capped.
  package var output: String
  /// Standard error, likewise.
  package var errorOutput: String

  /// Makes a result.
  package init(status: Int, output: String, errorOutput: String = "") {
    self.status = status
    self.output = output
    self.errorOutput = errorOutput
  }

  /// Whether it ended with 0.
  package var succeeded: Bool { status == 0 }
}

/// Names a detached command of a step: the same key finds it again after a lost link, a crash or a reboot.
package struct JobKey: Sendable, Hashable {
  package var run: RunID
  /// `STEP.ATTEMPT.NUMBER`.
  package var name: String

  /// Makes a key.
  package init(run: RunID, name: String) {
    self.run = run
    self.name = name
  }
}

/// What a host knows of a detached command.
package enum JobState: Sendable, Hashable {
  case absent
  case running
  case finished(HostCommandResult)
  /// It ended without leaving a status: the host was rebooted or the command was killed.
  case lost(String)
}

/// Why a host could not be used.
package struct HostError: Error, Sendable, Hashable, CustomStringConvertible {
  /// The kind of trouble.
  package enum Code: String, Sendable, Hashable {
    case unreachable, hostKey, authentication, linkLost, timedOut, fenced, cancelled, failed
  }

  package let code: Code
  /// One sentence with the hop, the cause and the next thing to do.
  package let message: String

  /// Makes an error.
  package init(_ code: Code, _ message: String) {
    self.code = code
    self.message = message
  }

  package var description: String { message }
}

/// A logged-in host. Contract: `HostSessionContract` in the tests.
package protocol HostSession: Sendable {
  /// The inventory's name of the host.
  var host: String { get }
  /// Runs a short command that changes nothing and waits for it.
  func run(_ command: HostCommand) async throws(HostError) -> HostCommandResult
  /// Runs a command that outlives the link and this process. With a key that the host knows already, goes on
  /// watching that command, or gives its stored result, instead of starting it again.
  func runDetached(
    _ command: HostCommand, key: JobKey, epoch: Int, onOutput: @escaping @Sendable (String) -> Void
  ) async throws(HostError) -> HostCommandResult
  /// What became of a detached command.
  func jobState(_ key: JobKey) async throws(HostError) -> JobState
  /// Ends a detached command and its children.
  func terminate(_ key: JobKey) async throws(HostError)
  /// Runs whose detached commands left something on the host, sorted.
  func runsWithJobs() async throws(HostError) -> [RunID]
  /// Removes what the run's detached commands left on the host.
  func removeJobs(of run: RunID) async throws(HostError)
}

/// Gives sessions to hosts, opening and re-opening links as needed.
package protocol HostSessions: Sendable {
  /// A session to the inventory host of that name.
  func session(to host: String) async throws(HostError) -> any HostSession
  /// The same hosts, whose commands also carry the identity of the cluster that an epoch belongs to.
  func fenced(for cluster: String) -> any HostSessions
}

extension HostSessions {
  /// For hosts that know one cluster only.
  package func fenced(for cluster: String) -> any HostSessions { self }
}
