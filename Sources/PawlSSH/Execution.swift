import CLibSSH2

/// One command on a session channel, from the request to the exit status.
struct Execution {
  /// The line for the user's shell. It may be seen in a process list.
  var line: String
  /// Sent to standard input, followed by its end.
  var input: [UInt8]
  /// Called on the pool's executor with each piece of output, in order for each stream.
  var sink: (OutputChunk.Stream, [UInt8]) throws(SSHError) -> Void
  /// Set once the server has accepted the request: from here on the command may have begun.
  var onStart: () -> Void = {}
}

extension Connection {
  /// Runs a command and returns how it ended.
  func execute(_ execution: Execution, _ operation: Operation) async throws(SSHError) -> ExitStatus {
    let what = "A command"
    try await sessions.enter(operation, hop: hop, doing: what)
    defer { sessions.leave() }
    let channel = try await openSession(operation)
    defer { release(channel) }
    try await request(execution.line, on: channel, operation)
    execution.onStart()
    var sent = 0
    var isInputEnded = false
    var hasEnded = false
    var reads = 0
    var buffer = [UInt8](repeating: 0, count: 64 << 10)
    while !hasEnded {
      try operation.check(hop: hop, doing: what)
      var hasMoved = false
      if !isInputEnded { hasMoved = try feed(channel, execution.input, &sent, &isInputEnded) }
      for stream in [OutputChunk.Stream.stdout, .stderr] {
        let count = try read(channel, stream, into: &buffer)
        guard count > 0 else { continue }
        hasMoved = true
        try execution.sink(stream, Array(buffer[..<count]))
      }
      if !hasMoved { hasEnded = try isAtEnd(channel) }
      reads += 1
      // Others on this queue get their turn between the pieces of a large output.
      if hasMoved, reads % 32 == 0 { await Task.yield() }
      if !hasMoved, !hasEnded { await pause(operation) }
    }
    return try await exitStatus(of: channel, operation)
  }

  private func openSession(_ operation: Operation) async throws(SSHError) -> Channel {
    try await opening.enter(operation, hop: hop, doing: "Opening a channel")
    defer { opening.leave() }
    if isRetired { throw lost("an earlier request on it was given up") }
    let window = UInt32(2 << 20)
    let channel = try await openChannel(operation, doing: "Opening a channel") { session in
      libssh2_channel_open_ex(session, "session", 7, window, 32_768, nil, 0)
    }
    guard let channel else {
      throw SSHError(
        .channelRefused, hop: hop,
        "\(hop) refused one more session on the link; check MaxSessions in its sshd_config.",
        underlying: libraryMessage())
    }
    return channel
  }

  private func request(_ line: String, on channel: Channel, _ operation: Operation) async throws(SSHError) {
    let result = try await perform(operation, doing: "Starting a command") { _ in
      guard let handle = channel.handle else { return Int(LIBSSH2_ERROR_CHANNEL_CLOSED) }
      return Int(libssh2_channel_process_startup(handle, "exec", 4, line, UInt32(line.utf8.count)))
    }
    guard result == 0 else {
      throw SSHError(
        .channelRefused, hop: hop,
        "\(hop) refused to start a command; check for a forced command or a restricted shell of the user \(endpoint.user).",
        underlying: libraryMessage())
    }
  }

  /// Writes what fits, then the end of input. Returns whether anything went out.
  private func feed(
    _ channel: Channel, _ input: [UInt8], _ sent: inout Int, _ isEnded: inout Bool
  ) throws(SSHError) -> Bool {
    var hasMoved = false
    while sent < input.count, hasRoom, let handle = channel.handle {
      let count = try attempt { _ in
        input[sent...].prefix(32 << 10).withUnsafeBytes { bytes in
          libssh2_channel_write_ex(
            handle, 0, bytes.baseAddress?.assumingMemoryBound(to: CChar.self), bytes.count)
        }
      }
      if count == Int(LIBSSH2_ERROR_EAGAIN) || count == 0 { return hasMoved }
      if count < 0 {
        // The command has closed its input; what it has to say about that comes with its output and status.
        isEnded = true
        return hasMoved
      }
      sent += count
      hasMoved = true
    }
    guard sent == input.count, let handle = channel.handle else { return hasMoved }
    isEnded = try attempt { _ in Int(libssh2_channel_send_eof(handle)) } != Int(LIBSSH2_ERROR_EAGAIN)
    return hasMoved || isEnded
  }

  private func read(
    _ channel: Channel, _ stream: OutputChunk.Stream, into buffer: inout [UInt8]
  ) throws(SSHError) -> Int {
    guard let handle = channel.handle else { throw failure ?? lost("its channel was closed") }
    let count = try attempt { _ in
      buffer.withUnsafeMutableBytes { bytes in
        libssh2_channel_read_ex(
          handle, stream == .stdout ? 0 : SSH_EXTENDED_DATA_STDERR,
          bytes.baseAddress?.assumingMemoryBound(to: CChar.self), bytes.count)
      }
    }
    if count >= 0 || count == Int(LIBSSH2_ERROR_EAGAIN) { return max(0, count) }
    throw SSHError(
      .protocolError, hop: hop, "Reading the output of a command on \(hop) failed; try again.",
      underlying: libraryMessage())
  }

  private func isAtEnd(_ channel: Channel) throws(SSHError) -> Bool {
    guard let handle = channel.handle else { throw failure ?? lost("its channel was closed") }
    return libssh2_channel_eof(handle) != 0
  }

  private func exitStatus(of channel: Channel, _ operation: Operation) async throws(SSHError) -> ExitStatus {
    _ = try await perform(operation, doing: "Waiting for the exit status") { _ in
      guard let handle = channel.handle else { return Int(LIBSSH2_ERROR_CHANNEL_CLOSED) }
      return Int(libssh2_channel_wait_closed(handle))
    }
    var status = ExitStatus.exited(-1)
    _ = try attempt { session in
      guard let handle = channel.handle else { return 0 }
      var name: UnsafeMutablePointer<CChar>?
      var length = 0
      libssh2_channel_get_exit_signal(handle, &name, &length, nil, nil, nil, nil)
      if let name {
        status = .signalled(String(cString: name))
        libssh2_free(session, name)
      } else {
        status = .exited(libssh2_channel_get_exit_status(handle))
      }
      return 0
    }
    return status
  }
}

extension Connection {
  /// Opens a connection to the next hop from this one. The caller holds `opening`.
  func openForward(to next: SSHEndpoint, _ operation: Operation) async throws(SSHError) -> Channel {
    if isRetired { throw lost("an earlier request on it was given up") }
    let channel = try await openChannel(operation, doing: "Connecting to \(next.name)") { session in
      libssh2_channel_direct_tcpip_ex(session, next.address, Int32(next.port), "127.0.0.1", 22)
    }
    if let channel { return channel }
    let detail = libraryMessage()
    if detail.contains("prohibited") {
      throw SSHError(
        .bastionForwardRefused, hop: hop,
        "The bastion \(hop) does not allow the connection to \(next.name) (\(next.address) port \(next.port)); check AllowTcpForwarding and PermitOpen in its sshd_config.",
        underlying: detail)
    }
    throw SSHError(
      .unreachable, hop: next.name,
      "\(next.name) (\(next.address) port \(next.port)) can't be reached from \(hop); check the address, the port and the network behind \(hop).",
      underlying: detail)
  }
}
