import PawlEngine
import PawlSteps
import Synchronization
import Testing

/// A host that answers each program as told, and keeps what it was asked.
final class FakeHost: HostSession {
  /// What a program answers.
  struct Reply: Sendable {
    var argv: [String]
    var result: HostCommandResult

    init(_ argv: [String], _ output: String = "", status: Int = 0, error: String = "") {
      self.argv = argv
      self.result = HostCommandResult(status: status, output: output, errorOutput: error)
    }
  }

  /// What happens to the next command that outlives the link.
  enum Fate: Sendable {
    case runs
    /// An error before the command was started.
    case neverStarts(HostError)
    /// It runs to its end, but the link is gone before the end is seen.
    case loses(HostError)
    /// It goes on until it is cancelled; the closure is called once it has begun.
    case hangs(@Sendable () -> Void)
  }

  private struct State {
    var replies: [[String]: [HostCommandResult]] = [:]
    var jobs: [String: JobState] = [:]
    var fate = Fate.runs
    var lookError: HostError?
    var lookHangs: (@Sendable () -> Void)?
    var programs: [[String]] = []
    var commands: [HostCommand] = []
    var terminated: [String] = []
    var terminateError: HostError?
  }

  let host: String
  private let state = Mutex(State())

  init(_ host: String = "cp-1", replies: [Reply] = []) {
    self.host = host
    // Of several replies to one program each is given once, in order, and the last for ever.
    state.withLock { for reply in replies { $0.replies[reply.argv, default: []].append(reply.result) } }
  }

  /// Every program that was run, in order.
  var programs: [[String]] { state.withLock { $0.programs } }
  /// Every command that was started to outlive the link.
  var commands: [HostCommand] { state.withLock { $0.commands } }
  var terminated: [String] { state.withLock { $0.terminated } }

  func set(_ key: String, _ job: JobState) { state.withLock { $0.jobs[key] = job } }
  func set(_ fate: Fate) { state.withLock { $0.fate = fate } }
  func set(terminateError: HostError?) { state.withLock { $0.terminateError = terminateError } }
  func set(lookError: HostError?) { state.withLock { $0.lookError = lookError } }
  /// Looks do not end until they are cancelled; the closure is called once one has begun.
  func set(lookHangs: @escaping @Sendable () -> Void) { state.withLock { $0.lookHangs = lookHangs } }

  private static func answer(_ argv: [String], _ state: inout State) -> HostCommandResult {
    state.programs.append(argv)
    guard var queue = state.replies[argv], let result = queue.first else {
      Issue.record("no reply to \(argv)")
      return HostCommandResult(status: 127, output: "")
    }
    if queue.count > 1 { queue.removeFirst() }
    state.replies[argv] = queue
    return result
  }

  private static func answer(_ command: HostCommand, _ state: inout State) -> HostCommandResult {
    var whole = HostCommandResult(status: 0, output: "")
    for step in command.steps where whole.succeeded {
      let result = answer(step, &state)
      whole.status = result.status
      whole.output += result.output
      whole.errorOutput += result.errorOutput
    }
    for step in command.always { _ = answer(step, &state) }
    return whole
  }

  func run(_ command: HostCommand) async throws(HostError) -> HostCommandResult {
    if let begun = state.withLock({ $0.lookHangs }) {
      begun()
      await Self.untilCancelled()
      throw HostError(.cancelled, "The look at \(host) was cancelled.")
    }
    let outcome = state.withLock { state -> Result<HostCommandResult, HostError> in
      state.lookError.map { .failure($0) } ?? .success(Self.answer(command, &state))
    }
    return try outcome.get()
  }

  func runDetached(
    _ command: HostCommand, key: JobKey, epoch: Int, onOutput: @escaping @Sendable (String) -> Void
  ) async throws(HostError) -> HostCommandResult {
    let fate = state.withLock { state -> Fate in
      defer { state.fate = .runs }
      return state.fate
    }
    switch fate {
    case .neverStarts(let error): throw error
    case .hangs(let begun):
      state.withLock { $0.jobs[key.name] = .running }
      begun()
      await Self.untilCancelled()
      throw HostError(.cancelled, "The command on \(host) is no longer watched.")
    case .loses(let error):
      _ = result(of: command, key: key)
      throw error
    case .runs:
      let result = result(of: command, key: key)
      onOutput(result.output)
      return result
    }
  }

  private func result(of command: HostCommand, key: JobKey) -> HostCommandResult {
    state.withLock { state in
      if case .finished(let stored) = state.jobs[key.name] { return stored }
      state.commands.append(command)
      let result = Self.answer(command, &state)
      state.jobs[key.name] = .finished(result)
      return result
    }
  }

  private static func untilCancelled() async {
    let (stream, continuation) = AsyncStream<Void>.makeStream()
    for await _ in stream {}
    continuation.finish()
  }

  func jobState(_ key: JobKey) async throws(HostError) -> JobState {
    let outcome = state.withLock { state -> Result<JobState, HostError> in
      state.lookError.map { .failure($0) } ?? .success(state.jobs[key.name] ?? .absent)
    }
    return try outcome.get()
  }

  func terminate(_ key: JobKey) async throws(HostError) {
    let outcome = state.withLock { state -> Result<Void, HostError> in
      if let error = state.terminateError { return .failure(error) }
      state.terminated.append(key.name)
      state.jobs[key.name] = .lost("it was ended")
      return .success(())
    }
    try outcome.get()
  }

  func runsWithJobs() async throws(HostError) -> [RunID] { [] }

  func removeJobs(of run: RunID) async throws(HostError) {}
}

/// Gives one host, or an error.
struct FakeHosts: HostSessions {
  var fake: FakeHost
  var error: HostError?

  func session(to host: String) async throws(HostError) -> any HostSession {
    if let error { throw error }
    return fake
  }
}
