import PawlPlan

/// Takes up what other processes ask of a run, while this process runs it.
///
/// The store is looked at in a fixed rhythm; requests are handed on in order, one at a time.
package struct ControlWatch: Sendable {
  private static let pause = Duration.milliseconds(500)

  private let store: any RunStore
  private let run: RunID
  private let clock: any Clock<Duration>
  private let warn: @Sendable (StoreError) -> Void

  /// Makes a watch.
  ///
  /// `warn` hears of the first of several looks in a row that fail; the run goes on without requests meanwhile.
  package init(
    store: any RunStore, run: RunID, clock: any Clock<Duration> = ContinuousClock(),
    warn: @escaping @Sendable (StoreError) -> Void
  ) {
    self.store = store
    self.run = run
    self.clock = clock
    self.warn = warn
  }

  /// Refuses what an earlier process has not answered; to be called when the run is taken up.
  ///
  /// - Returns: the number of the last request that is not for this process.
  package func dropStale() async throws(StoreError) -> Int {
    let earlier = try await store.requests(of: run, after: 0)
    for request in earlier where request.answer == nil {
      try await store.answer(
        request.number, of: run,
        with: ControlAnswer(
          accepted: false,
          "It was asked of a process that has ended; run \(run) is under way again, so ask again."))
    }
    return earlier.last?.number ?? 0
  }

  /// Hands requests on until the task is cancelled.
  package func forward(after number: Int, to controls: @escaping @Sendable (RunControl) -> Void) async {
    var last = number
    var failing = false
    while !Task.isCancelled {
      do throws(StoreError) {
        for request in try await store.requests(of: run, after: last) where request.answer == nil {
          let answer = await handOn(request, to: controls)
          guard let answer else { return }
          try await store.answer(request.number, of: run, with: answer)
          last = request.number
        }
        failing = false
      } catch {
        if !failing { warn(error) }
        failing = true
      }
      do { try await clock.sleep(for: Self.pause) } catch { return }
    }
  }

  /// Refuses whatever came too late; to be called when the run has stopped.
  package func close(after number: Int) async throws(StoreError) {
    for request in try await store.requests(of: run, after: number) where request.answer == nil {
      try await store.answer(
        request.number, of: run,
        with: ControlAnswer(accepted: false, "Run \(run) had stopped before it was taken up."))
    }
  }

  /// The run's answer; nil when the run ended first.
  private func handOn(
    _ request: ControlRequest, to controls: @escaping @Sendable (RunControl) -> Void
  ) async -> ControlAnswer? {
    let (answers, continuation) = AsyncStream<ControlAnswer>.makeStream()
    controls(
      .requested(request.action, by: request.by) { answer in
        continuation.yield(answer)
        continuation.finish()
      })
    for await answer in answers { return answer }
    return nil
  }
}
