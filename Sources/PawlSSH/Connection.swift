import CLibSSH2
import Dispatch
import Glibc

/// One libssh2 session with its channels: a bastion or a target, on a socket or inside a bastion's channel.
///
/// Everything runs on the pool's executor. libssh2 talks to memory: its receive callback pulls from the carrier
/// below, its send callback puts into `outbound`, which takes everything. So a write never stops half-way inside
/// libssh2, and no two channels can come between each other's repeated calls. Back-pressure is applied by not
/// starting new writes while `outbound` is above its high-water mark. Frees of the session and its channels happen
/// in this file only.
final class Connection {
  /// What carries the bytes of this session.
  enum Carrier {
    case socket(SocketCarrier)
    case tunnel(Connection, Channel)
  }

  /// A channel of this session; its handle goes when the channel or the session is freed.
  final class Channel {
    fileprivate(set) var handle: OpaquePointer?
    fileprivate init(_ handle: OpaquePointer) { self.handle = handle }
  }

  /// Bytes above which nothing new is written.
  static let highWater = 256 << 10

  let id: Int
  let path: [SSHEndpoint]
  let carrier: Carrier
  private let queue: DispatchQueue
  /// One channel-open at a time: libssh2 keeps its state in the session.
  let opening = Gate(limit: 1)
  /// Stock sshd allows ten sessions on a connection.
  let sessions = Gate(limit: 8)
  private(set) var outbound = ByteQueue()
  private(set) var failure: SSHError?
  /// No new channel may be opened: an open was given up and libssh2 can't take it back.
  private(set) var isRetired = false
  var isEstablished = false
  /// The key exchange is done.
  var hasKeys = false
  /// The agent in use during the log-in; freed before the session.
  private var agent: OpaquePointer?
  var lastHeard = ContinuousClock.now
  private var session: OpaquePointer?
  private var channels: [ObjectIdentifier: Channel] = [:]
  private var abandoned: [Channel] = []
  private var children: [Int: Connection] = [:]
  private var waiting: [Int: Operation] = [:]
  private var ending: String?
  private var hasHeard = false

  init(id: Int, path: [SSHEndpoint], carrier: Carrier, queue: DispatchQueue) throws(SSHError) {
    self.id = id
    self.path = path
    self.carrier = carrier
    self.queue = queue
    guard Self.libraryStatus == 0, let session = libssh2_session_init_ex(nil, nil, nil, nil) else {
      throw SSHError(
        .protocolError, hop: path.last?.name ?? "", "The SSH library could not be started on this machine.")
    }
    self.session = session
    libssh2_session_abstract(session).pointee = Unmanaged.passUnretained(self).toOpaque()
    pawl_session_set_io(session, sendCallback, receiveCallback)
    libssh2_session_set_blocking(session, 0)
    if case .tunnel(let parent, _) = carrier { parent.children[id] = self }
  }

  deinit { free() }

  private static let libraryStatus = libssh2_init(0)

  var endpoint: SSHEndpoint { path[path.count - 1] }
  var hop: String { endpoint.name }
  var isUsable: Bool { failure == nil && !isRetired && isEstablished }
  var isBusy: Bool { !waiting.isEmpty || children.values.contains { $0.isBusy } }
  var hasRoom: Bool { outbound.count < Self.highWater }

  /// The descriptor at the bottom; libssh2 wants one, and the agent's socket is told apart by it.
  var descriptor: Int32 {
    switch carrier {
    case .socket(let socket): socket.descriptor
    case .tunnel(let parent, _): parent.descriptor
    }
  }

  private var root: Connection {
    if case .tunnel(let parent, _) = carrier { return parent.root }
    return self
  }

  // MARK: Calling libssh2

  /// Repeats a call until it is through. `call` returns a libssh2 result; `LIBSSH2_ERROR_EAGAIN` means wait.
  func perform(
    _ operation: Operation, doing what: String, _ call: (OpaquePointer) -> Int
  ) async throws(SSHError) -> Int {
    while true {
      try operation.check(hop: hop, doing: what)
      let result = try attempt(call)
      if result != Int(LIBSSH2_ERROR_EAGAIN) { return result }
      await pause(operation)
    }
  }

  /// One call, and all that follows from it: bytes on their way, others woken, a lost link noticed.
  func attempt(_ call: (OpaquePointer) -> Int) throws(SSHError) -> Int {
    // Two threads in one session would corrupt it; better to stop here.
    dispatchPrecondition(condition: .onQueue(queue))
    if let failure { throw failure }
    guard let session else { throw lost("it was closed") }
    let result = call(session)
    flush()
    wakeIfHeard()
    if result < 0, let gone = topmostEnded() {
      gone.fail(gone.lost(gone.ending ?? "it ended"))
      throw failure ?? gone.lost("it ended")
    }
    return result
  }

  /// What one call read from the socket may be for any other: all look again. Otherwise nobody would, for the socket
  /// is not readable a second time.
  private func wakeIfHeard() {
    let bottom = root
    guard bottom.hasHeard else { return }
    bottom.hasHeard = false
    bottom.wakeTree()
  }

