import Foundation
import PawlEngine
import PawlModel
import PawlSSH
import PawlSteps

/// The inventory's hosts over SSH, behind the port `HostSessions`.
struct SSHHosts: HostSessions {
  private let inventory: Inventory
  private let pool: SSHPool
  /// What epochs are kept under on hosts; nil before the cluster's lock is taken.
  private let fence: String?

  init(_ inventory: Inventory, settings: SSHPool.Settings = SSHPool.Settings(), fence: String? = nil) {
    self.init(inventory, pool: SSHPool(settings: settings), fence: fence)
  }

  private init(_ inventory: Inventory, pool: SSHPool, fence: String?) {
    self.inventory = inventory
    self.pool = pool
    self.fence = fence
  }

  func fenced(for cluster: String) -> any HostSessions {
    SSHHosts(inventory, pool: pool, fence: cluster)
  }

  func session(to host: String) async throws(HostError) -> any HostSession {
    guard let entry = inventory.host(named: host) else {
      throw HostError(.failed, "The inventory has no host '\(host)'.")
    }
    let bastions = inventory.ssh.bastions.filter { entry.via?.contains($0.name) ?? true }
    do throws(SSHError) {
      let session = try await pool.session(to: endpoint(entry), through: bastions.map(endpoint))
      return SSHHost(host: host, session: session, fence: fence)
    } catch {
      throw HostError(error)
    }
  }

  /// Ends all links; detached commands go on.
  func close() async { await pool.closeAll() }

  private func endpoint(_ host: PawlModel.Host) -> SSHEndpoint {
    endpoint(host.name, host.address, host.port, host.user, host.keys)
  }

  private func endpoint(_ bastion: Bastion) -> SSHEndpoint {
    endpoint(bastion.name, bastion.address, bastion.port, bastion.user, bastion.keys)
  }

  private func endpoint(
    _ name: String, _ address: String, _ port: Int?, _ user: String?, _ keys: [String]?
  ) -> SSHEndpoint {
    let access = inventory.ssh
    var credentials: [SSHCredential] = []
    if access.agent, let socket = Console.environment["SSH_AUTH_SOCK"], !socket.isEmpty {
      credentials.append(.agent(socketPath: socket))
    }
    credentials += (keys ?? access.keys).map { .keyFile(path: $0, passphrase: nil) }
    return SSHEndpoint(
      name: name, address: address, port: port ?? access.port, user: user ?? access.user,
      authentication: credentials, knownHostsFiles: access.knownHosts,
      connectTimeout: .seconds(access.connectTimeoutSeconds))
  }
}

/// One host over SSH.
private struct SSHHost: HostSession {
  let host: String
  let session: SSHSession
  let fence: String?

  func run(_ command: HostCommand) async throws(HostError) -> HostCommandResult {
    try await asking { () throws(SSHError) in
      HostCommandResult(try await session.run(RemoteCommand(command)))
    }
  }

  func runDetached(
    _ command: HostCommand, key: PawlSteps.JobKey, epoch: Int, onOutput: @escaping @Sendable (String) -> Void
  ) async throws(HostError) -> HostCommandResult {
    let (output, errors) = (TextPieces(), TextPieces())
    do throws(SSHError) {
      let fence = try fence.map { name throws(SSHError) in
        try Fence(cluster: name, epoch: UInt64(max(0, epoch)))
      }
      let result = try await session.runDetached(
        RemoteCommand(command), job: PawlSSH.JobKey(key), fence: fence
      ) { chunk in
        let text = (chunk.stream == .stdout ? output : errors).text(adding: chunk.bytes)
        if !text.isEmpty { onOutput(text) }
      }
      return HostCommandResult(result)
    } catch {
      throw error.code == .fenced ? refusedByFence(error, fence ?? "") : HostError(error)
    }
  }

  private func refusedByFence(_ error: SSHError, _ fence: String) -> HostError {
    HostError(
      .fenced,
      """
      \(error.message) If no other run exists, the cluster or its lock came from a backup or was made again: then \
      remove /var/lib/pawl/fence/\(fence) on \(host).
      """)
  }

  func jobState(_ key: PawlSteps.JobKey) async throws(HostError) -> PawlSteps.JobState {
    let state = try await asking { () throws(SSHError) in try await session.jobState(PawlSSH.JobKey(key)) }
    return switch state {
    case .absent: .absent
    case .running: .running
    case .finished(let result): .finished(HostCommandResult(result))
    case .lost(.rebooted): .lost("the host was rebooted while it ran")
    case .lost(.died): .lost("it was killed before it left a status")
    }
  }

  func terminate(_ key: PawlSteps.JobKey) async throws(HostError) {
    try await asking { () throws(SSHError) in try await session.terminateJob(PawlSSH.JobKey(key)) }
  }

  func runsWithJobs() async throws(HostError) -> [RunID] {
    try await asking { () throws(SSHError) in try await session.runsWithJobs() }.map { RunID($0) }
  }

  func removeJobs(of run: RunID) async throws(HostError) {
    try await asking { () throws(SSHError) in try await session.removeJobs(run: run.text) }
  }

  private func asking<Answer>(_ call: () async throws(SSHError) -> Answer) async throws(HostError) -> Answer {
    do throws(SSHError) { return try await call() } catch { throw HostError(error) }
  }
}

extension HostError {
  /// The port's words for an SSH error, with its hint.
  init(_ error: SSHError) {
    let code: Code =
      switch error.code {
      case .unreachable, .connectTimeout, .bastionForwardRefused, .channelRefused: .unreachable
      case .linkLost: .linkLost
      case .hostKeyUnknown, .hostKeyMismatch: .hostKey
      case .authenticationRefused, .keyUnreadable, .keyTypeUnsupported, .agentUnavailable: .authentication
      case .timedOut: .timedOut
      case .cancelled: .cancelled
      case .fenced: .fenced
      case .outputLimit, .protocolError, .invalidCommand, .jobLost, .jobRefused: .failed
      }
    self.init(code, error.hint.map { "\(error.message) \($0)" } ?? error.message)
  }
}

extension PawlSSH.JobKey {
  init(_ key: PawlSteps.JobKey) throws(SSHError) { try self.init(run: key.run.text, name: key.name) }
}

extension RemoteCommand {
  init(_ command: HostCommand) {
    self.init(
      steps: command.steps, always: command.always, environment: command.environment,
      standardInput: command.standardInput, sudo: command.asRoot, timeout: .seconds(command.timeoutSeconds))
  }
}

extension HostCommandResult {
  init(_ result: CommandResult) {
    self.init(
      status: Int(result.exitStatus.shellStatus), output: result.outputText, errorOutput: result.errorText)
  }
}
