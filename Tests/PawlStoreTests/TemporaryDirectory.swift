import Foundation
import PawlEngine
import PawlStore

/// A directory of one test, removed with it.
final class TemporaryDirectory: Sendable {
  let path: String

  init() throws {
    path = NSTemporaryDirectory() + "pawl-store-" + UUID().uuidString
    try FileManager.default.createDirectory(
      atPath: path, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
  }

  deinit {
    do {
      try FileManager.default.removeItem(atPath: path)
    } catch {
      // What is left lies in the system's temporary directory.
    }
  }

  /// A store in this directory.
  func open(_ name: String = "state") throws(StoreError) -> SQLiteRunStore {
    try SQLiteRunStore(directory: path + "/" + name, digest: standInDigest)
  }

  /// Its database file.
  func journal(_ name: String = "state") -> String { path + "/\(name)/journal.sqlite" }
}

/// FNV-1a in place of SHA-256: as good at noticing the changes that these tests make, and needs nothing else.
let standInDigest: Digest = { bytes in
  var hash: UInt64 = 0xcbf2_9ce4_8422_2325
  for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
  return String(hash, radix: 16)
}
