package import PawlSteps

/// Web addresses of the simulated world; what stands behind a `?` does not matter.
extension SimulatedCluster: HTTPProbe {
  package func get(
    _ url: String, caFile: String?, timeoutSeconds: Int
  ) async throws(HTTPProbeError) -> HTTPAnswer {
    do { try await sleep(for: SimulatedTimes.request) } catch {
      throw HTTPProbeError(.cancelled, "was given up")
    }
    let address = url.split(separator: "?", maxSplits: 1).first.map(String.init) ?? url
    guard !world.isCutOff, let answer = world.state.web[address] else {
      throw HTTPProbeError(.unreachable, "could not be reached (nothing is simulated there)")
    }
    return answer
  }
}
