extension SSHSession {
  /// Runs a command in a session of its own on the host, so that it outlives the link and this process.
  ///
  /// Starts the job if the host does not know it, joins it if it runs, and returns its stored result if it is over.
  /// `onOutput` gets the output from the byte `resumingAt` on; the result holds all of it, up to the limit. The
  /// timeout counts from the start of the job on the host. When it is over, the job is ended and `timedOut` thrown.
  /// Throws `fenced` when the host has seen a higher epoch, and `jobLost` when the job began and can't be known to
  /// have ended. A lost link is made again; only when that fails for long is a transport error thrown, and the job
  /// goes on. Cancelling the task leaves the job running too.
  package func runDetached(
    _ command: RemoteCommand, job: JobKey, fence: Fence? = nil, resumingAt: OutputOffsets = OutputOffsets(),
    onOutput: (@Sendable (OutputChunk) -> Void)? = nil
  ) async throws(SSHError) -> CommandResult {
    try check(command)
    let watch = JobWatch(command: command, job: job, fence: fence, seen: resumingAt, onOutput: onOutput)
    return try await pool.follow(watch, on: bastions + [target])
  }

  /// What the host knows about a job.
  package func jobState(
    _ job: JobKey, outputLimit: Int = RemoteCommand.defaultOutputLimit
  ) async throws(SSHError) -> JobState {
    try await pool.state(of: job, limit: outputLimit, on: bastions + [target])
  }

  /// Ends all processes of a job: TERM first, so that its `always` steps can run, KILL when that does not help.
  ///
  /// A job that is over stays as it is. One that has not begun never will: it counts as ended by TERM.
  package func terminateJob(_ job: JobKey) async throws(SSHError) {
    try await pool.terminate(job, on: bastions + [target])
  }

  /// Runs of which the host has jobs, sorted. A host without a state directory has none.
  package func runsWithJobs() async throws(SSHError) -> [String] {
    let directory = pool.settings.stateDirectory + "/jobs"
    let result = try await run(
      RemoteCommand(argv: ["ls", directory], environment: ["LC_ALL": "C"], sudo: true))
    if result.exitStatus.isSuccess {
      return result.outputText.split(separator: "\n").map(String.init).filter(isPlainName).sorted()
    }
    if result.errorText.contains("No such file or directory") { return [] }
    throw SSHError(
      .jobRefused, hop: target.name,
      "\(target.name) can't list \(directory); check that \(target.user) may use sudo without a password there.",
      hint: "sudo -n true", underlying: result.errorText)
  }

  /// Removes what the jobs of a run have left on the host. Throws `jobRefused`, naming them, when some still run.
  package func removeJobs(run: String) async throws(SSHError) {
    let name = try validatedName(run, what: "run")
    try await pool.removeJobs(run: name, on: bastions + [target])
  }
}

/// One caller's view of a detached job, over as many links as it takes. Lives on the pool's executor.
final class JobWatch {
  let command: RemoteCommand
  let job: JobKey
  let fence: Fence?
  private let seen: OutputOffsets
  private let onOutput: (@Sendable (OutputChunk) -> Void)?
  private var collected: OutputCollector
  private var frames = JobProtocol()
  /// Output taken so far, which is where the next link goes on.
  private(set) var offsets = OutputOffsets()
  /// The last answer that ends the watch.
  private(set) var ending: JobProtocol.Event?
  /// True once this link has brought an answer.
  private(set) var hasAnswered = false
  private(set) var runningPID: Int32?
  /// The work on the link at hand, whose end is the deadline.
  var operation: Operation?
  /// What the host wrote beside the answers, such as a complaint of sudo.
  private(set) var complaint: [UInt8] = []
  /// When the job's time is up, as far as is known here.
  private(set) var deadline: ContinuousClock.Instant

  init(
    command: RemoteCommand, job: JobKey, fence: Fence?, seen: OutputOffsets,
    onOutput: (@Sendable (OutputChunk) -> Void)?
  ) {
    self.command = command
    self.job = job
    self.fence = fence
    self.seen = seen
    self.onOutput = onOutput
    collected = OutputCollector(limit: command.outputLimit)
    deadline = .now + command.timeout
  }

  /// Makes ready for the answers of a new link.
  func restart() {
    frames = JobProtocol()
    hasAnswered = false
    complaint = []
  }

  /// Takes bytes of the watcher's channel.
  func take(_ stream: OutputChunk.Stream, _ bytes: [UInt8], hop: String) throws(SSHError) {
    if stream == .stderr {
      complaint += bytes.prefix(max(0, 4096 - complaint.count))
      return
    }
    do throws(JobProtocol.Violation) {
      for event in try frames.feed(bytes) { take(event) }
    } catch {
      throw SSHError(
        .protocolError, hop: hop,
        "The answer of \(hop) about a job makes no sense; check what its login shell prints.",
        underlying: error.line)
    }
  }