  /// Sleeps until something has happened on the link, or the operation has to stop.
  func pause(_ operation: Operation) async {
    waiting[operation.id] = operation
    await operation.wait()
    waiting[operation.id] = nil
  }

  /// libssh2's text for its last error.
  func libraryMessage() -> String {
    guard let session else { return "the session is closed" }
    var text: UnsafeMutablePointer<CChar>?
    let code = libssh2_session_last_error(session, &text, nil, 0)
    guard let text else { return "libssh2 error \(code)" }
    return "\(String(cString: text)) (libssh2 error \(code))"
  }

  /// Lets `body` talk to the agent; the handle is freed afterwards, also when the link fails meanwhile.
  func withAgent<Value>(
    _ body: (OpaquePointer) async throws(SSHError) -> Value
  ) async throws(SSHError) -> Value? {
    guard let session, let new = libssh2_agent_init(session) else { return nil }
    agent = new
    defer { freeAgent() }
    return try await body(new)
  }

  private func freeAgent() {
    guard let handle = agent else { return }
    agent = nil
    libssh2_agent_free(handle)
  }

  // MARK: Channels

  /// Opens a channel; `open` is one of libssh2's opening calls. Returns nil when the server refused.
  ///
  /// The caller holds `opening`. An open that is given up retires the session.
  func openChannel(
    _ operation: Operation, doing what: String, _ open: (OpaquePointer) -> OpaquePointer?
  ) async throws(SSHError) -> Channel? {
    var handle: OpaquePointer?
    do throws(SSHError) {
      _ = try await perform(operation, doing: what) { session in
        handle = open(session)
        return handle == nil ? Int(libssh2_session_last_errno(session)) : 0
      }
    } catch {
      retire()
      throw error
    }
    guard let handle else { return nil }
    let channel = Channel(handle)
    channels[ObjectIdentifier(channel)] = channel
    return channel
  }

  /// Closes and frees a channel; what can't be done at once is done as the link goes on.
  func release(_ channel: Channel) {
    abandoned.append(channel)
    reap()
    // Freeing a channel reads for its end, and may find what others wait for.
    wakeIfHeard()
  }

  private func reap() {
    guard failure == nil, !abandoned.isEmpty else { return }
    abandoned.removeAll { channel in
      guard let handle = channel.handle else { return true }
      if libssh2_channel_free(handle) == LIBSSH2_ERROR_EAGAIN { return false }
      channel.handle = nil
      channels[ObjectIdentifier(channel)] = nil
      return true
    }
    flush()
  }

  // MARK: Bytes

  /// For libssh2's receive callback: bytes from below, or a negative error number.
  fileprivate func pull(into buffer: UnsafeMutableRawPointer, length: Int) -> Int {
    guard failure == nil, ending == nil else { return -Int(ECONNRESET) }
    let count: Int
    switch carrier {
    case .socket(let socket):
      count = socket.receive(into: buffer, length: length)
      if count > 0 { hasHeard = true }
      if count < 0, count != -Int(EAGAIN) { ending = errnoText(Int32(-count)) }
      if count == 0 { ending = "the server closed the connection" }
    case .tunnel(let parent, let channel):
      count = parent.read(channel, into: buffer, length: length)
      if count < 0, count != -Int(EAGAIN) { ending = "the bastion's channel failed" }
      if count == 0 { ending = "the connection from \(parent.hop) was closed" }
    }
    if count > 0 { lastHeard = .now }
    return count
  }

  /// Bytes for a session inside one of this session's channels.
  private func read(_ channel: Channel, into buffer: UnsafeMutableRawPointer, length: Int) -> Int {
    guard failure == nil, let handle = channel.handle else { return -Int(ECONNRESET) }
    let bytes = buffer.assumingMemoryBound(to: CChar.self)
    let count = libssh2_channel_read_ex(handle, 0, bytes, length)
    if count == 0, libssh2_channel_eof(handle) == 0 { return -Int(EAGAIN) }
    if count == Int(LIBSSH2_ERROR_EAGAIN) { return -Int(EAGAIN) }
    return count < 0 ? -Int(ECONNRESET) : count
  }

  /// For libssh2's send callback: takes everything.
  fileprivate func push(_ bytes: UnsafeRawBufferPointer) -> Int {
    if failure == nil { outbound.append(bytes) }
    return bytes.count
  }

  /// Moves outbound bytes down towards the socket as far as they go.
  func flush() {
    guard failure == nil, session != nil else { return }
    switch carrier {
    case .socket(let socket):
      let code = socket.send(&outbound)
      if code != 0, ending == nil { ending = errnoText(code) }
    case .tunnel(let parent, let channel):
      parent.flush()
      while !outbound.isEmpty, parent.hasRoom, let handle = channel.handle {
        let count = outbound.take(atMost: 32 << 10) { front in
          libssh2_channel_write_ex(
            handle, 0, front.baseAddress?.assumingMemoryBound(to: CChar.self), front.count)
        }
        parent.flush()
        if count < 0, count != Int(LIBSSH2_ERROR_EAGAIN), ending == nil {
          ending = "the bastion's channel failed"
        }
        if count <= 0 { break }
      }
    }
  }

