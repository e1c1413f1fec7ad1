import Dispatch
import Glibc

/// A non-blocking TCP socket and its readiness, reported once each time it is asked for.
///
/// Used on the pool's queue only; the handlers run there too.
final class SocketCarrier {
  let descriptor: Int32
  private let readSource: any DispatchSourceRead
  private let writeSource: any DispatchSourceWrite
  private var isReadArmed = false
  private var isWriteArmed = false
  private var isClosed = false

  /// Takes over the descriptor.
  init(
    descriptor: Int32, queue: DispatchQueue, onReadable: @escaping @Sendable () -> Void,
    onWritable: @escaping @Sendable () -> Void
  ) {
    self.descriptor = descriptor
    readSource = DispatchSource.makeReadSource(fileDescriptor: descriptor, queue: queue)
    writeSource = DispatchSource.makeWriteSource(fileDescriptor: descriptor, queue: queue)
    let users = DispatchGroup()
    users.enter()
    users.enter()
    readSource.setEventHandler(handler: onReadable)
    writeSource.setEventHandler(handler: onWritable)
    readSource.setCancelHandler { users.leave() }
    writeSource.setCancelHandler { users.leave() }
    users.notify(queue: queue) { Glibc.close(descriptor) }
  }

  deinit { close() }

  /// To be called first in the handler: one event for each arming.
  func disarmRead() {
    guard isReadArmed, !isClosed else { return }
    isReadArmed = false
    readSource.suspend()
  }

  /// To be called first in the handler: one event for each arming.
  func disarmWrite() {
    guard isWriteArmed, !isClosed else { return }
    isWriteArmed = false
    writeSource.suspend()
  }

  /// Bytes read, 0 at the end, or a negative error number. When there is nothing yet, a read event will come.
  func receive(into buffer: UnsafeMutableRawPointer, length: Int) -> Int {
    guard !isClosed else { return -Int(ECONNRESET) }
    let count = recv(descriptor, buffer, length, 0)
    if count >= 0 { return count }
    guard errno == EAGAIN || errno == EINTR else { return -Int(errno) }
    if !isReadArmed {
      isReadArmed = true
      readSource.resume()
    }
    return -Int(EAGAIN)
  }

  /// Sends what the kernel takes; for the rest a write event will come. Returns an error number or 0.
  func send(_ bytes: inout ByteQueue) -> Int32 {
    guard !isClosed else { return ECONNRESET }
    while !bytes.isEmpty {
      var code: Int32 = 0
      _ = bytes.take(atMost: 1 << 18) { front in
        let count = Glibc.send(descriptor, front.baseAddress, front.count, Int32(MSG_NOSIGNAL))
        if count < 0 { code = errno }
        return count
      }
      if code == EINTR { continue }
      if code == EAGAIN {
        if !isWriteArmed {
          isWriteArmed = true
          writeSource.resume()
        }
        return 0
      }
      if code != 0 { return code }
    }
    return 0
  }

  /// Ends both sources; the descriptor is closed once neither of them uses it.
  func close() {
    guard !isClosed else { return }
    isClosed = true
    readSource.cancel()
    writeSource.cancel()
    // A suspended source never gets to its cancel handler.
    if !isReadArmed { readSource.resume() }
    if !isWriteArmed { writeSource.resume() }
  }
}