  private func take(_ event: JobProtocol.Event) {
    hasAnswered = true
    switch event {
    case .greeting, .beat: break
    case .running(let pid, let elapsed):
      runningPID = pid
      deadline = min(deadline, .now + command.timeout - .seconds(elapsed))
    case .output(let chunk): take(chunk)
    case .finished(_, let stdoutSize, let stderrSize):
      if max(stdoutSize, stderrSize) > command.outputLimit { collected.markTruncated() }
      ending = event
    default: ending = event
    }
  }

  private func take(_ chunk: OutputChunk) {
    let isStdout = chunk.stream == .stdout
    let start = isStdout ? offsets.stdout : offsets.stderr
    if isStdout { offsets.stdout += chunk.bytes.count } else { offsets.stderr += chunk.bytes.count }
    _ = collected.add(chunk.stream, chunk.bytes)
    let known = max(0, (isStdout ? seen.stdout : seen.stderr) - start)
    if known < chunk.bytes.count {
      onOutput?(OutputChunk(stream: chunk.stream, bytes: Array(chunk.bytes.dropFirst(known))))
    }
  }

  func result(status: Int32) -> CommandResult { collected.result(ExitStatus(shellStatus: status)) }
}

extension SSHPool {
  /// Starts or joins a job and watches it to its end.
  func follow(_ watch: JobWatch, on path: [SSHEndpoint]) async throws(SSHError) -> CommandResult {
    var failures = 0
    while true {
      let failure: SSHError
      do throws(SSHError) {
        try await attach(watch, on: path)
        if watch.ending != nil { return try conclude(watch, hop: path[path.count - 1].name) }
        failure = unfinished(watch, hop: path[path.count - 1].name)
      } catch {
        failure = error
      }
      if failure.code == .timedOut || (failure.isTransport && ContinuousClock.now >= watch.deadline) {
        throw await timedOut(watch, on: path, failure)
      }
      guard failure.isTransport else { throw failure }
      failures = watch.hasAnswered ? 1 : failures + 1
      guard failures < settings.reconnectAttempts else { throw failure }
      try await rest(after: failures, until: watch.deadline, hop: failure.hop)
    }
  }

  /// One link's share of the watch.
  private func attach(_ watch: JobWatch, on path: [SSHEndpoint]) async throws(SSHError) {
    // The file may hold secrets; the shell that runs it has it open and needs its name no longer.
    let command = CommandScript.wrapped("rm -f -- \"$0\"\n" + CommandScript.body(watch.command))
    let input = watch.command.standardInput ?? []
    let script = JobScript.launch(
      watch.job, base: settings.stateDirectory, commandLength: command.count, inputLength: input.count,
      fence: watch.fence, offsets: watch.offsets, limit: watch.command.outputLimit)
    watch.restart()
    let status = try await perform(
      script, followedBy: command + input, on: path, timeout: watch.deadline - .now,
      sink: { stream, bytes, hop throws(SSHError) in
        let before = watch.deadline
        try watch.take(stream, bytes, hop: hop)
        if watch.deadline < before, let operation = watch.operation {
          self.reschedule(operation, after: watch.deadline - .now)
        }
      }, onOperation: { watch.operation = $0 })
    if watch.ending == nil, !watch.hasAnswered { throw notStarted(watch.complaint, status, path) }
  }

  /// Turns the last answer into the outcome.
  private func conclude(_ watch: JobWatch, hop: String) throws(SSHError) -> CommandResult {
    switch watch.ending {
    case .finished(let status, _, _): return watch.result(status: status)
    case .lost(.rebooted):
      throw SSHError(
        .jobLost, hop: hop,
        "\(hop) has been rebooted while the job \(watch.job) was running; check how far it got before doing it again."
      )
    case .lost(.died):
      throw SSHError(
        .jobLost, hop: hop,
        "The job \(watch.job) on \(hop) was killed from outside and left no exit status; check how far it got before doing it again."
      )
    case .fenced(let epoch):
      throw SSHError(
        .fenced, hop: hop,
        "\(hop) refused the job \(watch.job): another run took over the cluster (its epoch is \(epoch), ours is \(watch.fence?.epoch ?? 0)); stop this run.",
        underlying: String(epoch))
    case .refused(let reason): throw refused(watch.job.description, reason, hop: hop)
    default:
      throw SSHError(
        .jobLost, hop: hop, "The job \(watch.job) on \(hop) ended before its command began; run it again.")
    }
  }

  private func unfinished(_ watch: JobWatch, hop: String) -> SSHError {
    SSHError(
      .linkLost, hop: hop, "The watch over the job \(watch.job) on \(hop) ended early; the job goes on.",
      underlying: String(decoding: watch.complaint, as: UTF8.self))
  }