  // MARK: Events

  /// The socket is readable or writable: serve every channel above it.
  func serve() {
    flushTree()
    wakeTree()
  }

  private func flushTree() {
    flush()
    for child in children.values { child.flushTree() }
  }

  private func wakeTree() {
    reap()
    for operation in waiting.values { operation.wake() }
    for child in children.values { child.wakeTree() }
  }

  /// Asks a silent server for a sign of life while somebody waits for it; gives the link up after three intervals.
  func keepAlive(now: ContinuousClock.Instant, interval: Duration) {
    for child in children.values { child.keepAlive(now: now, interval: interval) }
    guard let session, failure == nil, isEstablished, isBusy else { return }
    let silence = now - lastHeard
    if silence > interval * 3 {
      fail(lost("it has not answered for \(silence.components.seconds) s"))
    } else if silence > interval {
      var next: Int32 = 0
      libssh2_keepalive_config(session, 1, UInt32(max(1, interval.components.seconds)))
      libssh2_keepalive_send(session, &next)
      flush()
      wakeIfHeard()
    }
  }

  // MARK: Ending

  /// Takes no new channels; ends when the last session inside it has ended.
  func retire() {
    isRetired = true
    closeIfUnused()
  }

  private func closeIfUnused() {
    if isRetired, children.isEmpty, waiting.isEmpty { close() }
  }

  /// Says goodbye and frees everything, children first.
  func close() {
    for child in children.values { child.close() }
    guard failure == nil, let session else { return }
    libssh2_session_disconnect_ex(session, SSH_DISCONNECT_BY_APPLICATION, "done", "")
    flush()
    fail(lost("it was closed"))
  }

  /// Marks the session and all inside it as lost, frees them and wakes those who wait.
  func fail(_ error: SSHError) {
    guard failure == nil else { return }
    failure = error
    for child in children.values { child.fail(error) }
    free()
    for operation in waiting.values { operation.wake() }
    switch carrier {
    case .socket(let socket): socket.close()
    case .tunnel(let parent, let channel):
      parent.children[id] = nil
      parent.release(channel)
      parent.closeIfUnused()
    }
  }

  /// The error for a link that is gone.
  func lost(_ reason: String) -> SSHError {
    SSHError(
      .linkLost, hop: hop,
      "The SSH link to \(hop) was lost: \(reason); check the host and the network, then try again.",
      underlying: reason)
  }

  private func topmostEnded() -> Connection? {
    if case .tunnel(let parent, _) = carrier, let above = parent.topmostEnded() { return above }
    return ending == nil ? nil : self
  }

  /// Frees channels and session, once. With the carrier cut off no call in here has to wait.
  private func free() {
    guard let session else { return }
    freeAgent()
    self.session = nil
    if ending == nil { ending = "closed" }
    for channel in channels.values { channel.handle = nil }
    channels = [:]
    abandoned = []
    outbound.removeAll()
    libssh2_session_abstract(session).pointee = nil
    libssh2_session_free(session)
  }
}

private func sendCallback(
  socket: Int32, buffer: UnsafeRawPointer?, length: Int, flags: Int32,
  abstract: UnsafeMutablePointer<UnsafeMutableRawPointer?>?
) -> Int {
  guard let buffer, let context = abstract?.pointee else { return -Int(EINVAL) }
  let connection = Unmanaged<Connection>.fromOpaque(context).takeUnretainedValue()
  guard socket == connection.descriptor else { return AgentSocket.send(socket, buffer, length) }
  return connection.push(UnsafeRawBufferPointer(start: buffer, count: length))
}

private func receiveCallback(
  socket: Int32, buffer: UnsafeMutableRawPointer?, length: Int, flags: Int32,
  abstract: UnsafeMutablePointer<UnsafeMutableRawPointer?>?
) -> Int {
  guard let buffer, let context = abstract?.pointee else { return -Int(EINVAL) }
  let connection = Unmanaged<Connection>.fromOpaque(context).takeUnretainedValue()
  guard socket == connection.descriptor else { return AgentSocket.receive(socket, buffer, length) }
  return connection.pull(into: buffer, length: length)
}

/// libssh2 sends its talk with the agent through a session's callbacks too, on the agent's own blocking socket.
private enum AgentSocket {
  /// An agent that shows a prompt may take its time, but not forever.
  private static let patience: Int32 = 20_000

  static func send(_ socket: Int32, _ buffer: UnsafeRawPointer, _ length: Int) -> Int {
    let count = Glibc.send(socket, buffer, length, Int32(MSG_NOSIGNAL))
    return count < 0 ? -Int(errno) : count
  }

  static func receive(_ socket: Int32, _ buffer: UnsafeMutableRawPointer, _ length: Int) -> Int {
    var descriptors = pollfd(fd: socket, events: Int16(POLLIN), revents: 0)
    guard poll(&descriptors, 1, patience) > 0 else { return -Int(ETIMEDOUT) }
    let count = recv(socket, buffer, length, 0)
    return count < 0 ? -Int(errno) : count
  }
}
