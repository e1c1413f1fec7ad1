import Glibc

/// A child process made with `posix_spawn`.
///
/// Foundation's `Process` takes a child that closes the descriptors it does not know, as sshd does, for one that has
/// ended, and then blocks every other `Process` until it really ends.
struct ChildProcess: Sendable {
  let pid: Int32

  struct Failure: Error {
    var path: String
    var code: Int32
  }

  /// Starts a program; descriptors that are nil become `/dev/null`.
  init(_ path: String, _ arguments: [String], input: Int32? = nil, output: Int32? = nil, error: Int32? = nil)
    throws
  {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    for (number, descriptor) in [(Int32(0), input), (1, output), (2, error)] {
      if let descriptor {
        posix_spawn_file_actions_adddup2(&actions, descriptor, number)
      } else {
        posix_spawn_file_actions_addopen(&actions, number, "/dev/null", O_RDWR, 0)
      }
    }
    var argv = ([path] + arguments).map { strdup($0) } + [nil]
    defer { for word in argv { free(word) } }
    // Dispatch's threads block all signals, and a child would inherit that.
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var none = sigset_t()
    sigemptyset(&none)
    posix_spawnattr_setsigmask(&attributes, &none)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
    var pid: Int32 = 0
    let code = posix_spawn(&pid, path, &actions, &attributes, &argv, environ)
    guard code == 0 else { throw Failure(path: path, code: code) }
    self.pid = pid
  }

  /// Waits for the end; blocks.
  func wait() -> Int32 {
    var status: Int32 = 0
    while waitpid(pid, &status, 0) < 0, errno == EINTR {}
    return status
  }
}

/// A pipe whose ends are closed in children unless they are handed over.
func makePipe() -> (read: Int32, write: Int32) {
  var ends: [Int32] = [0, 0]
  pipe(&ends)
  for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
  return (ends[0], ends[1])
}

/// Reads until the end or until `isEnough`; blocks.
func readBytes(_ descriptor: Int32, until isEnough: ([UInt8]) -> Bool = { _ in false }) -> [UInt8] {
  var all: [UInt8] = []
  var buffer = [UInt8](repeating: 0, count: 64 << 10)
  while !isEnough(all) {
    let count = read(descriptor, &buffer, buffer.count)
    if count <= 0 { break }
    all += buffer[..<count]
  }
  return all
}
