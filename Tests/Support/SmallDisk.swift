import Foundation
import Testing

/// A small file system in memory, unmounted when its owner lets go; needs root.
package final class SmallDisk {
  /// Whether this process may mount, found by trying.
  package static let isPossible: Bool = {
    guard geteuid() == 0 else { return false }
    do {
      let directory = try TemporaryDirectory()
      _ = try SmallDisk(at: directory.path + "/probe", kibibytes: 64)
      return true
    } catch {
      return false
    }
  }()

  private let path: String

  /// Mounts it on a new directory.
  package init(at path: String, kibibytes: Int) throws {
    self.path = path
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
    try #require(mount("tmpfs", path, "tmpfs", 0, "size=\(kibibytes)k") == 0)
  }

  deinit {
    // MNT_DETACH: a store that is still open does not keep it.
    umount2(path, 2)
  }

  /// Changes the mount, `ro` or `size=8192k`.
  package func remount(_ option: String) throws {
    let readOnly: UInt = option == "ro" ? 1 : 0
    let remount: UInt = 32
    try #require(mount("tmpfs", path, "tmpfs", remount | readOnly, readOnly == 1 ? "" : option) == 0)
  }
}
