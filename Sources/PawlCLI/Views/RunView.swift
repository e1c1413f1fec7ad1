import Foundation
import PawlEngine
import PawlPlan

/// Shows a run. Gets the run's notices and, a few times a second, the time; decides nothing.
protocol RunView: Sendable {
  /// Before the first notice, with the state as it was left.
  mutating func begin(_ run: RunID, plan: Plan, state: RunState)
  /// A notice, after it is durable where it is an event.
  mutating func show(_ notice: RunNotice, at time: ContinuousClock.Instant)
  /// Time has passed; only live views care.
  mutating func tick(at time: ContinuousClock.Instant)
  /// The stretch is over; nil after a detach.
  mutating func end(_ outcome: RunOutcome?, state: RunState)
}

/// Carries notices from the engine to a view and to the store's output, without ever holding the engine up.
///
/// Progress beyond the buffer is dropped, events never are: they come in a stream of their own.
struct RunDisplay: Sendable {
  private enum Item: Sendable {
    case notice(RunNotice, ContinuousClock.Instant)
    case tick
  }

  private let stream: AsyncStream<Item>
  private let continuation: AsyncStream<Item>.Continuation

  init() {
    (stream, continuation) = AsyncStream<Item>.makeStream()
  }

  /// What the executor calls.
  func notify(_ notice: RunNotice) { continuation.yield(.notice(notice, .now)) }

  /// No more notices come.
  func finish() { continuation.finish() }

  /// Feeds the view until `finish()`.
  ///
  /// - Returns: the view and the state that the events led to.
  func run(
    _ view: any RunView, run: RunID, plan: Plan, state: RunState, store: any RunStore
  ) async -> (view: any RunView, state: RunState) {
    var view = view
    var state = state
    var output = OutputBuffer(run: run, store: store)
    view.begin(run, plan: plan, state: state)
    let ticker = Task { [continuation] in
      while !Task.isCancelled {
        do { try await Task.sleep(for: .milliseconds(200)) } catch { return }
        continuation.yield(.tick)
      }
    }
    for await item in stream {
      switch item {
      case .tick:
        view.tick(at: .now)
        await output.flush()
      case .notice(let notice, let time):
        if case .event(let event) = notice { state.follow(event.kind) }
        output.take(notice, state: state)
        view.show(notice, at: time)
      }
    }
    ticker.cancel()
    await output.flush()
    return (view, state)
  }
}

extension RunState {
  /// Takes in an event that the engine has applied already, so that it can't be illegal.
  mutating func follow(_ event: RunEventKind) {
    do throws(IllegalTransition) { try apply(event) } catch { return }
  }
}

/// Collects steps' output and keeps it in the store in larger pieces.
private struct OutputBuffer {
  private let run: RunID
  private let store: any RunStore
  private var records: [OutputRecord] = []

  init(run: RunID, store: any RunStore) {
    self.run = run
    self.store = store
  }

  mutating func take(_ notice: RunNotice, state: RunState) {
    guard case .progress(let step, .output(let text)) = notice else { return }
    records.append(OutputRecord(step: step, attempt: state.status(of: step).attempt, text: text))
  }

  mutating func flush() async {
    guard !records.isEmpty else { return }
    let batch = records
    records = []
    do {
      try await store.appendOutput(batch, to: run)
    } catch {
      Console.error("Output could not be kept: \(error.message)")
    }
  }
}
