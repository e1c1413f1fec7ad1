import Foundation
import Glibc
import PawlSSH
import Synchronization
import Testing

/// Text that grows, written from any thread, and those who wait for something in it.
final class Transcript: Sendable {
  private struct Waiter {
    var id: UUID
    var needles: [String]
    var continuation: CheckedContinuation<Bool, Never>
  }

  private struct State {
    var bytes: [UInt8] = []
    var hasEnded = false
    var waiters: [Waiter] = []

    func has(_ needles: [String]) -> Bool {
      let text = String(decoding: bytes, as: UTF8.self)
      return needles.contains { text.contains($0) }
    }

    mutating func settle() {
      let all = waiters
      waiters = []
      for waiter in all {
        let isThere = has(waiter.needles)
        guard isThere || hasEnded else {
          waiters.append(waiter)
          continue
        }
        waiter.continuation.resume(returning: isThere)
      }
    }
  }

  private let state = Mutex(State())

  var bytes: [UInt8] { state.withLock { $0.bytes } }

  func replace(_ bytes: [UInt8]) {
    state.withLock {
      $0.bytes = bytes
      $0.settle()
    }
  }

  func append(_ bytes: [UInt8]) {
    state.withLock {
      $0.bytes += bytes
      $0.settle()
    }
  }

  func end() {
    state.withLock {
      $0.hasEnded = true
      $0.settle()
    }
  }

  /// True once one of these is there; false when the text has ended without them, or the test is over its time.
  @discardableResult
  func waitFor(_ needles: [String]) async -> Bool {
    let id = UUID()
    return await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        state.withLock {
          $0.waiters.append(Waiter(id: id, needles: needles, continuation: continuation))
          $0.settle()
        }
        if Task.isCancelled { giveUp(id) }
      }
    } onCancel: {
      giveUp(id)
    }
  }

  private func giveUp(_ id: UUID) {
    state.withLock { state in
      guard let place = state.waiters.firstIndex(where: { $0.id == id }) else { return }
      state.waiters.remove(at: place).continuation.resume(returning: false)
    }
  }

  func count(of needle: String) -> Int {
    String(decoding: bytes, as: UTF8.self).components(separatedBy: needle).count - 1
  }
}

/// The output of a command as it arrived.
final class Recorder: Sendable {
  private let out = Transcript()
  private let err = Transcript()

  var stdout: [UInt8] { out.bytes }
  var stderr: [UInt8] { err.bytes }

  func add(_ chunk: OutputChunk) { (chunk.stream == .stdout ? out : err).append(chunk.bytes) }

  /// Returns when stdout has had this text.
  func waitFor(_ text: String) async { await out.waitFor([text]) }
}

/// Runs a blocking piece of work away from the cooperative pool.
func onThread<Value: Sendable>(_ work: @escaping @Sendable () -> Value) async -> Value {
  await withCheckedContinuation { continuation in
    Thread.detachNewThread { continuation.resume(returning: work()) }
  }
}

/// Runs a program and returns its standard output; throws when it fails.
@discardableResult
func runTool(_ path: String, _ arguments: [String], input: [UInt8] = []) async throws -> [UInt8] {
  let (standardInput, output) = (makePipe(), makePipe())
  let process = try ChildProcess(path, arguments, input: standardInput.read, output: output.write)
  close(standardInput.read)
  close(output.write)
  Thread.detachNewThread {
    _ = input.withUnsafeBytes { write(standardInput.write, $0.baseAddress, $0.count) }
    close(standardInput.write)
  }
  let (bytes, status) = await onThread {
    let bytes = readBytes(output.read)
    close(output.read)
    return (bytes, process.wait())
  }
  guard status == 0 else { throw ToolFailure(path: path, status: status) }
  return bytes
}

struct ToolFailure: Error {
  var path: String
  var status: Int32
}

func removeFiles(_ path: String) {
  do { try FileManager.default.removeItem(atPath: path) } catch {
    Issue.record("\(path) is left over: \(error)")
  }
}

/// Below the range that the kernel takes the near ends of connections from, so that none of them gets a port first.
private let nextPort = Atomic(Int.random(in: 20_000..<30_000))

