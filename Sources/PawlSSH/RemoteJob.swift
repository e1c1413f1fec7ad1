/// Names one detached command of a run. Both parts become directory names on the host.
package struct JobKey: Sendable, Hashable, Codable, CustomStringConvertible {
  /// The run, such as its identifier.
  package let run: String
  /// The job within the run, such as the step and its attempt.
  package let name: String

  /// Throws `invalidCommand` unless both parts are `[A-Za-z0-9][A-Za-z0-9._-]*`, 128 characters at most.
  package init(run: String, name: String) throws(SSHError) {
    self.run = try validatedName(run, what: "run")
    self.name = try validatedName(name, what: "job")
  }

  package var description: String { "\(run)/\(name)" }
}

/// Says which Pawl may change a host: a job with a lower epoch than the one stored there is refused.
package struct Fence: Sendable, Hashable, Codable {
  /// The cluster that is locked.
  package let cluster: String
  /// The epoch of the lock; it only grows.
  package let epoch: UInt64

  /// Throws `invalidCommand` unless the cluster is a plain name as for `JobKey`.
  package init(cluster: String, epoch: UInt64) throws(SSHError) {
    self.cluster = try validatedName(cluster, what: "cluster")
    self.epoch = min(epoch, UInt64(Int64.max))
  }
}

/// What a host knows about a job.
package enum JobState: Sendable, Hashable {
  /// Why a started job has no exit status and never will.
  package enum Loss: String, Sendable, Hashable, Codable {
    /// The host has booted since the job was started.
    case rebooted
    /// Its supervisor is gone without having stored an exit status.
    case died
  }
  /// It never began.
  case absent
  /// It runs; the process id is also its process group and session.
  case running(pid: Int32)
  /// It ended.
  case finished(CommandResult)
  /// It began and how it ended is not known.
  case lost(Loss)
}

/// How far a job's output has been handed out, so that a later watcher does not repeat it.
package struct OutputOffsets: Sendable, Hashable, Codable {
  /// Bytes of stdout seen so far.
  package var stdout: Int
  /// Bytes of stderr seen so far.
  package var stderr: Int

  package init(stdout: Int = 0, stderr: Int = 0) {
    self.stdout = stdout
    self.stderr = stderr
  }
}

/// A name that is safe as a directory name and in a script.
func validatedName(_ name: String, what: String) throws(SSHError) -> String {
  guard isPlainName(name) else {
    throw SSHError(
      .invalidCommand, hop: "",
      "The \(what) name \"\(name)\" can't be used on a host; use letters, digits, dots, dashes and underscores."
    )
  }
  return name
}

/// Whether a name can be a directory's: `[A-Za-z0-9][A-Za-z0-9._-]*`, 128 characters at most.
func isPlainName(_ name: String) -> Bool {
  let isPlain = name.utf8.enumerated().allSatisfy { index, byte in
    switch byte {
    case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"):
      true
    case UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"): index > 0
    default: false
    }
  }
  return isPlain && (1...128).contains(name.utf8.count)
}
