import Foundation
import Glibc

/// Standard output and error. Nothing outside this target prints.
enum Console {
  /// Whether standard output is a terminal.
  static var isTerminal: Bool { isatty(STDOUT_FILENO) == 1 && environment["TERM"] != "dumb" }

  /// Whether questions can be asked.
  static var canAsk: Bool { isatty(STDIN_FILENO) == 1 && isatty(STDERR_FILENO) == 1 }

  /// The process's environment.
  static var environment: [String: String] { ProcessInfo.processInfo.environment }

  /// Columns of the terminal; 100 when it is none.
  static var width: Int {
    var size = winsize()
    guard ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 100 }
    return Int(size.ws_col)
  }

  /// Writes text as it is.
  static func write(_ text: String) { write(text, to: STDOUT_FILENO) }

  /// Writes a line.
  static func line(_ text: String = "") { write(text + "\n") }

  /// Writes a line to standard error.
  static func error(_ text: String) { write(text + "\n", to: STDERR_FILENO) }

  /// Asks on standard error and reads a line; nil at the end of the input.
  static func ask(_ question: String) -> String? {
    write(question, to: STDERR_FILENO)
    return readLine()
  }

  private static func write(_ text: String, to descriptor: Int32) {
    var bytes = Array(text.utf8)[...]
    while !bytes.isEmpty {
      let count = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
      if count > 0 {
        bytes = bytes.dropFirst(count)
      } else if errno != EINTR && errno != EAGAIN {
        return
      }
    }
  }
}

/// Colour, where it is wanted: on a terminal, unless `--no-color` or `NO_COLOR` says no.
struct Palette: Sendable {
  let enabled: Bool

  /// Decides from the flag, the environment and the terminal.
  init(noColor: Bool) {
    enabled = Console.isTerminal && !noColor && (Console.environment["NO_COLOR"] ?? "").isEmpty
  }

  func green(_ text: String) -> String { paint(text, 32) }
  func red(_ text: String) -> String { paint(text, 31) }
  func yellow(_ text: String) -> String { paint(text, 33) }
  func dim(_ text: String) -> String { paint(text, 2) }
  func bold(_ text: String) -> String { paint(text, 1) }

  private func paint(_ text: String, _ code: Int) -> String {
    enabled ? "\u{1B}[\(code)m\(text)\u{1B}[0m" : text
  }
}
