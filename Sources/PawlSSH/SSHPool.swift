import CLibSSH2
import Dispatch

/// Keeps the SSH links: one authenticated link per bastion chain, and one session per target inside it.
///
/// The actor runs on a serial queue of its own, which also delivers the readiness of its sockets. All libssh2 calls
/// happen there, one after the other.
package actor SSHPool {
  /// How links are kept alive and found again.
  package struct Settings: Sendable {
    /// Silence after which a server that somebody waits for is asked for a sign of life; three times that is a lost link.
    package var keepAlive: Duration = .seconds(15)
    /// Attempts, without any success in between, to reach a host whose detached job is being watched.
    package var reconnectAttempts: Int = 40
    /// Pause before the second attempt; it doubles up to `longestPause`.
    package var shortestPause: Duration = .milliseconds(200)
    /// Longest pause between attempts.
    package var longestPause: Duration = .seconds(10)
    /// Where hosts keep jobs and fences; readable by root only.
    package var stateDirectory: String = "/var/lib/pawl"
    /// Time between TERM and KILL when a job is ended.
    package var terminationGrace: Duration = .seconds(20)

    package init() {}
  }

  /// A connection that is being made; those who want it wait here.
  private final class Building {
    var waiters: [Operation] = []
    var outcome: Result<Connection, SSHError>?
  }

  /// How links are kept alive and found again.
  package nonisolated let settings: Settings
  private nonisolated let executor = QueueExecutor(label: "pawl.ssh")
  private var connections: [[SSHEndpoint]: Connection] = [:]
  private var building: [[SSHEndpoint]: Building] = [:]
  private var roots: [Int: Connection] = [:]
  private var operations: [Int: (operation: Operation, timer: any DispatchSourceTimer)] = [:]
  private var heartbeat: (any DispatchSourceTimer)?
  private var nextID = 0

  package init(settings: Settings = Settings()) { self.settings = settings }

  isolated deinit { closeAll() }

  package nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

  /// A session with a host, connected and logged in. The bastions are passed in order, the nearest first.
  ///
  /// Sessions are shared: asking twice for the same host gives the same link. A session whose link is lost connects
  /// again at its next use.
  package func session(
    to target: SSHEndpoint, through bastions: [SSHEndpoint] = []
  ) async throws(SSHError) -> SSHSession {
    _ = try await connection(bastions + [target])
    return SSHSession(pool: self, target: target, bastions: bastions)
  }

  /// Ends all links. Detached jobs go on. Sessions may be used again afterwards and will connect anew.
  package func closeAll() {
    for root in roots.values { root.close() }
    roots = [:]
    connections = [:]
    heartbeat?.cancel()
    heartbeat = nil
  }

  // MARK: Commands

  /// Runs a line on a host. A link that turns out to be dead before the command was started is made again once.
  func execute(
    _ execution: Execution, on path: [SSHEndpoint], timeout: Duration,
    onOperation: (Operation) -> Void = { _ in }
  ) async throws(SSHError) -> ExitStatus {
    var hasStarted = false
    var execution = execution
    execution.onStart = { hasStarted = true }
    do throws(SSHError) {
      return try await once(execution, path, timeout, onOperation)
    } catch {
      guard error.code == .linkLost, !hasStarted else { throw error }
      return try await once(execution, path, timeout, onOperation)
    }
  }

  private func once(
    _ execution: Execution, _ path: [SSHEndpoint], _ timeout: Duration, _ onOperation: (Operation) -> Void
  ) async throws(SSHError) -> ExitStatus {
    let connection = try await connection(path)
    return try await withOperation(timeout: timeout) { operation throws(SSHError) in
      onOperation(operation)
      return try await connection.execute(execution, operation)
    }
  }

  // MARK: Connections

  /// The link for a path of hops, made if there is none.
  func connection(_ path: [SSHEndpoint]) async throws(SSHError) -> Connection {
    if let existing = connections[path] {
      if existing.isUsable { return existing }
      connections[path] = nil
    }
    let limit = path.reduce(Duration.seconds(60)) { $0 + $1.connectTimeout * 2 }
    return try await withOperation(timeout: limit) { operation throws(SSHError) in
      let building = self.building[path] ?? self.begin(path)
      building.waiters.append(operation)
      while building.outcome == nil {
        await operation.wait()
        do throws(SSHError) {
          try operation.check(hop: path[path.count - 1].name, doing: "Connecting")
        } catch {
          throw Self.connecting(error, path[path.count - 1])
        }
      }
      guard let outcome = building.outcome else {
        throw SSHError(.cancelled, hop: "", "Connecting was cancelled.")
      }
      return try outcome.get()
    }
  }

  /// Makes a connection in a task of its own, since several callers may wait for it and any of them may give up.
  private func begin(_ path: [SSHEndpoint]) -> Building {
    let new = Building()
    building[path] = new
    Task {
      do throws(SSHError) {
        let connection = try await build(path)
        connections[path] = connection
        new.outcome = .success(connection)
      } catch {
        new.outcome = .failure(error)
      }
      building[path] = nil
      for waiter in new.waiters { waiter.wake() }
    }
    return new
  }

  private func build(_ path: [SSHEndpoint]) async throws(SSHError) -> Connection {
    guard let endpoint = path.last else {
      throw SSHError(.invalidCommand, hop: "", "No host was given to connect to.")
    }
    startHeartbeat()
    if path.count == 1 {
      return try await withOperation(timeout: endpoint.connectTimeout) { operation throws(SSHError) in
        let connection = try await self.dial(endpoint)
        try await self.establish(connection, operation)
        return connection
      }
    }
    // Twice, because the link to the bastion may have died unnoticed while nobody used it, or been retired while
    // this one waited for its turn.
    do throws(SSHError) {
      return try await tunnel(path)
    } catch {
      guard error.code == .linkLost else { throw error }
      return try await tunnel(path)
    }
  }

  private func tunnel(_ path: [SSHEndpoint]) async throws(SSHError) -> Connection {
    let parent = try await connection(Array(path.dropLast()))
    let endpoint = path[path.count - 1]
    let patience = endpoint.connectTimeout * 10
    try await withOperation(timeout: patience) { operation throws(SSHError) in
      try await parent.opening.enter(operation, hop: endpoint.name, doing: "Connecting")
    }
    return try await withOperation(timeout: endpoint.connectTimeout) { operation throws(SSHError) in
      let channel: Connection.Channel
      do throws(SSHError) {
        defer { parent.opening.leave() }
        channel = try await parent.openForward(to: endpoint, operation)
      } catch {
        throw Self.connecting(error, endpoint)
      }
      self.nextID += 1
      let connection = try Connection(
        id: self.nextID, path: path, carrier: .tunnel(parent, channel), queue: self.executor.queue)
      try await self.establish(connection, operation)
      return connection
    }
  }

  private func dial(_ endpoint: SSHEndpoint) async throws(SSHError) -> Connection {
    let dialled = await Dialer.dial(
      address: endpoint.address, port: endpoint.port, timeout: endpoint.connectTimeout)
    let place = "\(endpoint.name) (\(endpoint.address) port \(endpoint.port))"
    switch dialled {
    case .failure(let failure):
      throw SSHError(
        failure.isTimeout ? .connectTimeout : .unreachable, hop: endpoint.name,
        "\(place) can't be reached: \(failure.reason); check the address, the port and the network.",
        underlying: failure.reason)
    case .success(let descriptor):
      nextID += 1
      let id = nextID
      let socket = SocketCarrier(
        descriptor: descriptor, queue: executor.queue,
        onReadable: { [weak self] in self?.assumeIsolated { $0.serve(id, isReadable: true) } },
        onWritable: { [weak self] in self?.assumeIsolated { $0.serve(id, isReadable: false) } })
      let connection = try Connection(
        id: id, path: [endpoint], carrier: .socket(socket), queue: executor.queue)
      roots[id] = connection
      return connection
    }
  }

  /// Key exchange, host key, log-in; whatever fails, the link is gone afterwards.
  private func establish(_ connection: Connection, _ operation: Operation) async throws(SSHError) {
    do throws(SSHError) {
      try await connection.handshake(operation)
      try await connection.authenticate(operation)
    } catch {
      let wasBeforeKeys = error.code == .linkLost && error.hop == connection.hop && !connection.hasKeys
      connection.fail(error)
      guard wasBeforeKeys else { throw Self.connecting(error, connection.endpoint) }
      throw SSHError(
        .unreachable, hop: connection.hop,
        "\(connection.hop) closed the connection before the SSH key exchange; check that sshd listens on port \(connection.endpoint.port) and accepts more connections (MaxStartups).",
        underlying: error.underlying)
    }
  }

  /// Running out of time while connecting has a code and a sentence of its own.
  private static func connecting(_ error: SSHError, _ endpoint: SSHEndpoint) -> SSHError {
    guard error.code == .timedOut else { return error }
    return SSHError(
      .connectTimeout, hop: endpoint.name,
      "\(endpoint.name) (\(endpoint.address) port \(endpoint.port)) did not answer within \(endpoint.connectTimeout.components.seconds) s; check that the host is up and that no firewall drops the packets.",
      underlying: error.message)
  }

  // MARK: Events

  private func serve(_ id: Int, isReadable: Bool) {
    guard let root = roots[id], case .socket(let socket) = root.carrier else { return }
    if isReadable { socket.disarmRead() } else { socket.disarmWrite() }
    root.serve()
  }

  private func startHeartbeat() {
    guard heartbeat == nil else { return }
    let timer = DispatchSource.makeTimerSource(queue: executor.queue)
    let interval = max(settings.keepAlive / 2, .milliseconds(50))
    timer.schedule(deadline: .now() + interval.dispatch, repeating: interval.dispatch)
    timer.setEventHandler { [weak self] in self?.assumeIsolated { $0.beat() } }
    timer.resume()
    heartbeat = timer
  }

  private func beat() {
    roots = roots.filter { $0.value.failure == nil }
    connections = connections.filter { $0.value.isUsable }
    for root in roots.values { root.keepAlive(now: .now, interval: settings.keepAlive) }
  }

  // MARK: Deadlines

  /// Runs `body` with an operation that ends at the timeout or when the calling task is cancelled.
  private func withOperation<Value>(
    timeout: Duration, _ body: (Operation) async throws(SSHError) -> Value
  ) async throws(SSHError) -> Value {
    nextID += 1
    let id = nextID
    let operation = Operation(id: id)
    let timer = DispatchSource.makeTimerSource(queue: executor.queue)
    timer.setEventHandler { [weak self] in
      self?.assumeIsolated { $0.operations[id]?.operation.end(.timedOut) }
    }
    timer.schedule(deadline: .now() + timeout.dispatch)
    timer.resume()
    operations[id] = (operation, timer)
    defer { operations.removeValue(forKey: id)?.timer.cancel() }
    // The closure names `self`, and so runs here: one that does not capture the actor would run anywhere.
    let result = await withTaskCancellationHandler {
      await self.outcome(of: body, operation)
    } onCancel: {
      Task { await self.cancel(id) }
    }
    return try result.get()
  }

  private func outcome<Value>(
    of body: (Operation) async throws(SSHError) -> Value, _ operation: Operation
  ) async -> Result<Value, SSHError> {
    do throws(SSHError) {
      return .success(try await body(operation))
    } catch {
      return .failure(error)
    }
  }

  private func cancel(_ id: Int) { operations[id]?.operation.end(.cancelled) }

  /// Moves an operation's deadline.
  func reschedule(_ operation: Operation, after timeout: Duration) {
    operations[operation.id]?.timer.schedule(deadline: .now() + timeout.dispatch)
  }
}

extension Duration {
  /// For dispatch, at least zero and at most a year.
  fileprivate var dispatch: DispatchTimeInterval {
    let bounded = min(max(self, .zero), .seconds(365 * 86_400))
    let (seconds, attoseconds) = bounded.components
    return .nanoseconds(Int(seconds * 1_000_000_000 + attoseconds / 1_000_000_000))
  }
}
