import PawlEngine
package import PawlSteps
import Testing

/// What every `HostSession` does, whatever is behind it. Run it with a subject for each implementation.
package enum HostSessionContract {
  /// A host to try it on, fresh for each case.
  package struct Subject: Sendable {
    package var session: any HostSession
    /// Changes the host, says something and succeeds.
    package var counted: HostCommand
    /// How many times `counted` has done its work.
    package var timesCounted: @Sendable () async throws -> Int
    /// Goes on until it is ended.
    package var endless: HostCommand
    /// Goes on beyond its limit, which is short.
    package var overlong: HostCommand

    /// Makes a subject.
    package init(
      session: any HostSession, counted: HostCommand,
      timesCounted: @escaping @Sendable () async throws -> Int,
      endless: HostCommand, overlong: HostCommand
    ) {
      self.session = session
      self.counted = counted
      self.timesCounted = timesCounted
      self.endless = endless
      self.overlong = overlong
    }
  }

  /// The names of the cases, for a parameterized test.
  package static var names: [String] { cases.map(\.name) }

  /// Runs one case.
  package static func run(_ name: String, on subject: Subject) async throws {
    try await #require(cases.first { $0.name == name }).check(subject)
  }

  private static let cases: [(name: String, check: @Sendable (Subject) async throws -> Void)] = [
    ("a command gives its output and status", runsCommands),
    ("an unknown program is status 127, not an error", unknownProgram),
    ("the first program that fails ends the list", stopsAtFailure),
    ("a detached command runs once for a key", runsOncePerKey),
    ("a detached command's state can be asked for", tellsState),
    ("output is passed on and kept", passesOutputOn),
    ("the jobs of a run are listed and removed, others stay", removesJobs),
    ("an earlier epoch is fenced off", fencesEarlierEpochs),
    ("a detached command can be ended", terminates),
    ("giving up watching leaves the command running", survivesCancellation),
    ("a command ended before it began never begins", staysEnded),
    ("a command that runs is not removed", keepsRunningJobs),
    ("a command over its limit is ended", endsLateCommands),
    ("two watchers of a key see one command", sharesCommands),
  ]

  private static func key(_ name: String, run: String = "run-1") -> JobKey {
    JobKey(run: RunID(run), name: name)
  }

  private static func runsCommands(_ subject: Subject) async throws {
    let result = try await subject.session.run(HostCommand(["uname", "-m"]))
    #expect(result.succeeded)
    #expect(["x86_64\n", "aarch64\n"].contains(result.output))
  }

  private static func unknownProgram(_ subject: Subject) async throws {
    let result = try await subject.session.run(HostCommand(["pawl-no-such-program", "a b"]))
    #expect(result.status == 127)
    #expect(!result.errorOutput.isEmpty)
  }

  private static func stopsAtFailure(_ subject: Subject) async throws {
    let result = try await subject.session.run(
      HostCommand(
        steps: [["cat", "/etc/os-release"], ["cat", "/no/such/file"], ["uname", "-m"]], asRoot: false,
        timeoutSeconds: 30))
    #expect(result.status == 1)
    #expect(result.output.contains("PRETTY_NAME"))
    #expect(!result.output.contains("x86_64\n") && !result.output.contains("aarch64\n"))
    #expect(result.errorOutput.contains("/no/such/file"))
  }

  private static func runsOncePerKey(_ subject: Subject) async throws {
    let session = subject.session
    let first = try await session.runDetached(subject.counted, key: key("a.1.1"), epoch: 1) { _ in }
    let second = try await session.runDetached(subject.counted, key: key("a.1.1"), epoch: 1) { _ in }
    #expect(first.succeeded)
    #expect(first == second)
    #expect(try await subject.timesCounted() == 1)
    _ = try await session.runDetached(subject.counted, key: key("a.2.1"), epoch: 1) { _ in }
    #expect(try await subject.timesCounted() == 2)
  }

  private static func tellsState(_ subject: Subject) async throws {
    #expect(try await subject.session.jobState(key("a.1.1")) == .absent)
    let result = try await subject.session.runDetached(subject.counted, key: key("a.1.1"), epoch: 1) { _ in }
    #expect(try await subject.session.jobState(key("a.1.1")) == .finished(result))
    #expect(try await subject.session.jobState(key("a.1.2")) == .absent)
  }

  private static func passesOutputOn(_ subject: Subject) async throws {
    let (pieces, sink) = AsyncStream.makeStream(of: String.self)
    let result = try await subject.session.runDetached(subject.counted, key: key("a.1.1"), epoch: 1) {
      sink.yield($0)
    }
    sink.finish()
    var text = ""
    for await piece in pieces { text += piece }
    #expect(!result.output.isEmpty)
    #expect(text.contains(result.output))
  }

  private static func removesJobs(_ subject: Subject) async throws {
    let session = subject.session
    #expect(try await session.runsWithJobs() == [])
    _ = try await session.runDetached(subject.counted, key: key("a.1.1"), epoch: 1) { _ in }
    _ = try await session.runDetached(subject.counted, key: key("a.1.1", run: "run-2"), epoch: 1) { _ in }
    #expect(try await session.runsWithJobs() == [RunID("run-1"), RunID("run-2")])
    try await session.removeJobs(of: RunID("run-1"))
    #expect(try await session.runsWithJobs() == [RunID("run-2")])
    #expect(try await session.jobState(key("a.1.1")) == .absent)
    #expect(try await session.jobState(key("a.1.1", run: "run-2")) != .absent)
  }

  private static func fencesEarlierEpochs(_ subject: Subject) async throws {
    let session = subject.session
    _ = try await session.runDetached(subject.counted, key: key("a.1.1"), epoch: 7) { _ in }
    let error = await #expect(throws: HostError.self) {
      _ = try await session.runDetached(subject.counted, key: key("b.1.1", run: "run-2"), epoch: 6) { _ in }
    }
    #expect(error?.code == .fenced)
    #expect(try await subject.timesCounted() == 1)
    #expect(try await session.jobState(key("b.1.1", run: "run-2")) == .absent)
  }

  private static func terminates(_ subject: Subject) async throws {
    let session = subject.session
    async let watching = outcome {
      try await session.runDetached(subject.endless, key: key("a.1.1"), epoch: 1) { _ in }
    }
    #expect(try await isRunning(key("a.1.1"), on: session))
    try await session.terminate(key("a.1.1"))
    let result = await watching
    #expect(result?.status == 143, "128 and the number of TERM")
    #expect(try await session.jobState(key("a.1.1")) == result.map { .finished($0) })
  }

  private static func survivesCancellation(_ subject: Subject) async throws {
    let session = subject.session
    let watching = Task {
      try await session.runDetached(subject.endless, key: key("a.1.1"), epoch: 1) { _ in }
    }
    #expect(try await isRunning(key("a.1.1"), on: session))
    watching.cancel()
    let error = await #expect(throws: HostError.self) { _ = try await watching.value }
    #expect(error?.code == .cancelled)
    #expect(try await session.jobState(key("a.1.1")) == .running)
    try await session.terminate(key("a.1.1"))
  }

  private static func staysEnded(_ subject: Subject) async throws {
    let session = subject.session
    try await session.terminate(key("a.1.1"))
    let result = try await session.runDetached(subject.counted, key: key("a.1.1"), epoch: 1) { _ in }
    #expect(result.status == 143)
    #expect(try await subject.timesCounted() == 0)
  }

  private static func keepsRunningJobs(_ subject: Subject) async throws {
    let session = subject.session
    async let watching = outcome {
      try await session.runDetached(subject.endless, key: key("a.1.1"), epoch: 1) { _ in }
    }
    #expect(try await isRunning(key("a.1.1"), on: session))
    let error = await #expect(throws: HostError.self) { try await session.removeJobs(of: RunID("run-1")) }
    #expect(error?.code == .failed && error?.message.contains("a.1.1") == true)
    #expect(try await session.jobState(key("a.1.1")) == .running)
    try await session.terminate(key("a.1.1"))
    _ = await watching
  }

  private static func endsLateCommands(_ subject: Subject) async throws {
    let session = subject.session
    let error = await #expect(throws: HostError.self) {
      _ = try await session.runDetached(subject.overlong, key: key("a.1.1"), epoch: 1) { _ in }
    }
    #expect(error?.code == .timedOut)
    guard case .finished(let result) = try await session.jobState(key("a.1.1")) else {
      Issue.record("the command is not over")
      return
    }
    #expect(!result.succeeded)
  }

  private static func sharesCommands(_ subject: Subject) async throws {
    let session = subject.session
    async let first = session.runDetached(subject.counted, key: key("a.1.1"), epoch: 1) { _ in }
    async let second = session.runDetached(subject.counted, key: key("a.1.1"), epoch: 1) { _ in }
    let (one, other) = try await (first, second)
    #expect(one == other)
    #expect(try await subject.timesCounted() == 1)
  }

  /// The result, or nil when it threw.
  private static func outcome(
    _ body: @Sendable () async throws -> HostCommandResult
  ) async -> HostCommandResult? {
    do { return try await body() } catch { return nil }
  }

  /// Asks until the command runs, a bounded number of times.
  private static func isRunning(_ key: JobKey, on session: any HostSession) async throws -> Bool {
    for _ in 0..<10_000 {
      if try await session.jobState(key) == .running { return true }
      await Task.yield()
    }
    return false
  }
}
