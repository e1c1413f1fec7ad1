import Dispatch
import Foundation
import Glibc
import Synchronization

/// Opens TCP connections. Name resolution blocks, so it runs on a queue of its own, never on the cooperative pool.
enum Dialer {
  /// Why no connection came about.
  struct Failure: Error {
    var isTimeout: Bool
    var reason: String
  }

  private static let queue = DispatchQueue(label: "pawl.ssh.dial", attributes: .concurrent)

  /// A connected, non-blocking socket. Tries each address in turn; all of them together have until `timeout`.
  static func dial(address: String, port: Int, timeout: Duration) async -> Result<Int32, Failure> {
    let deadline = ContinuousClock.now + timeout
    let isCancelled = CancellationFlag()
    return await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        queue.async {
          continuation.resume(
            returning: connect(address: address, port: port, deadline: deadline, isCancelled: isCancelled))
        }
      }
    } onCancel: {
      isCancelled.set()
    }
  }

  private static func connect(
    address: String, port: Int, deadline: ContinuousClock.Instant, isCancelled: CancellationFlag
  ) -> Result<Int32, Failure> {
    var hints = addrinfo()
    hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    hints.ai_flags = AI_NUMERICSERV
    var found: UnsafeMutablePointer<addrinfo>?
    let code = getaddrinfo(address, String(port), &hints, &found)
    guard code == 0 else {
      return .failure(Failure(isTimeout: false, reason: String(cString: gai_strerror(code))))
    }
    defer { freeaddrinfo(found) }
    var failure = Failure(isTimeout: false, reason: "the name has no address")
    var next = found
    while let info = next {
      switch connect(to: info.pointee, deadline: deadline, isCancelled: isCancelled) {
      case .success(let descriptor): return .success(descriptor)
      case .failure(let reason): failure = reason
      }
      next = info.pointee.ai_next
    }
    return .failure(failure)
  }

  private static func connect(
    to info: addrinfo, deadline: ContinuousClock.Instant, isCancelled: CancellationFlag
  ) -> Result<Int32, Failure> {
    let type = info.ai_socktype | Int32(SOCK_NONBLOCK.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
    let descriptor = socket(info.ai_family, type, info.ai_protocol)
    guard descriptor >= 0 else { return .failure(Failure(isTimeout: false, reason: errnoText(errno))) }
    setOptions(descriptor)
    var code: Int32 = 0
    if Glibc.connect(descriptor, info.ai_addr, info.ai_addrlen) != 0 {
      code =
        errno == EINPROGRESS ? outcome(of: descriptor, deadline: deadline, isCancelled: isCancelled) : errno
    }
    guard code != 0 else { return .success(descriptor) }
    close(descriptor)
    return .failure(Failure(isTimeout: code == ETIMEDOUT, reason: errnoText(code)))
  }

  /// Waits in slices, so that a cancelled caller does not hold a thread until the deadline.
  private static func outcome(
    of descriptor: Int32, deadline: ContinuousClock.Instant, isCancelled: CancellationFlag
  ) -> Int32 {
    while ContinuousClock.now < deadline {
      if isCancelled.isSet { return ECANCELED }
      var descriptors = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
      guard poll(&descriptors, 1, 200) > 0 else { continue }
      var code: Int32 = 0
      var size = socklen_t(MemoryLayout<Int32>.size)
      getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &code, &size)
      return code
    }
    return ETIMEDOUT
  }

  /// No delay for small packets, and a dead peer noticed within about half a minute.
  private static func setOptions(_ descriptor: Int32) {
    let options: [(Int32, Int32, Int32)] = [
      (Int32(IPPROTO_TCP), TCP_NODELAY, 1), (SOL_SOCKET, SO_KEEPALIVE, 1),
      (Int32(IPPROTO_TCP), TCP_KEEPIDLE, 15), (Int32(IPPROTO_TCP), TCP_KEEPINTVL, 5),
      (Int32(IPPROTO_TCP), TCP_KEEPCNT, 3), (Int32(IPPROTO_TCP), TCP_USER_TIMEOUT, 30_000),
    ]
    for (level, name, value) in options {
      withUnsafePointer(to: value) { pointer in
        _ = setsockopt(descriptor, level, name, pointer, socklen_t(MemoryLayout<Int32>.size))
      }
    }
  }
}

/// The system's text for an error number.
func errnoText(_ code: Int32) -> String { String(cString: strerror(code)) }

/// Set from any thread, read by a dialling thread.
private final class CancellationFlag: Sendable {
  private let value = Atomic<Bool>(false)

  var isSet: Bool { value.load(ordering: .relaxed) }
  func set() { value.store(true, ordering: .relaxed) }
}
