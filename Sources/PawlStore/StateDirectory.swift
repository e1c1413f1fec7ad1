import Foundation
import PawlEngine

/// The directory that holds the journal and the locks; Pawl's files in it are its owner's only.
struct StateDirectory: Sendable {
  /// How long an opening waits for another process that is opening the same directory.
  private static let openingAttempts = 200
  private static let openingPauseMicroseconds: UInt32 = 50_000

  let path: String

  var journal: String { path + "/journal.sqlite" }
  var locks: String { path + "/locks" }

  /// Makes what is missing: directories with mode 0700. A directory that is there keeps its mode.
  func create() throws(StoreError) {
    var made = path.hasPrefix("/") ? "" : "."
    for part in path.split(separator: "/") {
      let parent = made.isEmpty ? "/" : made
      made += "/" + part
      try Self.makeDirectory(made, in: parent)
    }
    try Self.makeDirectory(locks, in: path)
  }

  /// Makes an empty database file when there is none; SQLite gives its other files the same mode.
  ///
  /// An existing one is not even opened: closing it would take away the locks that SQLite holds on it for another
  /// store of this process (https://www.sqlite.org/howtocorrupt.html, section 2.2).
  func createJournal() throws(StoreError) {
    guard !FileManager.default.fileExists(atPath: journal) else { return }
    let file = try Descriptor(opening: journal, O_RDWR | O_CREAT | O_EXCL)
    try file.synchronize(path: journal)
    try Self.synchronize(path)
  }

  /// Runs `body` while no other process does the same in this directory.
  func exclusively<T>(_ body: () throws(StoreError) -> T) throws(StoreError) -> T {
    let directory = try Descriptor(opening: path, O_RDONLY | O_DIRECTORY)
    for _ in 0..<Self.openingAttempts {
      if try directory.tryLock(path: path) { return try body() }
      usleep(Self.openingPauseMicroseconds)
    }
    throw StoreError(
      .inputOutput,
      "Another process has been opening the state directory \(path) for 10 s; end it, then try again.")
  }

  private static func makeDirectory(_ path: String, in parent: String) throws(StoreError) {
    if mkdir(path, 0o700) == 0 { return try synchronize(parent) }
    let code = errno
    var isDirectory: ObjCBool = false
    // mkdir on a read-only disk says so even for a directory that is there.
    let exists = FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory)
    if exists, isDirectory.boolValue { return }
    throw .system("create", path, exists ? ENOTDIR : code)
  }

  private static func synchronize(_ directory: String) throws(StoreError) {
    let opened = try Descriptor(opening: directory, O_RDONLY | O_DIRECTORY)
    try opened.synchronize(path: directory)
  }
}
