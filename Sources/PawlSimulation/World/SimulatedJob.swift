import PawlSteps

/// A command on a host, from its start to its end, whoever watches it.
struct SimulatedJob: Sendable {
  enum State: Sendable, Hashable {
    case running
    case finished
    case lost(String)
  }

  let id: Int
  let host: String
  let command: HostCommand
  var state = State.running
  var output = ""
  var errorOutput = ""
  /// Both streams, line by line as they came.
  var lines: [String] = []
  /// Of the program that decides: the first that failed, or the last.
  var status = 0
  /// What is left of the program that runs.
  var items: ArraySlice<CommandScript.Item> = []
  /// The status of the program that runs; nil before the first.
  var pendingStatus: Int?
  var programs: ArraySlice<[String]>
  var always: ArraySlice<[String]>
  var inAlways = false
  var current: [String] = []
  var hangsForever = false

  init(id: Int, host: String, command: HostCommand) {
    self.id = id
    self.host = host
    self.command = command
    self.programs = command.steps[...]
    self.always = command.always[...]
  }

  /// Whether a watcher that has seen so many lines has something to do.
  func hasNews(after seen: Int) -> Bool { state != .running || lines.count > seen || hangsForever }

  /// How it ended.
  var result: HostCommandResult {
    HostCommandResult(status: status, output: output, errorOutput: errorOutput)
  }

  mutating func say(_ line: String, isError: Bool) {
    if isError { errorOutput += line + "\n" } else { output += line + "\n" }
    lines.append(line + "\n")
  }

  /// Leaves only what is always run; the status is that of TERM.
  mutating func interrupt() {
    (programs, items, pendingStatus, inAlways, hangsForever) = ([], [], nil, true, false)
    status = 143
  }

  /// Ends the program that ran and takes up the next; nil when all are done.
  mutating func nextProgram() -> [String]? {
    if let ended = pendingStatus, !inAlways {
      status = ended
      if ended != 0 { programs = [] }
    }
    pendingStatus = nil
    if let next = programs.popFirst() {
      current = next
      return next
    }
    inAlways = true
    guard let next = always.popFirst() else { return nil }
    current = next
    return next
  }
}
