import Foundation
import PawlTestSupport
import Synchronization
import Testing

/// Real processes and real signals, on the simulated cluster.
@Suite("Stopping a run", .timeLimit(.minutes(5)))
struct ControlProcessTests {
  private let pawl = PawlProgram(
    directory: PawlProgram.root, environment: ["NO_COLOR": "1", "COLUMNS": "80"])
  private let directory: TemporaryDirectory

  init() throws { directory = try TemporaryDirectory() }

  private var state: [String] { ["--state", directory.path + "/state"] }

  /// A remote command that takes a while: its step's line that says it runs.
  @Sendable private static func isCommand(_ line: String) -> Bool {
    line.contains("wait 1.30/install-kubeadm@cp-1")
  }

  /// Runs the demo slowly, and interrupts it at the first line with each of the texts.
  private func interrupt(
    at cues: [@Sendable (String) -> Bool], speed: Double = 1
  ) async throws -> (output: String, status: Int32) {
    let next = Mutex(0)
    let (lines, status) = try await pawl.runInterrupting(["demo", "--speed", "\(speed)"] + state) { line in
      next.withLock { next in
        guard next < cues.count, cues[next](line) else { return false }
        next += 1
        return true
      }
    }
    #expect(next.withLock { $0 } == cues.count, "not every cue came")
    return (lines.joined(separator: "\n"), status)
  }

  private func events(of run: String) async throws -> [[String: Any]] {
    try await pawl.run(["show", run, "-o", "json"] + state).output.split(separator: "\n").map {
      try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
    }
  }

  private func onlyRun() async throws -> String {
    let list = try await pawl.run(["runs"] + state).output
    return String(try #require(list.split(separator: " ").first))
  }

  @Test("Ctrl-C once: what runs ends, nothing more starts, exit code 1")
  func once() async throws {
    let (output, status) = try await interrupt(at: [Self.isCommand])
    #expect(status == 1)
    #expect(output.contains("Cancelled; nothing more was started."), "\(output)")
    let events = try await events(of: try await onlyRun())
    #expect(events.last?["outcome"] as? String == "cancelled")
    let (started, ended) = (steps(events, "step-started"), steps(events, "step-succeeded"))
    #expect(started == ended)
    #expect(started.last == "1.30/install-kubeadm@cp-1")
  }

  @Test("Ctrl-C twice: the command on the host is ended, and its step is in doubt")
  func twice() async throws {
    // Slow enough for the command not to be done before both have come, however busy the machine is.
    let (output, status) = try await interrupt(
      at: [Self.isCommand, { $0.hasPrefix("Finishing what runs") }], speed: 0.2)
    #expect(status == 1)
    #expect(
      output.contains("1.30/install-kubeadm@cp-1 was stopped on request; its command on cp-1 was ended."),
      "\(output)")
    let run = try await onlyRun()
    let events = try await events(of: run)
    for kind in ["step-stopped", "step-probed", "step-undone"] {
      #expect(steps(events, kind).last == "1.30/install-kubeadm@cp-1", "\(kind)")
    }
    #expect(try await pawl.run(["show", run] + state).output.contains("undone"))
  }

  @Test("Ctrl-C while a node is drained: it is put back, and the run can't be resumed but planned anew")
  func undone() async throws {
    let (output, status) = try await interrupt(at: [{ $0.contains("start 1.30/drain@cp-1") }], speed: 10)
    #expect(status == 1)
    #expect(output.contains("undone 1.30/drain@cp-1  cp-1 takes pods again."), "\(output)")
    #expect(output.contains("Cancelled, and undone what it left."))
    #expect(!output.contains("cordoned"), "what the demo says of its nodes at the end")
    let run = try await onlyRun()
    #expect(try await events(of: run).last?["outcome"] as? String == "cancelled")
    let resume = try await pawl.run(["resume", run] + state)
    #expect(resume.status == 1 && resume.errors.contains("plan anew with `pawl upgrade`"), "\(resume)")
    let cancel = try await pawl.run(["cancel", run] + state)
    #expect(cancel.status == 0 && cancel.output.contains("is cancelled already"), "\(cancel)")
  }

  @Test("Ctrl-C three times: it stops watching and says where what runs is, exit code 3")
  func threeTimes() async throws {
    let (output, status) = try await interrupt(at: [
      Self.isCommand, { $0.hasPrefix("Finishing what runs") }, { $0.hasPrefix("Stopping what runs") },
    ])
    #expect(status == 3)
    #expect(output.contains("No longer watching"), "\(output)")
    #expect(output.contains("1.30/install-kubeadm@cp-1 may still run on cp-1."))
  }

  @Test("Pause from another terminal: what runs ends, exit code 3; a paused run can be cancelled")
  func pause() async throws {
    let seen = AsyncStream<String>.makeStream()
    let (pawl, state) = (pawl, state)
    async let demo = pawl.runInterrupting(["demo", "--speed", "10"] + state) { line in
      if line.hasPrefix("Run ") { seen.continuation.yield(String(line.dropFirst(4).prefix { $0 != ":" })) }
      return false
    }
    var run = ""
    for await name in seen.stream {
      run = name
      break
    }
    let answer = try await pawl.run(["pause", run, "--reason", "lunch"] + state)
    #expect(answer.status == 0, "\(answer.errors)")
    #expect(answer.output == "Run \(run) finishes its running steps and then pauses.\n")
    let (lines, status) = try await demo
    #expect(status == 3)
    #expect(lines.contains { $0.contains("asks: pause.") })
    #expect(lines.contains { $0.hasPrefix("Paused: Lunch.") })
    #expect(lines.contains("To go on: pawl resume \(run)"))

    let again = try await pawl.run(["pause", run] + state)
    #expect(again.status == 1 && again.errors.contains("nothing to pause"))
    let cancel = try await pawl.run(["cancel", run] + state)
    #expect(cancel.status == 0 && cancel.output.contains("It was not under way."))
    let resume = try await pawl.run(["resume"] + state)
    #expect(resume.status == 0 && resume.errors.contains("was cancelled"))
    let approve = try await pawl.run(["approve", run, "1.31/verify-cluster", "--as", "done"] + state)
    #expect(approve.status == 1 && approve.errors.contains("nothing to answer for"))
  }

  @Test("Cancel from another terminal: exit code 1; a run that does not exist exits with 1 and is named")
  func cancel() async throws {
    let seen = AsyncStream<String>.makeStream()
    let (pawl, state) = (pawl, state)
    async let demo = pawl.runInterrupting(["demo", "--speed", "4"] + state) { line in
      if line.hasPrefix("Run ") { seen.continuation.yield(String(line.dropFirst(4).prefix { $0 != ":" })) }
      return false
    }
    for await run in seen.stream {
      let answer = try await pawl.run(["cancel", run, "--now"] + state)
      #expect(answer.status == 0, "\(answer.errors)")
      break
    }
    let (lines, status) = try await demo
    #expect(status == 1)
    #expect(lines.contains { $0.hasPrefix("Cancelled; nothing more was started.") })
    for command in ["pause", "cancel"] {
      let unknown = try await pawl.run([command, "nobody"] + state)
      #expect(unknown.status == 1 && unknown.errors.contains("nobody"), "\(unknown)")
    }
  }

  private func steps(_ events: [[String: Any]], _ kind: String) -> [String] {
    events.compactMap { $0["event"] as? String == kind ? $0["step"] as? String : nil }
  }
}
