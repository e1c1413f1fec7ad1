import Foundation
import Glibc
import PawlSSH

/// A host behind a bastion and a pool that reaches it.
struct JobScene {
  let lab: TestLab
  let bastion: TestServer
  let host: TestServer
  let pool: SSHPool
  let session: SSHSession
  let job: JobKey

  init(_ lab: TestLab) async throws {
    self.lab = lab
    bastion = try await lab.startServer("bastion")
    host = try await lab.startServer("host")
    pool = lab.pool()
    session = try await pool.session(to: lab.endpoint(host), through: [lab.endpoint(bastion)])
    job = try JobKey(run: "run-1", name: "step.a")
  }

  /// Another process' view: a pool of its own.
  func newSession() async throws -> SSHSession {
    try await lab.pool().session(to: lab.endpoint(host), through: [lab.endpoint(bastion)])
  }

  var jobDirectory: String { "\(lab.stateDirectory)/jobs/run-1/step.a" }

  func read(_ file: String) throws -> String {
    try String(contentsOfFile: "\(jobDirectory)/\(file)", encoding: .utf8)
  }

  func write(_ file: String, _ text: String) throws {
    try Data(text.utf8).write(to: URL(fileURLWithPath: "\(jobDirectory)/\(file)"))
  }

  /// A command that tells of its start, waits until `gate` can be opened for writing, and goes on.
  ///
  /// Reading a FIFO blocks without any polling until the test opens the other end.
  func gated(_ body: String) -> RemoteCommand {
    RemoteCommand(argv: ["sh", "-c", "echo begun; read line < '\(gate)'; \(body)"], sudo: true)
  }

  var gate: String { "\(lab.directory)/gate" }

  func makeGate() { mkfifo(gate, 0o600) }

  func openGate() async {
    let path = gate
    await onThread {
      let descriptor = open(path, O_WRONLY)
      close(descriptor)
    }
  }
}
