import PawlSteps

/// Web addresses whose calls are logged.
struct LoggingProbe: HTTPProbe {
  let inner: any HTTPProbe
  let log: CallLog<HTTPProbeError>

  func get(
    _ url: String, caFile: String?, timeoutSeconds: Int
  ) async throws(HTTPProbeError) -> HTTPAnswer {
    try await log.call("get", ["url": url], status: { "\($0.status)" }) { () throws(HTTPProbeError) in
      try await inner.get(url, caFile: caFile, timeoutSeconds: timeoutSeconds)
    }
  }
}
