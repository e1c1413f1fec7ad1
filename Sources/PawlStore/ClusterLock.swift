import Foundation
import PawlEngine
import Synchronization

/// A cluster's lock on this machine: the kernel's lock on a file, which goes when the process goes.
///
/// The file says in JSON who took it last; whether it is held only the kernel knows. The file is never removed:
/// another process could then lock a new one beside it.
final class ClusterLock: RunLock {
  private static let holderBytes = 64 * 1024

  let epoch: Int
  private let file: Mutex<Descriptor?>

  private init(epoch: Int, file: consuming Descriptor) {
    self.epoch = epoch
    self.file = Mutex(file)
  }

  func release() {
    file.withLock { $0 = nil }
  }

  /// Takes the lock at `path`; `nextEpoch` is asked once it is ours.
  ///
  /// Callers of all processes come one after another (they hold the database's write lock), so a held file names
  /// its holder in full. - Throws: `locked`.
  static func acquire(
    path: String, cluster: String, for holder: LockHolder, nextEpoch: () throws -> Int
  ) throws -> ClusterLock {
    let file = try Descriptor(opening: path, O_RDWR | O_CREAT | O_NOFOLLOW)
    guard try file.tryLock(path: path) else {
      let text = try file.contents(limit: holderBytes, path: path)
      guard let other = try decodeHolder(text) else {
        throw StoreError(
          .locked,
          "Cluster \(cluster) is held by a process that is not named in \(path); `fuser \(path)` finds it.")
      }
      throw StoreError.held(cluster: cluster, by: other)
    }
    try file.replaceContents(try JournalCoding.encode(holder) + [UInt8(ascii: "\n")], path: path)
    return ClusterLock(epoch: try nextEpoch(), file: file)
  }

  private static func decodeHolder(_ bytes: [UInt8]) throws -> LockHolder? {
    do {
      return try JournalCoding.decode(LockHolder.self, from: bytes)
    } catch is DecodingError {
      return nil
    }
  }

  /// A file name for a cluster: letters, digits, `-`, `_` and inner dots stay, other bytes become `%2F` and the
  /// like. Different clusters have different names; a long one ends in its digest.
  static func fileName(for cluster: String, digest: Digest) -> String {
    var name = ""
    for (index, byte) in cluster.utf8.enumerated() {
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
        name.unicodeScalars.append(Unicode.Scalar(byte))
      case UInt8(ascii: ".") where index > 0: name += "."
      default: name += "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
      }
    }
    if name.utf8.count > 150 { name = "\(name.prefix(100))%%\(digest(Array(cluster.utf8)).prefix(32))" }
    return (name.isEmpty ? "%" : name) + ".lock"
  }
}
