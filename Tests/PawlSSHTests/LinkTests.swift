import Foundation
import Glibc
import PawlSSH
import Testing

@Suite(
  "Links and attached commands", .enabled(if: TestLab.isPossible, TestLab.reason), .timeLimit(.minutes(2)))
struct LinkTests {
  @Test("A command on a host that is reached directly")
  func direct() async throws {
    try await withLab { lab in
      let host = try await lab.startServer("host")
      let pool = lab.pool()
      let session = try await pool.session(to: lab.endpoint(host))
      let result = try await session.run(RemoteCommand(argv: ["printf", "%s|", "a b", "", "c'd"]))
      #expect(result.exitStatus == .exited(0))
      #expect(result.outputText == "a b||c'd|")
      #expect(result.standardError.isEmpty)
      #expect(!result.truncated)
      await pool.closeAll()
    }
  }

  @Test("Through one, two and three bastions, each link made once", arguments: 1...3)
  func bastions(count: Int) async throws {
    try await withLab { lab in
      var hops: [TestServer] = []
      for index in 0...count { hops.append(try await lab.startServer("hop\(index)")) }
      let endpoints = hops.map { lab.endpoint($0) }
      let pool = lab.pool()
      for _ in 0..<2 {
        let session = try await pool.session(to: endpoints[count], through: Array(endpoints[..<count]))
        let result = try await session.run(RemoteCommand(argv: ["sh", "-c", "echo $SSH_CONNECTION"]))
        #expect(result.outputText.contains("\(hops[count].port)"))
      }
      // A connection of root is one process below the listening one.
      #expect(hops.map(\.connectionCount) == Array(repeating: 1, count: count + 1))
      await pool.closeAll()
    }
  }

  @Test("Exit statuses, signals and commands that can't be started")
  func exitStatuses() async throws {
    try await withLab { lab in
      let host = try await lab.startServer("host")
      let pool = lab.pool()
      let session = try await pool.session(to: lab.endpoint(host))
      let cases: [([String], PawlSSH.ExitStatus)] = [
        (["true"], .exited(0)), (["sh", "-c", "exit 7"], .exited(7)),
        (["sh", "-c", "exit 255"], .exited(255)),
        (["/no/such/program"], .exited(127)), (["/etc/passwd"], .exited(126)),
        (["sh", "-c", "kill -TERM $$"], .signalled("TERM")),
        (["sh", "-c", "kill -KILL $$"], .signalled("KILL")),
      ]
      for (argv, status) in cases {
        let result = try await session.run(RemoteCommand(argv: argv))
        #expect(result.exitStatus == status, "\(argv)")
      }
      await pool.closeAll()
    }
  }

