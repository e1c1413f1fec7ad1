/// Reads the answers of `JobScript` as they arrive.
struct JobProtocol {
  /// One answer.
  enum Event: Equatable {
    case greeting
    /// The job runs since `elapsed` seconds.
    case running(pid: Int32, elapsed: Int64)
    case output(OutputChunk)
    /// The host is still watching.
    case beat
    case finished(status: Int32, stdoutSize: Int, stderrSize: Int)
    case lost(JobState.Loss)
    case absent
    case fenced(epoch: UInt64)
    case refused(String)
    case terminated
  }

  /// What does not follow the format.
  struct Violation: Error, Equatable { var line: String }

  private static let longestLine = 4096
  private static let longestNoise = 64 << 10
  private var line: [UInt8] = []
  private var hasGreeted = false
  private var noise = 0
  private var stream = OutputChunk.Stream.stdout
  private var outstanding = 0

  /// Takes some bytes and returns the answers in them. Output is handed on at once, also when its frame goes on.
  mutating func feed(_ bytes: [UInt8]) throws(Violation) -> [Event] {
    var events: [Event] = []
    var rest = bytes[...]
    while !rest.isEmpty {
      if outstanding > 0 {
        let piece = rest.prefix(outstanding)
        outstanding -= piece.count
        rest = rest.dropFirst(piece.count)
        events.append(.output(OutputChunk(stream: stream, bytes: Array(piece))))
        continue
      }
      let end = rest.firstIndex(of: UInt8(ascii: "\n"))
      line += rest[..<(end ?? rest.endIndex)]
      rest = rest[(end.map { $0 + 1 } ?? rest.endIndex)...]
      if line.count > Self.longestLine, hasGreeted { throw violation() }
      guard end != nil else { break }
      if let event = try event() { events.append(event) }
      line.removeAll(keepingCapacity: true)
    }
    return events
  }

  private mutating func event() throws(Violation) -> Event? {
    let text = String(decoding: line, as: UTF8.self)
    guard hasGreeted else {
      noise += line.count
      if noise > Self.longestNoise { throw violation() }
      hasGreeted = text == JobScript.greeting
      return hasGreeted ? .greeting : nil
    }
    let words = text.split(separator: " ").dropFirst().map(String.init)
    switch (line.first.map { Character(Unicode.Scalar($0)) }, words.count) {
    case ("O", 1), ("E", 1):
      guard let count = Int(words[0]), count > 0 else { throw violation() }
      stream = line[0] == UInt8(ascii: "O") ? .stdout : .stderr
      outstanding = count
      return nil
    case ("K", 0): return .beat
    case ("S", 2):
      guard let pid = Int32(words[0]), let elapsed = Int64(words[1]) else { throw violation() }
      return .running(pid: pid, elapsed: max(0, elapsed))
    case ("X", 3):
      guard let status = Int32(words[0]), let out = Int(words[1]), let err = Int(words[2]) else {
        throw violation()
      }
      return .finished(status: status, stdoutSize: out, stderrSize: err)
    case ("L", 1):
      guard let loss = JobState.Loss(rawValue: words[0]) else { throw violation() }
      return .lost(loss)
    case ("A", 0): return .absent
    case ("F", 1):
      guard let epoch = UInt64(words[0]) else { throw violation() }
      return .fenced(epoch: epoch)
    case ("R", 1...): return .refused(words.joined(separator: " "))
    case ("T", 0): return .terminated
    default: throw violation()
    }
  }

  private func violation() -> Violation { Violation(line: String(decoding: line.prefix(80), as: UTF8.self)) }
}

extension ExitStatus {
  /// From the status a shell reports: 128 + n for the signal n, as far as that is a signal with a name.
  init(shellStatus status: Int32) {
    if let name = Self.signals[status - 128] { self = .signalled(name) } else { self = .exited(status) }
  }

  /// As a shell reports it: 128 + n for the signal n.
  package var shellStatus: Int32 {
    switch self {
    case .exited(let status): status
    case .signalled(let name): 128 + (Self.signals.first { $0.value == name }?.key ?? 0)
    }
  }

  /// Signals that end processes, with their numbers on Linux.
  private static let signals: [Int32: String] = [
    1: "HUP", 2: "INT", 3: "QUIT", 4: "ILL", 5: "TRAP", 6: "ABRT", 7: "BUS", 8: "FPE", 9: "KILL", 10: "USR1",
    11: "SEGV", 12: "USR2", 13: "PIPE", 14: "ALRM", 15: "TERM", 24: "XCPU", 25: "XFSZ", 31: "SYS",
  ]
}
