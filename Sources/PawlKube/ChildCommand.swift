import Foundation
import Synchronization

/// A local command whose output is wanted, with bounds on time and bytes.
struct ChildCommand: Sendable {
  /// What a finished command left behind.
  struct Outcome: Sendable {
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
          continuation.resume(returning: Result(catching: { () throws(Failure) in try runBlocking(stop) }))
        }
      }
    } onCancel: {
      stop.engage()
    }
    return try result.get()
  }

  private func runBlocking(_ stop: StopSwitch) throws(Failure) -> Outcome {
    let process = Process()
    let output = Pipe()
    let errorOutput = Pipe()
    process.executableURL = URL(fileURLWithPath: path)
    process.arguments = arguments
    process.environment = environment
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = output
    process.standardError = errorOutput
    do { try process.run() } catch { throw .notStarted("\(error)") }
    var reader = PipeReader(
      descriptors: [
        output.fileHandleForReading.fileDescriptor, errorOutput.fileHandleForReading.fileDescriptor,
      ], limit: outputLimit)
    do throws(Failure) {
      try reader.readToEnd(deadline: .now + timeout, stop: stop)
    } catch {
      kill(process.processIdentifier, SIGKILL)
      process.waitUntilExit()
      throw error
    }
    process.waitUntilExit()
    return Outcome(
      status: process.terminationStatus, output: reader.collected[0], errorOutput: reader.collected[1])
  }
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
