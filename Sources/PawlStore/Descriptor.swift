import Foundation
import PawlEngine

/// An open file of the operating system, closed once when its owner lets go.
struct Descriptor: ~Copyable {
  let number: Int32

  /// Opens a file or directory; it is not handed on to child processes.
  init(opening path: String, _ flags: Int32, mode: mode_t = 0o600) throws(StoreError) {
    let number = open(path, flags | O_CLOEXEC, mode)
    guard number >= 0 else { throw .system("open", path, errno) }
    self.number = number
  }

  deinit {
    // Closing alone frees a lock only once no copy is left, and a child process holds copies until it runs its
    // program.
    flock(number, LOCK_UN)
    close(number)
  }

  /// Takes the kernel's lock on this file unless another opening has it, which gives false. The kernel frees it
  /// when the file is closed, at the latest when the process ends.
  func tryLock(path: String) throws(StoreError) -> Bool {
    if flock(number, LOCK_EX | LOCK_NB) == 0 { return true }
    guard errno == EWOULDBLOCK else { throw .system("lock", path, errno) }
    return false
  }

  /// Waits until what was written here is on the disk.
  func synchronize(path: String) throws(StoreError) {
    guard fsync(number) == 0 else { throw .system("write", path, errno) }
  }

  /// Replaces the file's contents.
  func replaceContents(_ bytes: [UInt8], path: String) throws(StoreError) {
    guard ftruncate(number, 0) == 0 else { throw .system("write", path, errno) }
    var written = 0
    while written < bytes.count {
      let count = bytes[written...].withUnsafeBytes {
        pwrite(number, $0.baseAddress, $0.count, off_t(written))
      }
      guard count > 0 else { throw .system("write", path, errno) }
      written += count
    }
  }

  /// The file's first bytes, at most `limit`.
  func contents(limit: Int, path: String) throws(StoreError) -> [UInt8] {
    var buffer = [UInt8](repeating: 0, count: limit)
    let count = buffer.withUnsafeMutableBytes { pread(number, $0.baseAddress, $0.count, 0) }
    guard count >= 0 else { throw .system("read", path, errno) }
    return Array(buffer.prefix(count))
  }
}