  /// Ends the job after its time is up.
  private func timedOut(_ watch: JobWatch, on path: [SSHEndpoint], _ cause: SSHError) async -> SSHError {
    let hop = path[path.count - 1].name
    let seconds = watch.command.timeout.components.seconds
    do throws(SSHError) {
      try await terminate(watch.job, on: path)
    } catch {
      return SSHError(
        .timedOut, hop: hop,
        "The job \(watch.job) on \(hop) took more than \(seconds) s and could not be ended, so it may still be running; check the host.",
        underlying: error.message)
    }
    return SSHError(
      .timedOut, hop: hop,
      "The job \(watch.job) on \(hop) took more than \(seconds) s and was ended; check the host, or allow more time.",
      underlying: cause.message)
  }

  private func rest(after failures: Int, until deadline: ContinuousClock.Instant, hop: String)
    async throws(SSHError)
  {
    let doubled = settings.shortestPause * (1 << min(failures - 1, 10))
    let pause = min(doubled, settings.longestPause, max(deadline - .now, .zero))
    do {
      try await Task.sleep(for: pause)
    } catch {
      throw SSHError(.cancelled, hop: hop, "Waiting for \(hop) to come back was cancelled; its job goes on.")
    }
  }

  /// Asks for the state of a job.
  func state(of job: JobKey, limit: Int, on path: [SSHEndpoint]) async throws(SSHError) -> JobState {
    let watch = JobWatch(
      command: RemoteCommand(steps: [], outputLimit: limit), job: job, fence: nil, seen: OutputOffsets(),
      onOutput: nil)
    let script = JobScript.report(job, base: settings.stateDirectory, limit: limit)
    let status = try await perform(script, on: path, timeout: .seconds(60), sink: watch.take)
    switch watch.ending {
    case .finished(let status, _, _): return .finished(watch.result(status: status))
    case .lost(let loss): return .lost(loss)
    case .absent: return .absent
    default:
      if let pid = watch.runningPID { return .running(pid: pid) }
      throw notStarted(watch.complaint, status, path)
    }
  }

  /// Ends a job's processes.
  func terminate(_ job: JobKey, on path: [SSHEndpoint]) async throws(SSHError) {
    let grace = settings.terminationGrace
    let script = JobScript.terminate(
      job, base: settings.stateDirectory, grace: max(1, Int(grace.components.seconds)))
    try await order(script, about: job.description, on: path, timeout: grace + .seconds(40))
  }

  /// Removes a run's job directories.
  func removeJobs(run: String, on path: [SSHEndpoint]) async throws(SSHError) {
    let script = JobScript.remove(run: run, base: settings.stateDirectory)
    try await order(script, about: run, on: path, timeout: .seconds(60))
  }

  private func order(
    _ script: String, about what: String, on path: [SSHEndpoint], timeout: Duration
  ) async throws(SSHError) {
    let watch = JobWatch(
      command: RemoteCommand(steps: []), job: try JobKey(run: "order", name: "order"), fence: nil,
      seen: OutputOffsets(), onOutput: nil)
    let status = try await perform(script, on: path, timeout: timeout, sink: watch.take)
    switch watch.ending {
    case .terminated: return
    case .refused(let reason): throw refused(what, reason, hop: path[path.count - 1].name)
    default: throw notStarted(watch.complaint, status, path)
    }
  }

  /// Runs a job script as root.
  private func perform(
    _ script: String, followedBy input: [UInt8] = [], on path: [SSHEndpoint], timeout: Duration,
    sink: @escaping (OutputChunk.Stream, [UInt8], String) throws(SSHError) -> Void,
    onOperation: (Operation) -> Void = { _ in }
  ) async throws(SSHError) -> ExitStatus {
    let text = CommandScript.wrapped(script)
    let line = CommandScript.line(
      length: text.count, seconds: max(0, timeout.components.seconds) + 60, sudo: true)
    let hop = path[path.count - 1].name
    let execution = Execution(line: line, input: text + input) { stream, bytes throws(SSHError) in
      try sink(stream, bytes, hop)
    }
    return try await execute(execution, on: path, timeout: timeout, onOperation: onOperation)
  }

  private func refused(_ what: String, _ reason: String, hop: String) -> SSHError {
    SSHError(
      .jobRefused, hop: hop,
      "\(hop) refused the request about the job \(what): \(reason); put that right and try again.",
      underlying: reason)
  }

  /// The host ended the script before its first answer: sudo, a missing tool or a forced command.
  private func notStarted(_ complaint: [UInt8], _ status: ExitStatus, _ path: [SSHEndpoint]) -> SSHError {
    let hop = path[path.count - 1].name
    let text = String(decoding: complaint, as: UTF8.self)
    let last = text.split(whereSeparator: \.isNewline).last.map(String.init) ?? "\(status)"
    return SSHError(
      .jobRefused, hop: hop,
      "\(hop) did not run a job: \(last); check that \(path[path.count - 1].user) may use sudo without a password there.",
      hint: "sudo -n true", underlying: text)
  }
}
