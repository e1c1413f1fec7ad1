import Foundation
import PawlEngine
import PawlPlan
import Synchronization

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
/// What waits is bounded: progress beyond `limit` is dropped. Events never are; a run has a handful for each step.
final class RunDisplay: Sendable {
  private enum Item: Sendable {
    case event(RunEvent, ContinuousClock.Instant)
    case progress(StepID, StepProgress, ContinuousClock.Instant)
    case tick

    /// Roughly the bytes that waiting costs; an event is not counted.
    var size: Int {
      switch self {
      case .event: 0
      case .progress(_, .status(let text), _), .progress(_, .output(let text), _): 100 + text.utf8.count
      case .tick: 100
      }
    }
  }

  /// Bytes that wait, and pieces of progress that found no room.
  private struct Load {
    var waiting = 0
    var dropped = 0
  }

  private let limit: Int
  private let load = Mutex(Load())
  private let stream: AsyncStream<Item>
  private let continuation: AsyncStream<Item>.Continuation

  /// `limit` is in bytes.
  init(limit: Int = 4 << 20) {
    self.limit = limit
    (stream, continuation) = AsyncStream<Item>.makeStream()
  }

  /// What the executor calls.
  func notify(_ notice: RunNotice) {
    switch notice {
    case .event(let event): continuation.yield(.event(event, .now))
    case .progress(let step, let progress): offer(.progress(step, progress, .now))
    }
  }

  /// No more notices come.
  func finish() { continuation.finish() }

  /// Pieces of progress that were dropped so far.
  var dropped: Int { load.withLock { $0.dropped } }

  private func offer(_ item: Item) {
    let isTaken = load.withLock { load in
      guard load.waiting + item.size <= limit else {
        if case .progress = item { load.dropped += 1 }
        return false
      }
      load.waiting += item.size
      return true
    }
    if isTaken { continuation.yield(item) }
  }

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
    let ticker = Task {
      while !Task.isCancelled {
        do { try await Task.sleep(for: .milliseconds(200)) } catch { return }
        offer(.tick)
      }
    }
    for await item in stream {
      load.withLock { $0.waiting -= item.size }
      switch item {
      case .tick:
        view.tick(at: .now)
        await output.flush()
      case .event(let event, let time):
        state.follow(event.kind)
        view.show(.event(event), at: time)
      case .progress(let step, let progress, let time):
        if case .output(let text) = progress {
          await output.take(
            OutputRecord(step: step, attempt: state.status(of: step).attempt, text: text))
        }
        view.show(.progress(step, progress), at: time)
      }
    }
    ticker.cancel()
    await output.flush()
    if dropped > 0 {
      Console.error(
        "Output came faster than it could be shown and kept; \(dropped) pieces of it are missing.")
    }
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
  /// Records that are collected at most.
  private static let limit = 256

  private let run: RunID
  private let store: any RunStore
  private var records: [OutputRecord] = []

  init(run: RunID, store: any RunStore) {
    self.run = run
    self.store = store
  }

  mutating func take(_ record: OutputRecord) async {
    records.append(record)
    if records.count >= Self.limit { await flush() }
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
