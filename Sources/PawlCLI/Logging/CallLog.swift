import Logging
import PawlSteps

/// Logs calls to a port at debug, a line when a call begins and one when it ends, without secrets.
struct CallLog<Failure: Error & CustomStringConvertible>: Sendable {
  let logger: Logger
  let redactor: Redactor

  /// Makes a call and logs it.
  /// - Parameters:
  ///   - details: What the call is about, such as its host.
  ///   - status: A word for the answer.
  func call<Answer>(
    _ name: String, _ details: [String: String?] = [:], status: (Answer) -> String? = { _ in nil },
    _ body: () async throws(Failure) -> Answer
  ) async throws(Failure) -> Answer {
    let start = ContinuousClock.now
    log("\(name) began", details)
    do throws(Failure) {
      let answer = try await body()
      log("\(name) ended", details, ["status": status(answer)], since: start)
      return answer
    } catch {
      log("\(name) failed", details, ["error": error.description], since: start)
      throw error
    }
  }

  private func log(
    _ message: String, _ details: [String: String?], _ ending: [String: String?] = [:],
    since start: ContinuousClock.Instant? = nil
  ) {
    let texts = details.merging(ending) { $1 }.compactMapValues { $0 }
    var metadata = texts.mapValues { Logger.MetadataValue.string(redactor.redact($0)) }
    if let start { metadata["milliseconds"] = "\(Int((ContinuousClock.now - start) / .milliseconds(1)))" }
    logger.debug("\(message)", metadata: metadata)
  }
}

extension World {
  /// The same world, whose calls are logged when the level is debug or lower.
  func logged(
    at level: Logger.Level, by handler: (String) -> any LogHandler = StandardErrorLog.init
  ) -> World {
    guard level <= .debug else { return self }
    func logger(_ label: String) -> Logger {
      var logger = Logger(label: label, factory: handler)
      logger.logLevel = level
      return logger
    }
    let cluster = CallLog<ClusterError>(logger: logger("pawl.cluster"), redactor: redactor)
    return World(
      hosts: LoggingHosts(inner: hosts, log: CallLog(logger: logger("pawl.hosts"), redactor: redactor)),
      cluster: LoggingCluster(inner: self.cluster, log: cluster),
      http: LoggingProbe(
        inner: http, log: CallLog(logger: logger("pawl.http"), redactor: redactor)),
      leases: LoggingLeases(inner: leases, log: cluster),
      clock: clock, redactor: redactor, close: close)
  }
}
