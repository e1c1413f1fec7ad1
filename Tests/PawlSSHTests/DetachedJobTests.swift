import Foundation
import Glibc
import Testing

@testable import PawlSSH

@Suite("Detached commands", .enabled(if: TestLab.isPossible, TestLab.reason), .timeLimit(.minutes(2)))
struct DetachedJobTests {
  func withScene(_ body: (JobScene) async throws -> Void) async throws {
    try await withLab { lab in
      let scene = try await JobScene(lab)
      scene.makeGate()
      try await body(scene)
      await scene.pool.closeAll()
    }
  }

  @Test("A job runs once; asking again gives the stored result")
  func storedResult() async throws {
    try await withScene { scene in
      let counter = "\(scene.lab.directory)/counter"
      let command = RemoteCommand(
        argv: [
          "sh", "-c", "echo x >> '\(counter)'; printf 'out\\0%s' \"$SECRET\"; cat; echo err >&2; exit 5",
        ],
        environment: ["SECRET": "it's"], standardInput: Array("given".utf8), sudo: true)
      #expect(try await scene.session.jobState(scene.job) == .absent)
      let recorder = Recorder()
      let first = try await scene.session.runDetached(command, job: scene.job) { recorder.add($0) }
      #expect(first.exitStatus == .exited(5))
      #expect(first.standardOutput == Array("out\0it'sgiven".utf8))
      #expect(first.errorText == "err\n")
      #expect(recorder.stdout == first.standardOutput)
      #expect(recorder.stderr == first.standardError)
      let second = try await scene.newSession().runDetached(command, job: scene.job)
      #expect(second == first)
      #expect(try await scene.session.jobState(scene.job) == .finished(first))
      #expect(try String(contentsOfFile: counter, encoding: .utf8) == "x\n")
    }
  }

  @Test("A job has a session of its own, only root sees its files, and no secret stays in them")
  func privacy() async throws {
    try await withScene { scene in
      let command = RemoteCommand(
        argv: ["sh", "-c", "cat /proc/$$/stat; cat /proc/[0-9]*/cmdline"],
        environment: ["TOKEN": "s3cr3t-v4lue"],
        standardInput: Array("pr1vate-1nput".utf8), sudo: true)
      let result = try await scene.session.runDetached(command, job: scene.job)
      let pid = try #require(try scene.read("pid").split(separator: " ").first)
      let fields = result.outputText.split(separator: " ")
      #expect(fields[4] == pid, "process group")
      #expect(fields[5] == pid, "session")
      #expect(!result.outputText.contains("s3cr3t-v4lue"))
      let files = try FileManager.default.contentsOfDirectory(atPath: scene.jobDirectory)
      for file in files {
        let text = try scene.read(file)
        #expect(!text.contains("s3cr3t-v4lue") && !text.contains("pr1vate-1nput"), "\(file)")
      }
      for path in [scene.lab.stateDirectory, scene.jobDirectory] {
        let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
        #expect(mode == 0o700)
      }
    }
  }

  @Test("A link lost in the middle: no output lost, none doubled", arguments: [false, true])
  func lostLink(isBastionLost: Bool) async throws {
    try await withScene { scene in
      let recorder = Recorder()
      let session = scene.session
      let job = scene.job
      let command = scene.gated("seq 1 200000; echo done >&2")
      let task = Task { try await session.runDetached(command, job: job) { recorder.add($0) } }
      await recorder.waitFor("begun\n")
      #expect((isBastionLost ? scene.bastion : scene.host).cutConnections() > 0)
      await scene.openGate()
      // Cut again and again while the output flows.
      for mark in ["\n20000\n", "\n90000\n", "\n150000\n"] {
        await recorder.waitFor(mark)
        scene.bastion.cutConnections()
      }
      let result = try await task.value
      let expected = "begun\n" + (1...200_000).map { "\($0)\n" }.joined()
      #expect(result.outputText == expected)
      #expect(recorder.stdout == Array(expected.utf8))
      #expect(result.errorText == "done\n")
      #expect(result.exitStatus == .exited(0))
    }
  }

  @Test("The watcher is gone and another one goes on from the byte where the first stopped")
  func newWatcher() async throws {
    try await withScene { scene in
      let session = scene.session
      let job = scene.job
      let first = Recorder()
      let command = scene.gated("echo rest; exit 9")
      let task = Task { try await session.runDetached(command, job: job) { first.add($0) } }
      await first.waitFor("begun\n")
      task.cancel()
      let cancelled = try await sshError { _ = try await task.value }
      #expect(cancelled.code == .cancelled)
      await scene.pool.closeAll()
      let other = try await scene.newSession()
      guard case .running(let pid) = try await other.jobState(job) else {
        Issue.record("the job does not run")
        return
      }
      #expect(isAlive(pid))
      await scene.openGate()
      let second = Recorder()
      let seen = OutputOffsets(stdout: first.stdout.count)
      let result = try await other.runDetached(command, job: job, resumingAt: seen) { second.add($0) }
      #expect(result.exitStatus == .exited(9))
      #expect(result.outputText == "begun\nrest\n")
      #expect(second.stdout == Array("rest\n".utf8))
      await other.closePool()
    }
  }

