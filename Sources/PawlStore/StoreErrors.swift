import Foundation
import GRDB
import PawlEngine

extension StoreError {
  /// A refusal by the operating system.
  static func system(_ verb: String, _ path: String, _ code: Int32) -> StoreError {
    let reason = String(cString: strerror(code))
    return switch code {
    case ENOSPC, EDQUOT: .diskFull(path)
    case EACCES, EPERM, EROFS, ENOTDIR:
      StoreError(
        .inputOutput,
        """
        Pawl can't \(verb) \(path) (\(reason)); give this user a state directory it may write, for example \
        with --state.
        """)
    default:
      StoreError(
        .inputOutput,
        "Pawl can't \(verb) \(path) (\(reason)); check the disk and the directory, then try again.")
    }
  }

  /// No space where the journal is.
  static func diskFull(_ path: String) -> StoreError {
    StoreError(
      .outOfSpace,
      "The disk that holds \(path) is full, so nothing more is done; free some space, then go on with `pawl resume`."
    )
  }

  /// A run with entries that this Pawl does not know.
  static func newerRun(_ run: RunID) -> StoreError {
    StoreError(
      .newerFormat, "Run \(run) was written by a newer Pawl; use that version to look at it or to go on.")
  }

  /// What went wrong in the database at `path`, in the store's terms.
  init(_ error: any Error, path: String) {
    switch error {
    case let error as StoreError: self = error
    case let error as DatabaseError:
      self = .database(error.extendedResultCode.rawValue, error.message, path: path)
    case is DecodingError:
      self.init(
        .damaged, "The journal \(path) holds an unreadable value; restore the state directory from a copy.")
    default:
      self.init(
        .inputOutput, "An entry can't be written to the journal \(path) (\(error)); please report this.")
    }
  }

  /// What SQLite's result code means here: https://www.sqlite.org/rescode.html
  static func database(_ code: Int32, _ message: String?, path: String) -> StoreError {
    let reason = message ?? "no reason given"
    let code = ResultCode(rawValue: code)
    switch code.primaryResultCode {
    case .SQLITE_FULL: return .diskFull(path)
    // SQLite can't extend the file that its connections share: the disk is full.
    case .SQLITE_IOERR where code == .SQLITE_IOERR_SHMSIZE: return .diskFull(path)
    case .SQLITE_CORRUPT, .SQLITE_NOTADB:
      return StoreError(
        .damaged,
        """
        The journal \(path) is damaged (\(reason)); keep a copy of it, and move it away or restore it before \
        going on.
        """)
    case .SQLITE_READONLY, .SQLITE_CANTOPEN, .SQLITE_PERM:
      return StoreError(
        .inputOutput,
        "Pawl can't write the journal \(path) (\(reason)); give this user a state directory it may write.")
    case .SQLITE_BUSY, .SQLITE_LOCKED:
      return StoreError(
        .inputOutput,
        "Another process has kept the journal \(path) busy for 10 s; end it, then go on with `pawl resume`.")
    case .SQLITE_CONSTRAINT:
      return StoreError(
        .conflict,
        "The journal \(path) does not take this entry (\(reason)); look at the run with `pawl show`.")
    default:
      return StoreError(
        .inputOutput,
        """
        The journal \(path) can't be read or written (\(reason)); check the disk, then go on with \
        `pawl resume`.
        """)
    }
  }
}
