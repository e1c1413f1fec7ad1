import PawlEngine
import PawlModel
import PawlPlan

/// How often a gate looks and how many looks have to be good.
struct Sampling: Sendable, Hashable {
  /// One good look.
  static let once = Sampling(needed: 1, window: 1, intervalSeconds: 3)

  let needed: Int
  /// The last looks that count.
  let window: Int
  let intervalSeconds: Int

  init(needed: Int, window: Int, intervalSeconds: Int) {
    self.needed = needed
    self.window = window
    self.intervalSeconds = intervalSeconds
  }

  /// `in 2 of the last 3 looks`.
  var text: String { window == 1 ? "in one look" : "in \(needed) of the last \(window) looks" }

  /// The default of a kind of gate.
  init(_ timing: Gates.Timing) {
    self.init(needed: timing.samples, window: timing.of, intervalSeconds: timing.intervalSeconds)
  }

  /// Reads the parameters that `parameters(of:)` declares.
  init(_ parameters: StepParameters, default sampling: Sampling) throws(StepFailure) {
    needed = try parameters.count("samples", default: sampling.needed)
    window = max(needed, try parameters.count("of", default: sampling.window))
    intervalSeconds = try parameters.seconds("interval", default: sampling.intervalSeconds)
  }

  /// The parameters `samples`, `of` and `interval`.
  static func parameters(default sampling: Sampling) -> [ActionSpec.Parameter] {
    [
      .init("samples", .int, default: .int(sampling.needed), "How many looks have to be good."),
      .init(
        "of", .int, default: .int(sampling.window),
        "Among how many of the last looks; `samples` when that is more."),
      .init(
        "interval", .duration, default: .int(sampling.intervalSeconds), "The time between two looks."),
    ]
  }
}

/// The last looks of a sampling.
struct SampleWindow: Sendable, Hashable {
  private let sampling: Sampling
  private var results: [Bool] = []

  init(_ sampling: Sampling) { self.sampling = sampling }

  mutating func add(_ good: Bool) { results = (results + [good]).suffix(sampling.window) }

  /// Good ones among the last looks.
  var good: Int { results.count { $0 } }
  var lastIsGood: Bool { results.last ?? false }
  /// Whether enough of the last looks were good, and the very last one too.
  var holds: Bool { lastIsGood && good >= sampling.needed }

  /// `2 of 3 good looks`, for a wait; empty when one look is enough.
  var progress: String? {
    sampling.needed == 1 ? nil : "\(good) of \(sampling.needed) good looks"
  }
}