  @Test("A job that ends while nobody watches keeps its result")
  func unwatchedEnd() async throws {
    try await withScene { scene in
      let session = scene.session
      let job = scene.job
      let recorder = Recorder()
      let command = scene.gated("echo alone")
      let task = Task { try await session.runDetached(command, job: job) { recorder.add($0) } }
      await recorder.waitFor("begun\n")
      guard case .running(let pid) = try await session.jobState(job) else {
        Issue.record("the job does not run")
        return
      }
      task.cancel()
      _ = try await sshError { _ = try await task.value }
      await scene.host.stop()
      await scene.openGate()
      try await waitForEnd(of: pid)
      try await scene.host.start()
      let result = try await session.runDetached(command, job: job)
      #expect(result.outputText == "begun\nalone\n")
      #expect(result.exitStatus == .exited(0))
    }
  }

  @Test(
    "A launcher killed half-way leaves nothing that stops the next one",
    arguments: ["empty", "no pid", "pid"])
  func tornLaunch(kind: String) async throws {
    try await withScene { scene in
      try FileManager.default.createDirectory(atPath: scene.jobDirectory, withIntermediateDirectories: true)
      let boot = try String(contentsOfFile: "/proc/sys/kernel/random/boot_id", encoding: .utf8)
      if kind != "empty" { try scene.write("boot", boot) }
      if kind == "pid" { try scene.write("pid", "999999999 1\n") }
      #expect(try await scene.session.jobState(scene.job) == .absent)
      let result = try await scene.session.runDetached(RemoteCommand(argv: ["echo", "new"]), job: scene.job)
      #expect(result.outputText == "new\n")
    }
  }

