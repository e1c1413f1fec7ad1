import CCurl
import Foundation
import Synchronization

/// A local command whose output is wanted, with bounds on time and bytes.
///
/// Spawned by hand: Foundation's Process learns of an end through a descriptor that other children inherit, so
/// `waitUntilExit` can wait for a child that has nothing to do with it.
struct ChildCommand: Sendable {
  /// What a finished command left behind.
  struct Outcome: Sendable {
    /// The exit status, or 128 and the signal, as shells have it.
    let status: Int32
    let output: Data
    let errorOutput: Data
  }

  enum Failure: Error, Sendable, Equatable {
    case notStarted(String)
    case tooSlow
    case tooMuchOutput
    case cancelled
  }

  let path: String
  let arguments: [String]
  let environment: [String: String]
  let timeout: Duration
  let outputLimit: Int

  /// Runs the command on a thread of its own, so that the cooperative pool never waits for it.
  func run() async throws(Failure) -> Outcome {
    let stop = StopSwitch()
    let result = await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        Thread.detachNewThread {
          continuation.resume(returning: Result { () throws(Failure) in try runBlocking(stop) })
        }
      }
    } onCancel: {
      stop.engage()
    }
    return try result.get()
  }

  private func runBlocking(_ stop: StopSwitch) throws(Failure) -> Outcome {
    let (child, output, errorOutput) = try spawn()
    defer {
      close(output)
      close(errorOutput)
    }
    let deadline = ContinuousClock.now + timeout
    var reader = PipeReader(descriptors: [output, errorOutput], limit: outputLimit)
    do throws(Failure) {
      try reader.readToEnd(deadline: deadline, stop: stop)
      let status = try Self.await(child, deadline: deadline, stop: stop)
      return Outcome(status: status, output: reader.collected[0], errorOutput: reader.collected[1])
    } catch {
      // The child leads a group, so what it has started goes with it. It is not reaped yet, so the number is
      // still its own.
      kill(-child, SIGKILL)
      var status: Int32 = 0
      while waitpid(child, &status, 0) < 0 && errno == EINTR {}
      throw error
    }
  }

  private func spawn() throws(Failure) -> (child: pid_t, output: Int32, errorOutput: Int32) {
    var child: pid_t = 0
    var output: Int32 = -1
    var errorOutput: Int32 = -1
    let code = withCStrings([path] + arguments) { argv in
      withCStrings(environment.map { "\($0.key)=\($0.value)" }) { variables in
        pawl_spawn(path, argv, variables, &child, &output, &errorOutput)
      }
    }
    guard code == 0 else { throw .notStarted(String(cString: strerror(code))) }
    return (child, output, errorOutput)
  }

  /// Waits for the end of a child whose output has ended already, as a rule no time at all.
  private static func await(
    _ child: pid_t, deadline: ContinuousClock.Instant, stop: StopSwitch
  ) throws(Failure) -> Int32 {
    var status: Int32 = 0
    while true {
      let reaped = waitpid(child, &status, WNOHANG)
      if reaped == child { break }
      if reaped < 0 && errno != EINTR { throw .notStarted(String(cString: strerror(errno))) }
      if stop.isEngaged { throw .cancelled }
      if ContinuousClock.now >= deadline { throw .tooSlow }
      usleep(2000)
    }
    let signal = status & 0x7f
    return signal == 0 ? (status >> 8) & 0xff : 128 + signal
  }
}

/// Lends texts to C as an array that ends in a null pointer.
private func withCStrings<Value>(
  _ texts: [String], _ body: ([UnsafeMutablePointer<CChar>?]) -> Value
) -> Value {
  let copies = texts.map { strdup($0) }
  defer { copies.forEach { free($0) } }
  return body(copies + [nil])
}

/// Tells a waiting thread that nobody wants its result any more.
private final class StopSwitch: Sendable {
  private let engaged = Mutex(false)

  func engage() { engaged.withLock { $0 = true } }
  var isEngaged: Bool { engaged.withLock { $0 } }
}

/// Reads several pipes to their end without letting one of them fill up.
private struct PipeReader {
  private(set) var collected: [Data]
  private var polled: [pollfd]
  private let limit: Int
  /// How long a cancelled command may go on unnoticed, in milliseconds.
  private static let lookUpEvery: Int32 = 50

  init(descriptors: [Int32], limit: Int) {
    polled = descriptors.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
    collected = descriptors.map { _ in Data() }
    self.limit = limit
  }

  mutating func readToEnd(deadline: ContinuousClock.Instant, stop: StopSwitch) throws(ChildCommand.Failure) {
    var buffer = [UInt8](repeating: 0, count: 16384)
    while polled.contains(where: { $0.fd >= 0 }) {
      if stop.isEngaged { throw .cancelled }
      if ContinuousClock.now >= deadline { throw .tooSlow }
      guard poll(&polled, nfds_t(polled.count), Self.lookUpEvery) > 0 else { continue }
      for index in polled.indices where polled[index].fd >= 0 && polled[index].revents != 0 {
        let count = read(polled[index].fd, &buffer, buffer.count)
        if count > 0 {
          collected[index].append(contentsOf: buffer[..<count])
          if collected[index].count > limit { throw .tooMuchOutput }
        } else if count == 0 || errno != EINTR {
          polled[index].fd = -1
        }
      }
    }
  }
}
