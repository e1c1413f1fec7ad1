import Foundation
import Glibc
import PawlModel

/// Reading and writing of the user's files.
enum Files {
  /// The largest file that is read.
  private static let limit = 64 << 20

  /// The file's bytes.
  ///
  /// - Throws: `CommandFailure` with code 65, naming the file and what to do.
  static func read(_ path: String, what: String) throws(CommandFailure) -> Data {
    var info = stat()
    guard stat(path, &info) == 0 else {
      throw CommandFailure(
        .invalidInput, "\(path): there is no such \(what), or it can't be read: \(reason()).")
    }
    guard info.st_mode & S_IFMT != S_IFDIR, info.st_size <= limit else {
      throw CommandFailure(
        .invalidInput, "\(path): this can't be a \(what): it is a directory or far too large.")
    }
    do {
      return try Data(contentsOf: URL(fileURLWithPath: path))
    } catch {
      throw CommandFailure(.invalidInput, "\(path): the \(what) can't be read; check its permissions.")
    }
  }

  /// A file with PEM certificates.
  static func readCertificates(_ path: String) throws(CommandFailure) -> Data {
    let data = try read(path, what: "file of certificates")
    guard data.range(of: Data("-----BEGIN CERTIFICATE-----".utf8)) != nil else {
      throw CommandFailure(.invalidInput, "\(path): there is no PEM certificate in it.")
    }
    return data
  }

  /// Whether there is such a file, and it can be read.
  static func holdsCertificates(_ path: String) -> Bool {
    do throws(CommandFailure) { _ = try readCertificates(path) } catch { return false }
    return true
  }

  /// The file as text.
  static func readText(_ path: String, what: String) throws(CommandFailure) -> String {
    guard let text = String(data: try read(path, what: what), encoding: .utf8) else {
      throw CommandFailure(.invalidInput, "\(path): the \(what) is not UTF-8 text.")
    }
    return text
  }

  /// Replaces the file whole, readable by its owner only.
  static func write(_ data: Data, to path: String, what: String) throws(CommandFailure) {
    do {
      try data.write(to: URL(fileURLWithPath: path), options: .atomic)
      try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path)
    } catch {
      throw CommandFailure(
        .failed, "\(path): the \(what) can't be written; check the directory and its permissions.")
    }
  }

  /// An absolute form of a path.
  static func absolute(_ path: String) -> String {
    path.hasPrefix("/") ? path : FileManager.default.currentDirectoryPath + "/" + path
  }

  /// The directory a file lies in.
  static func directory(of path: String) -> String {
    URL(fileURLWithPath: absolute(path)).deletingLastPathComponent().path
  }

  private static func reason() -> String { String(cString: strerror(errno)) }
}
