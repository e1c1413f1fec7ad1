import Foundation
import Testing

/// SQLite itself, as anybody can use it beside Pawl; taken from the library that the process has loaded.
package final class RawDatabase {
  private typealias Open =
    @convention(c) (UnsafePointer<CChar>, UnsafeMutablePointer<OpaquePointer?>) -> Int32
  private typealias Execute =
    @convention(c) (
      OpaquePointer?, UnsafePointer<CChar>, UnsafeRawPointer?, UnsafeRawPointer?, UnsafeRawPointer?
    ) -> Int32
  private typealias Close = @convention(c) (OpaquePointer?) -> Int32

  private let handle: OpaquePointer?
  private let execute: Execute
  private let close: Close

  /// Opens the file, making it when it is missing.
  package init(_ path: String) throws {
    var handle: OpaquePointer?
    let open = unsafeBitCast(try #require(dlsym(nil, "sqlite3_open")), to: Open.self)
    execute = unsafeBitCast(try #require(dlsym(nil, "sqlite3_exec")), to: Execute.self)
    close = unsafeBitCast(try #require(dlsym(nil, "sqlite3_close")), to: Close.self)
    try #require(open(path, &handle) == 0)
    self.handle = handle
  }

  deinit { _ = close(handle) }

  /// Runs statements; the answer is SQLite's result code, 0 for success.
  @discardableResult
  package func run(_ sql: String) -> Int32 { execute(handle, sql, nil, nil, nil) }
}