/// A port that nobody listens on at the moment, and that is given out once.
func freePort() throws -> Int {
  for _ in 0..<1000 {
    let port = nextPort.wrappingAdd(1, ordering: .relaxed).newValue
    do {
      close(try openListener(port: UInt16(port)).descriptor)
      return port
    } catch let failure as ToolFailure where failure.status == EADDRINUSE {
      continue
    }
  }
  throw ToolFailure(path: "no free port", status: 1)
}

/// A listening socket that never accepts, for as long as `body` runs.
func withListener<Value>(_ body: ((descriptor: Int32, port: Int)) throws -> Value) throws -> Value {
  let listener = try openListener()
  defer { close(listener.descriptor) }
  return try body(listener)
}

/// - Parameter port: 0 for any.
func openListener(backlog: Int32 = 16, port: UInt16 = 0) throws -> (descriptor: Int32, port: Int) {
  let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
  var address = sockaddr_in()
  address.sin_family = sa_family_t(AF_INET)
  address.sin_port = port.bigEndian
  address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
  var length = socklen_t(MemoryLayout<sockaddr_in>.size)
  let code = withUnsafeMutablePointer(to: &address) { pointer in
    pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
      bind(descriptor, generic, length) | listen(descriptor, backlog)
        | getsockname(descriptor, generic, &length)
    }
  }
  guard code == 0 else {
    let failure = ToolFailure(path: "bind", status: errno)
    close(descriptor)
    throw failure
  }
  return (descriptor, Int(UInt16(bigEndian: address.sin_port)))
}

/// A listening socket whose queue is full, so that another connection to it hangs until it is closed.
struct FullListener {
  let port: Int
  private let descriptors: [Int32]

  init() throws {
    let listener = try openListener(backlog: 0)
    port = listener.port
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    address.sin_port = UInt16(port).bigEndian
    var all = [listener.descriptor]
    for _ in 0..<3 {
      let client = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0)
      withUnsafePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
          _ = connect(client, generic, socklen_t(MemoryLayout<sockaddr_in>.size))
        }
      }
      all.append(client)
    }
    descriptors = all
  }

  func close() { for descriptor in descriptors { Glibc.close(descriptor) } }
}

/// The processes below `parent` whose name is `name`.
func descendants(of parent: Int32, named name: String) -> [Int32] {
  var parents: [Int32: [Int32]] = [:]
  var names: [Int32: String] = [:]
  let processes = FileManager.default.enumerator(atPath: "/proc")
  while let entry = processes?.nextObject() as? String {
    processes?.skipDescendants()
    guard let pid = Int32(entry), let stat = FileManager.default.contents(atPath: "/proc/\(pid)/stat") else {
      continue
    }
    let text = String(decoding: stat, as: UTF8.self)
    guard let open = text.firstIndex(of: "("), let end = text.lastIndex(of: ")") else { continue }
    let fields = text[text.index(after: end)...].split(separator: " ")
    guard fields.count > 1, let parent = Int32(fields[1]) else { continue }
    parents[parent, default: []].append(pid)
    names[pid] = String(text[text.index(after: open)..<end])
  }
  var found: [Int32] = []
  var queue = parents[parent] ?? []
  while let pid = queue.popLast() {
    if names[pid] == name { found.append(pid) }
    queue += parents[pid] ?? []
  }
  return found
}

/// True while a process exists and is not a zombie.
func isAlive(_ pid: Int32) -> Bool {
  guard let stat = FileManager.default.contents(atPath: "/proc/\(pid)/stat") else { return false }
  let text = String(decoding: stat, as: UTF8.self)
  guard let end = text.lastIndex(of: ")") else { return false }
  return text[end...].dropFirst(2).first != "Z"
}

/// Runs `body`, which has to throw an `SSHError`, and returns it.
func sshError(
  _ location: SourceLocation = #_sourceLocation, _ body: () async throws -> Void
) async throws -> SSHError {
  do {
    try await body()
  } catch let error as SSHError {
    return error
  }
  Issue.record("no error was thrown", sourceLocation: location)
  throw ToolFailure(path: "expected an SSHError", status: 0)
}
