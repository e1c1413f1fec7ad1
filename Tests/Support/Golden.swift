import Foundation
package import Testing

/// Texts that are kept beside the tests and compared byte by byte.
package struct Golden: Sendable {
  private let directory: String

  /// The goldens of a test file: `Goldens/` beside it.
  package init(file: String = #filePath) {
    directory = URL(fileURLWithPath: file).deletingLastPathComponent().appending(path: "Goldens").path
  }

  /// Compares with the kept text. With PAWL_RECORD=1 keeps the new one, and fails so that nobody records by accident.
  package func expect(_ text: String, _ name: String, sourceLocation: SourceLocation = #_sourceLocation)
    throws
  {
    let path = directory + "/" + name
    if ProcessInfo.processInfo.environment["PAWL_RECORD"] == "1" {
      try text.write(toFile: path, atomically: true, encoding: .utf8)
      Issue.record("recorded \(name); look at the difference and run again", sourceLocation: sourceLocation)
      return
    }
    let kept = FileManager.default.contents(atPath: path).map { String(decoding: $0, as: UTF8.self) } ?? ""
    guard kept != text else { return }
    let wanted = kept.split(separator: "\n", omittingEmptySubsequences: false)
    let found = text.split(separator: "\n", omittingEmptySubsequences: false)
    let line =
      zip(wanted, found).enumerated().first { $1.0 != $1.1 }?.offset ?? min(wanted.count, found.count)
    let old = line < wanted.count ? String(wanted[line]) : "(end)"
    let new = line < found.count ? String(found[line]) : "(end)"
    Issue.record(
      "\(name) differs from line \(line + 1):\n  kept:  \(old)\n  found: \(new)",
      sourceLocation: sourceLocation)
  }
}
