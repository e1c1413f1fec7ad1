import PawlSteps

/// How commands run: on the timeline, by themselves, whoever watches.
extension SimulatedWorld {
  /// Starts a command and gives its number.
  mutating func start(_ command: HostCommand, on host: String, key: JobKey?) -> Int {
    let id = nextNumber()
    jobs[id] = SimulatedJob(id: id, host: host, command: command)
    if let key { jobKeys[host, default: [:]][key] = id }
    takeTurn(of: id)
    return id
  }

  /// Ends the command of a key as TERM does. One that has not begun gets that status too, and so never begins.
  mutating func end(_ key: JobKey, on host: String) {
    if let id = jobKeys[host]?[key] { return end(id) }
    let id = nextNumber()
    jobs[id] = SimulatedJob(
      id: id, host: host, command: HostCommand(steps: [], asRoot: false, timeoutSeconds: 0))
    jobKeys[host, default: [:]][key] = id
    end(id)
  }

  /// Ends a command as TERM does: what it always runs at its end is run.
  mutating func end(_ id: Int) {
    guard jobs[id]?.state == .running else { return }
    jobs[id]?.interrupt()
    takeTurn(of: id)
  }

  /// Goes on with a command up to its next pause.
  mutating func takeTurn(of id: Int) {
    while jobs[id]?.state == .running {
      guard let item = jobs[id]?.items.popFirst() else {
        guard beginProgram(of: id) else { return }
        continue
      }
      switch item {
      case .say(let line): jobs[id]?.say(line, isError: false)
      case .complain(let line): jobs[id]?.say(line, isError: true)
      case .change(let change): perform(change, cause: jobs[id]?.current.joined(separator: " ") ?? "")
      case .vanish(let reason): jobs[id]?.state = .lost(reason)
      case .hang(let forever):
        jobs[id]?.hangsForever = forever
        return
      case .spend(let duration):
        timeline.schedule(.jobTurn(id), at: now + duration)
        return
      }
    }
  }

  /// Takes up a command's next program; false when the command has ended.
  private mutating func beginProgram(of id: Int) -> Bool {
    guard let argv = jobs[id]?.nextProgram(), let job = jobs[id] else {
      jobs[id]?.state = .finished
      return false
    }
    let script = script(for: argv, of: job.command, on: job.host)
    jobs[id]?.items = script.items[...]
    jobs[id]?.pendingStatus = script.status
    return true
  }

  private mutating func script(
    for argv: [String], of command: HostCommand, on hostName: String
  ) -> CommandScript {
    guard let host = state.hosts[hostName] else { return .failing(127, "there is no such host") }
    if command.asRoot, !host.sudo { return .failing(1, "sudo: a password is required") }
    let input = String(decoding: command.standardInput ?? [], as: UTF8.self)
    let script = CommandInterpreter(state: state, host: host, isRoot: command.asRoot, input: input)
      .script(for: argv)
    switch faults.strike(argv.joined(separator: " "), host: hostName, where: { !$0.isOfLink }) {
    case .fail(let status, let complaint): return .failing(status, complaint)
    case .failAfterEffect(let status, let complaint):
      return CommandScript(items: script.items + [.complain(complaint)], status: status)
    case .killHalfway: return script.killedHalfway()
    case .hang: return CommandScript(items: [.hang(forever: true)])
    case .overrun: return CommandScript(items: [.hang(forever: false)])
    case .loseLinkBefore, .loseLinkDuring, .loseLinkAfter, nil: return script
    }
  }
}