  @Test("Two launchers at once start the job once")
  func racingLaunchers() async throws {
    try await withScene { scene in
      let counter = "\(scene.lab.directory)/counter"
      let command = RemoteCommand(argv: ["sh", "-c", "echo x >> '\(counter)'; echo ok"])
      let (session, job) = (scene.session, scene.job)
      try await withThrowingTaskGroup(of: String.self) { group in
        for _ in 0..<7 { group.addTask { try await session.runDetached(command, job: job).outputText } }
        for try await text in group { #expect(text == "ok\n") }
      }
      #expect(try String(contentsOfFile: counter, encoding: .utf8) == "x\n")
    }
  }

  @Test("A job over its time is ended with all its processes, whoever watches when the time is up")
  func timeout() async throws {
    try await withScene { scene in
      let (session, job) = (scene.session, scene.job)
      let recorder = Recorder()
      var command = RemoteCommand(
        argv: ["sh", "-c", "trap '' TERM; sleep 300 & echo pids $! $$ begun; wait"], sudo: true)
      let first = Task { [command] in try await session.runDetached(command, job: job) { recorder.add($0) } }
      await recorder.waitFor("begun\n")
      first.cancel()
      _ = try await sshError { _ = try await first.value }
      command.timeout = .zero
      let late = command
      let error = try await sshError { _ = try await session.runDetached(late, job: job) }
      #expect(error.code == .timedOut)
      let pids = String(decoding: recorder.stdout, as: UTF8.self).split(separator: " ").compactMap {
        Int32($0)
      }
      #expect(pids.count == 2)
      for pid in pids { #expect(!isAlive(pid)) }
      guard case .finished(let result) = try await session.jobState(job) else {
        Issue.record("the job is not over")
        return
      }
      #expect(result.exitStatus == .signalled("KILL"))
    }
  }

  @Test("A job that was ended before it began never begins")
  func endedBeforeItBegan() async throws {
    try await withScene { scene in
      let marker = "\(scene.lab.directory)/marker"
      try await scene.session.terminateJob(scene.job)
      let result = try await scene.session.runDetached(
        RemoteCommand(argv: ["touch", marker]), job: scene.job)
      #expect(result.exitStatus == .signalled("TERM"))
      #expect(!FileManager.default.fileExists(atPath: marker))
    }
  }

  @Test("A terminated sequence skips its steps and runs what always has to run")
  func terminatedSequence() async throws {
    try await withScene { scene in
      let (session, job) = (scene.session, scene.job)
      let recorder = Recorder()
      let command = RemoteCommand(
        steps: [["sh", "-c", "echo begun; exec sleep 300"], ["echo", "never"]],
        always: [["echo", "held again"]])
      let task = Task { try await session.runDetached(command, job: job) { recorder.add($0) } }
      await recorder.waitFor("begun\n")
      try await session.terminateJob(job)
      let result = try await task.value
      #expect(result.outputText == "begun\nheld again\n")
      #expect(result.exitStatus == .signalled("TERM"))
      try await session.terminateJob(job)
    }
  }

  @Test("A reboot and a killed supervisor are told apart")
  func losses() async throws {
    try await withScene { scene in
      let (session, job) = (scene.session, scene.job)
      let recorder = Recorder()
      let command = scene.gated("true")
      let task = Task { try await session.runDetached(command, job: job) { recorder.add($0) } }
      await recorder.waitFor("begun\n")
      guard case .running(let pid) = try await session.jobState(job) else {
        Issue.record("the job does not run")
        return
      }
      let boot = try scene.read("boot")
      try scene.write("boot", "00000000-0000-0000-0000-000000000000\n")
      #expect(try await session.jobState(job) == .lost(.rebooted))
      try scene.write("boot", boot)
      // While a process of the command is left the job is not over, even without its supervisor.
      kill(pid, SIGKILL)
      guard case .running = try await session.jobState(job) else {
        Issue.record("the rest of the job was overlooked")
        return
      }
      await scene.openGate()
      let error = try await sshError { _ = try await task.value }
      #expect(error.code == .jobLost)
      #expect(try await session.jobState(job) == .lost(.died))
      let again = try await sshError { _ = try await session.runDetached(command, job: job) }
      #expect(again.code == .jobLost)
    }
  }

  @Test("A host refuses an epoch that is lower than the one it has seen")
  func fence() async throws {
    try await withScene { scene in
      let (session, marker) = (scene.session, "\(scene.lab.directory)/marker")
      func run(_ name: String, epoch: UInt64) async throws -> CommandResult {
        try await session.runDetached(
          RemoteCommand(argv: ["touch", marker + name]), job: try JobKey(run: "run-1", name: name),
          fence: try Fence(cluster: "prod", epoch: epoch))
      }
      #expect(try await run("a", epoch: 7).exitStatus.isSuccess)
      #expect(try await run("b", epoch: 7).exitStatus.isSuccess)
      #expect(try await run("c", epoch: 8).exitStatus.isSuccess)
      let error = try await sshError { _ = try await run("d", epoch: 7) }
      #expect(error.code == .fenced)
      #expect(error.message.contains("8"))
      #expect(!FileManager.default.fileExists(atPath: marker + "d"))
      let other = try await session.runDetached(
        RemoteCommand(argv: ["true"]), job: try JobKey(run: "run-1", name: "e"),
        fence: try Fence(cluster: "other", epoch: 1))
      #expect(other.exitStatus.isSuccess)
    }
  }

  @Test("Output over the limit stays on the host")
  func outputLimit() async throws {
    try await withScene { scene in
      var command = RemoteCommand(argv: ["sh", "-c", "head -c 3000000 /dev/zero; echo end >&2"])
      command.outputLimit = 100_000
      let result = try await scene.session.runDetached(command, job: scene.job)
      #expect(result.standardOutput.count == 100_000)
      #expect(result.errorText == "end\n")
      #expect(result.truncated)
    }
  }

  @Test("Removing a run's jobs leaves those that run, and all else, alone")
  func removal() async throws {
    try await withScene { scene in
      let (session, job) = (scene.session, scene.job)
      #expect(try await session.runsWithJobs() == [])
      let other = try JobKey(run: "run-2", name: "x")
      for key in [try JobKey(run: "run-1", name: "old"), other] {
        _ = try await session.runDetached(RemoteCommand(argv: ["true"]), job: key)
      }
      let recorder = Recorder()
      let command = scene.gated("true")
      let task = Task { try await session.runDetached(command, job: job) { recorder.add($0) } }
      await recorder.waitFor("begun\n")
      let error = try await sshError { try await session.removeJobs(run: "run-1") }
      #expect(error.code == .jobRefused)
      #expect(error.message.contains("step.a"))
      await scene.openGate()
      _ = try await task.value
      #expect(try await session.runsWithJobs() == ["run-1", "run-2"])
      try await session.removeJobs(run: "run-1")
      #expect(try await session.runsWithJobs() == ["run-2"])
      #expect(try await session.jobState(job) == .absent)
      #expect(!FileManager.default.fileExists(atPath: "\(scene.lab.stateDirectory)/jobs/run-1"))
      #expect(try await session.jobState(other) != .absent)
      try await session.removeJobs(run: "run-1")
    }
  }

  @Test("A state directory that can't be made is refused with the reason")
  func unwritable() async throws {
    try await withScene { scene in
      try Data().write(to: URL(fileURLWithPath: scene.lab.stateDirectory))
      let error = try await sshError {
        _ = try await scene.session.runDetached(RemoteCommand(argv: ["true"]), job: scene.job)
      }
      #expect(error.code == .jobRefused)
      #expect(error.message.contains("state"))
    }
  }

  @Test(
    "A name that could leave the directory is refused",
    arguments: ["", "..", ".x", "-x", "a/b", "a b", "a\n", "é"])
  func jobNames(name: String) {
    #expect(throws: SSHError.self) { try JobKey(run: name, name: "ok") }
    #expect(throws: SSHError.self) { try JobKey(run: "ok", name: name) }
    #expect(throws: SSHError.self) { try Fence(cluster: name, epoch: 1) }
  }

  /// Returns when a process is gone.
  private func waitForEnd(of pid: Int32) async throws {
    try await runTool("/usr/bin/tail", ["--pid=\(pid)", "-s", "0.05", "-f", "/dev/null"])
  }
}

extension SSHSession {
  /// Ends the links of the pool behind this session.
  func closePool() async { await pool.closeAll() }
}
