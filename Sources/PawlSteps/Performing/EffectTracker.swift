package import PawlEngine
package import PawlPlan
import Synchronization

/// Remembers during one attempt whether anything may have been changed, and which remote command is under way.
final class EffectTracker: Sendable {
  /// A remote command whose end has not been seen.
  struct OpenCommand: Sendable {
    let session: any HostSession
    let key: JobKey
  }

  private struct State {
    var started = 0
    var effects = 0
    var open: OpenCommand?
  }

  private let state = Mutex(State())
  private let step: StepID
  private let run: RunID
  private let attempt: Int
  private let limit: Int

  /// - Parameter purpose: set for what is not an attempt of the step itself, so that its commands have other names.
  init(step: StepID, in context: StepContext, limit: Int, purpose: String? = nil) {
    // No step's id has a colon.
    self.step = purpose.map { StepID("\($0):\(step)") } ?? step
    self.run = context.run
    self.attempt = context.attempt
    self.limit = limit
  }

  /// Whether something may have been changed.
  var effectBegun: Bool { state.withLock { $0.effects > 0 } }

  /// The command that is under way.
  var openCommand: OpenCommand? { state.withLock { $0.open } }

  /// Counts a change.
  func begin() { state.withLock { $0.effects += 1 } }

  /// Takes a counted change back: it is known that nothing came of it.
  func retract() {
    state.withLock {
      $0.effects -= 1
      $0.open = nil
    }
  }

  /// Counts a command and names it; nil when the action starts more than it declares.
  func begin(on session: any HostSession) -> JobKey? {
    state.withLock {
      guard $0.started < limit else { return nil }
      $0.started += 1
      $0.effects += 1
      let key = JobKey(run: run, step: step, attempt: attempt, number: $0.started)
      $0.open = OpenCommand(session: session, key: key)
      return key
    }
  }

  /// The command's end has been seen.
  func closeCommand() { state.withLock { $0.open = nil } }
}

extension JobKey {
  /// The longest name that hosts take, in bytes.
  private static let longestName = 128

  /// The name of an attempt's command: `STEP.ATTEMPT.NUMBER` in `[A-Za-z0-9._-]`.
  ///
  /// Each other byte of the step's id becomes `_` and its two hex digits, so that no two ids share a name; of an id
  /// that is too long the end is replaced by a checksum.
  package init(run: RunID, step: StepID, attempt: Int, number: Int) {
    var safe = ""
    for byte in step.text.utf8 {
      let character = Character(UnicodeScalar(byte))
      if byte < 0x80, character.isLetter || character.isNumber || character == "-" || character == "." {
        safe.append(character)
      } else {
        safe += "_" + Self.hex(UInt64(byte), digits: 2)
      }
    }
    if let first = safe.first, !first.isLetter, !first.isNumber { safe = "x__" + safe }
    let suffix = ".\(attempt).\(number)"
    if safe.utf8.count + suffix.utf8.count > Self.longestName {
      let checksum = "__" + Self.hex(Self.checksum(step.text), digits: 16)
      safe = String(safe.prefix(Self.longestName - suffix.utf8.count - checksum.utf8.count)) + checksum
    }
    self.init(run: run, name: safe + suffix)
  }

  private static func hex(_ number: UInt64, digits: Int) -> String {
    let text = String(number, radix: 16)
    return String(repeating: "0", count: max(0, digits - text.count)) + text
  }

  /// FNV-1a with 64 bits: the same in every process, which `Hasher` is not.
  private static func checksum(_ text: String) -> UInt64 {
    text.utf8.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
  }
}
