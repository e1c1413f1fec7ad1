/// What an address answered.
package struct HTTPAnswer: Sendable, Hashable {
  package var status: Int
  /// Decoded leniently and capped.
  package var body: String

  /// Makes an answer.
  package init(status: Int, body: String = "") {
    self.status = status
    self.body = body
  }
}

/// Why an address gave no answer.
package struct HTTPProbeError: Error, Sendable, Hashable, CustomStringConvertible {
  /// The kind of trouble.
  package enum Code: String, Sendable, Hashable {
    case unreachable, tls, authorities, timedOut, tooLarge, cancelled, failed
  }

  package let code: Code
  /// A phrase with the cause, without the address: `could not be reached (connection refused)`.
  package let message: String

  /// Makes an error.
  package init(_ code: Code, _ message: String) {
    self.code = code
    self.message = message
  }

  package var description: String { message }
}

/// Asks web addresses from where Pawl runs; certificates are verified by the machine's authorities or, with a file of
/// PEM certificates, by those in it alone; redirections are answers like others.
/// Contract: `HTTPProbeContract` in the tests.
package protocol HTTPProbe: Sendable {
  /// Gets what is at an `http` or `https` address, with any status.
  /// - Throws: with the code `authorities` when `caFile` can't be read, before anything is asked.
  func get(_ url: String, caFile: String?, timeoutSeconds: Int) async throws(HTTPProbeError) -> HTTPAnswer
}