  @Test("Standard input, environment and binary output come through unchanged")
  func inputAndEnvironment() async throws {
    try await withLab { lab in
      let bastion = try await lab.startServer("bastion")
      let host = try await lab.startServer("host")
      let pool = lab.pool()
      let session = try await pool.session(to: lab.endpoint(host), through: [lab.endpoint(bastion)])
      let input = (0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 &* 2_654_435_761 >> 7) }
      let echoed = try await session.run(RemoteCommand(argv: ["cat"], standardInput: input))
      #expect(echoed.standardOutput == input)
      let words = try await session.run(
        RemoteCommand(argv: ["sh", "-c", "printf %s \"$A\"; cat"], environment: ["A": "x 'y' \"$z\"\nlast"]))
      #expect(words.outputText == "x 'y' \"$z\"\nlast")
      await pool.closeAll()
    }
  }

  @Test("20 MB of output are read to the end and kept up to the limit; the servers change keys meanwhile")
  func largeOutput() async throws {
    try await withLab { lab in
      let bastion = try await lab.startServer("bastion", options: ["RekeyLimit 3M"])
      let host = try await lab.startServer("host", options: ["RekeyLimit 2M"])
      let pool = lab.pool()
      let session = try await pool.session(to: lab.endpoint(host), through: [lab.endpoint(bastion)])
      var command = RemoteCommand(argv: ["sh", "-c", "head -c 20000000 /dev/zero; echo end >&2"])
      let capped = try await session.run(command)
      #expect(capped.standardOutput.count == RemoteCommand.defaultOutputLimit)
      #expect(capped.truncated)
      #expect(capped.errorText == "end\n")
      command.outputLimit = 20_000_000
      let recorder = Recorder()
      let whole = try await session.run(command) { recorder.add($0) }
      #expect(whole.standardOutput.count == 20_000_000)
      #expect(!whole.truncated)
      #expect(recorder.stdout == whole.standardOutput)
      await pool.closeAll()
    }
  }

  @Test("A sequence stops at the first failure and always runs what has to run")
  func sequence() async throws {
    try await withLab { lab in
      let host = try await lab.startServer("host")
      let pool = lab.pool()
      let session = try await pool.session(to: lab.endpoint(host))
      let failing = RemoteCommand(
        steps: [["echo", "one"], ["sh", "-c", "exit 3"], ["echo", "two"]],
        always: [["false"], ["echo", "last"]])
      let result = try await session.run(failing)
      #expect(result.exitStatus == .exited(3))
      #expect(result.outputText == "one\nlast\n")
      let late = RemoteCommand(
        steps: [["true"], ["echo", "x"]], always: [["sh", "-c", "exit 4"], ["echo", "y"]])
      let second = try await session.run(late)
      #expect(second.exitStatus == .exited(4))
      #expect(second.outputText == "x\ny\n")
      await pool.closeAll()
    }
  }

  @Test("A closed port is named for the hop it is on", arguments: 0...2)
  func unreachable(at position: Int) async throws {
    try await withLab { lab in
      var endpoints: [SSHEndpoint] = []
      for index in 0...2 {
        if index == position {
          endpoints.append(lab.endpoint(port: try freePort(), name: "gone"))
        } else {
          endpoints.append(lab.endpoint(try await lab.startServer("hop\(index)")))
        }
      }
      let pool = lab.pool()
      let error = try await sshError {
        _ = try await pool.session(to: endpoints[2], through: Array(endpoints[..<2]))
      }
      #expect(error.code == .unreachable)
      #expect(error.hop == "gone")
      #expect(error.isTransport)
      await pool.closeAll()
    }
  }

  @Test("A server that never answers is given up after the hop's time", arguments: [false, true])
  func silentServer(isBehindBastion: Bool) async throws {
    try await withLab { lab in
      let silent = try openListener()
      defer { close(silent.descriptor) }
      let target = lab.endpoint(port: silent.port, name: "silent", timeout: .milliseconds(600))
      let bastion = try await lab.startServer("bastion")
      let host = try await lab.startServer("host")
      let pool = lab.pool()
      let way = isBehindBastion ? [lab.endpoint(bastion)] : []
      let error = try await sshError { _ = try await pool.session(to: target, through: way) }
      #expect(error.code == .connectTimeout)
      #expect(error.hop == "silent")
      // The others behind the same bastion are not disturbed.
      let session = try await pool.session(to: lab.endpoint(host), through: way)
      #expect(try await session.run(RemoteCommand(argv: ["true"])).exitStatus.isSuccess)
      await pool.closeAll()
    }
  }

  @Test("A connection that hangs on the bastion is given up; sessions on the link live on")
  func hangingForward() async throws {
    try await withLab { lab in
      let stuck = try FullListener()
      defer { stuck.close() }
      let bastion = try await lab.startServer("bastion")
      let host = try await lab.startServer("host")
      let pool = lab.pool()
      let way = [lab.endpoint(bastion)]
      let early = try await pool.session(to: lab.endpoint(host, name: "early"), through: way)
      let recorder = Recorder()
      let command = RemoteCommand(argv: ["sh", "-c", "echo begun; cat"], standardInput: Array("input".utf8))
      let waiting = Task { try await early.run(command) { recorder.add($0) } }
      await recorder.waitFor("begun")
      let target = lab.endpoint(port: stuck.port, name: "stuck", timeout: .milliseconds(700))
      let error = try await sshError { _ = try await pool.session(to: target, through: way) }
      #expect(error.code == .connectTimeout)
      #expect(error.hop == "stuck")
      let late = try await pool.session(to: lab.endpoint(host, name: "late"), through: way)
      #expect(try await late.run(RemoteCommand(argv: ["echo", "late"])).outputText == "late\n")
      #expect(try await early.run(RemoteCommand(argv: ["echo", "early"])).outputText == "early\n")
      #expect(try await waiting.value.exitStatus.isSuccess)
      #expect(bastion.connectionCount == 2)
      #expect(host.connectionCount == 2)
      await pool.closeAll()
    }
  }

  @Test("A bastion that forbids forwarding says so")
  func forbiddenForward() async throws {
    try await withLab { lab in
      let bastion = try await lab.startServer("bastion", options: ["AllowTcpForwarding no"])
      let host = try await lab.startServer("host")
      let pool = lab.pool()
      let error = try await sshError {
        _ = try await pool.session(to: lab.endpoint(host), through: [lab.endpoint(bastion)])
      }
      #expect(error.code == .bastionForwardRefused)
      #expect(error.hop == "bastion")
      await pool.closeAll()
    }
  }

  @Test("40 hosts at once through one bastion with sshd's stock limits")
  func manyHosts() async throws {
    try await withLab { lab in
      let bastion = try await lab.startServer("bastion")
      var servers: [TestServer] = []
      for index in 0..<8 { servers.append(try await lab.startServer("host\(index)")) }
      let targets = (0..<40).map { lab.endpoint(servers[$0 % 8], name: "node\($0)") }
      let way = [lab.endpoint(bastion)]
      let pool = lab.pool()
      let answers = try await withThrowingTaskGroup(of: (String, String).self) { group in
        for target in targets {
          group.addTask {
            let session = try await pool.session(to: target, through: way)
            let result = try await session.run(RemoteCommand(argv: ["echo", target.name]))
            return (target.name, result.outputText)
          }
        }
        return try await group.reduce(into: [String: String]()) { $0[$1.0] = $1.1 }
      }
      #expect(answers.count == 40)
      for (name, text) in answers { #expect(text == "\(name)\n") }
      #expect(bastion.connectionCount == 1)
      await pool.closeAll()
    }
  }

  @Test("More commands at once than a server allows sessions wait for their turn")
  func manyCommands() async throws {
    try await withLab { lab in
      let host = try await lab.startServer("host")
      let pool = lab.pool()
      let session = try await pool.session(to: lab.endpoint(host))
      try await withThrowingTaskGroup(of: String.self) { group in
        for index in 0..<30 {
          group.addTask { try await session.run(RemoteCommand(argv: ["echo", "\(index)"])).outputText }
        }
        let texts = try await group.reduce(into: Set<String>()) { $0.insert($1) }
        #expect(texts == Set((0..<30).map { "\($0)\n" }))
      }
      #expect(host.connectionCount == 1)
      await pool.closeAll()
    }
  }

  /// What one channel's end reads from the socket may be the end of another, whose command nobody would look at again.
  @Test("Commands that end at the same moment are all seen to end")
  func simultaneousEnds() async throws {
    try await withLab { lab in
      let host = try await lab.startServer("host")
      let pool = lab.pool()
      let session = try await pool.session(to: lab.endpoint(host))
      for _ in 0..<8 {
        try await withThrowingTaskGroup(of: Bool.self) { group in
          for _ in 0..<8 {
            group.addTask {
              try await session.run(RemoteCommand(argv: ["true"], timeout: .seconds(20))).exitStatus.isSuccess
            }
          }
          let ended = try await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
          #expect(ended == 8)
        }
      }
      await pool.closeAll()
    }
  }

  @Test("A command that takes too long is given up and ended on the host; the session stays good")
  func timeout() async throws {
    try await withLab { lab in
      let host = try await lab.startServer("host")
      let pool = lab.pool()
      let session = try await pool.session(to: lab.endpoint(host))
      let error = try await sshError {
        _ = try await session.run(RemoteCommand(argv: ["sleep", "60"], timeout: .milliseconds(300)))
      }
      #expect(error.code == .timedOut)
      #expect(!error.isTransport)
      #expect(try await session.run(RemoteCommand(argv: ["echo", "still"])).outputText == "still\n")
      await pool.closeAll()
    }
  }

  @Test("A cancelled caller gets its answer at once and the session stays good")
  func cancellation() async throws {
    try await withLab { lab in
      let host = try await lab.startServer("host")
      let pool = lab.pool()
      let session = try await pool.session(to: lab.endpoint(host))
      let recorder = Recorder()
      let task = Task {
        try await session.run(RemoteCommand(argv: ["sh", "-c", "echo begun; exec sleep 60"])) {
          recorder.add($0)
        }
      }
      await recorder.waitFor("begun")
      task.cancel()
      let error = try await sshError { _ = try await task.value }
      #expect(error.code == .cancelled)
      #expect(try await session.run(RemoteCommand(argv: ["echo", "still"])).outputText == "still\n")
      await pool.closeAll()
    }
  }

  @Test(
    "A lost link fails the command under way, names the lost hop and is made again", arguments: [false, true])
  func lostLink(isBastionLost: Bool) async throws {
    try await withLab { lab in
      let bastion = try await lab.startServer("bastion")
      let host = try await lab.startServer("host")
      let pool = lab.pool()
      let session = try await pool.session(to: lab.endpoint(host), through: [lab.endpoint(bastion)])
      let recorder = Recorder()
      let task = Task {
        try await session.run(RemoteCommand(argv: ["sh", "-c", "echo begun; exec sleep 60"])) {
          recorder.add($0)
        }
      }
      await recorder.waitFor("begun")
      let lost = isBastionLost ? bastion : host
      #expect(lost.cutConnections() > 0)
      let error = try await sshError { _ = try await task.value }
      #expect(error.code == .linkLost)
      #expect(error.hop == lost.name)
      #expect(try await session.run(RemoteCommand(argv: ["echo", "again"])).outputText == "again\n")
      await pool.closeAll()
    }
  }

  @Test("A link that died while nobody used it is made again without an error")
  func deadIdleLink() async throws {
    try await withLab { lab in
      let bastion = try await lab.startServer("bastion")
      let host = try await lab.startServer("host")
      let pool = lab.pool()
      let session = try await pool.session(to: lab.endpoint(host), through: [lab.endpoint(bastion)])
      #expect(try await session.run(RemoteCommand(argv: ["true"])).exitStatus.isSuccess)
      bastion.cutConnections()
      #expect(try await session.run(RemoteCommand(argv: ["echo", "again"])).outputText == "again\n")
      await pool.closeAll()
      #expect(try await session.run(RemoteCommand(argv: ["echo", "anew"])).outputText == "anew\n")
      await pool.closeAll()
    }
  }

  @Test("A command that can't be put in words for a shell is refused before anything is sent")
  func invalidCommands() async throws {
    try await withLab { lab in
      let host = try await lab.startServer("host")
      let pool = lab.pool()
      let session = try await pool.session(to: lab.endpoint(host))
      let commands = [
        RemoteCommand(steps: []), RemoteCommand(argv: []), RemoteCommand(argv: ["a\0b"]),
        RemoteCommand(argv: ["true"], environment: ["A B": "x"]),
        RemoteCommand(argv: ["true"], environment: ["": "x"]),
        RemoteCommand(argv: ["true"], environment: ["1A": "x"]), RemoteCommand(argv: ["A=b"]),
      ]
      for command in commands {
        let error = try await sshError { _ = try await session.run(command) }
        #expect(error.code == .invalidCommand, "\(command)")
      }
      await pool.closeAll()
    }
  }
}
