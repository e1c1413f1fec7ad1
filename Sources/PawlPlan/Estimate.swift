/// How long something is expected to take, and between what that mostly lies; in seconds.
package struct Estimate: Sendable, Hashable, Codable {
  /// What a step's times are taken from.
  package enum Source: String, Sendable, Hashable, Codable {
    /// Earlier runs of the cluster.
    case runs
    /// What the action says of itself: a guess.
    case defaults
  }

  package var seconds: Int
  /// 10 of 100 take less; of a guess half of it.
  package var lowSeconds: Int
  /// 10 of 100 take more; of a guess twice as long.
  package var highSeconds: Int

  /// Makes an estimate; without a spread nothing is known of it.
  package init(_ seconds: Int, low: Int? = nil, high: Int? = nil) {
    self.seconds = seconds
    lowSeconds = low ?? seconds
    highSeconds = high ?? seconds
  }

  /// Of an action that was never seen on the cluster.
  init(guess seconds: Int) {
    self.init(seconds, low: seconds / 2, high: seconds * 2)
  }
}

/// How long steps took in earlier runs of a cluster, by action and host.
package struct StepHistory: Sendable, Hashable {
  private struct Key: Hashable {
    let uses: String
    /// Nil for all hosts together.
    let host: String?
  }

  /// Times that are kept of each action on each host.
  private static let most = 20
  /// From how many on a host's own times count, and not those of all hosts.
  private static let enough = 3

  private var times: [Key: [Int]] = [:]

  /// No earlier runs.
  package init() {}

  /// Adds a time; of many the first ones are kept, so the newest run has to come first.
  package mutating func add(_ seconds: Int, uses: String, host: String?) {
    for key in Set([Key(uses: uses, host: host), Key(uses: uses, host: nil)])
    where times[key, default: []].count < Self.most {
      times[key, default: []].append(seconds)
    }
  }

  /// The median and the tenths at both ends; nil when the action was never seen.
  package func estimate(uses: String, host: String?) -> Estimate? {
    let own = times[Key(uses: uses, host: host), default: []]
    let found = own.count >= Self.enough ? own : times[Key(uses: uses, host: nil), default: []]
    guard !found.isEmpty else { return nil }
    let sorted = found.sorted()
    // The nearest rank.
    func share(_ percent: Int) -> Int { sorted[max(0, (sorted.count * percent + 99) / 100 - 1)] }
    return Estimate(share(50), low: share(10), high: share(90))
  }
}

extension PlanStep {
  /// With its spread, where something is known or guessed of it.
  var estimate: Estimate { Estimate(estimateSeconds, low: estimateLowSeconds, high: estimateHighSeconds) }
}

extension Plan {
  /// The longest way through the graph by the steps' estimates. Steps vary by themselves, so that the spreads along the
  /// way add up as their squares do. Guesses can all be wrong in the same direction, on slow machines as on fast ones,
  /// so that theirs add up in full.
  package var estimate: Estimate {
    struct Way {
      var seconds = 0
      var squaresBelow = 0
      var squaresAbove = 0
      var guessedBelow = 0
      var guessedAbove = 0
    }
    var ways: [StepID: Way] = [:]
    var longest = Way()
    for step in steps {
      var way = step.needs.compactMap { ways[$0] }.max { $0.seconds < $1.seconds } ?? Way()
      let (below, above) = (
        step.estimateSeconds - step.estimate.lowSeconds, step.estimate.highSeconds - step.estimateSeconds
      )
      way.seconds += step.estimateSeconds
      if step.estimateSource == .defaults {
        way.guessedBelow += below
        way.guessedAbove += above
      } else {
        way.squaresBelow += below * below
        way.squaresAbove += above * above
      }
      ways[step.id] = way
      if way.seconds > longest.seconds { longest = way }
    }
    func root(_ squares: Int) -> Int { Int(Double(squares).squareRoot().rounded()) }
    return Estimate(
      longest.seconds, low: longest.seconds - root(longest.squaresBelow) - longest.guessedBelow,
      high: longest.seconds + root(longest.squaresAbove) + longest.guessedAbove)
  }

  /// The longest way through some steps when each takes long by earlier runs, in seconds; they stand in an order that
  /// respects their needs. A guess counts as it is, so that its doubt alone keeps no node out of its window.
  static func longestWay(through steps: some Sequence<PlanStep>) -> Int {
    var finish: [StepID: Int] = [:]
    for step in steps {
      let seconds = step.estimateSource == .defaults ? step.estimateSeconds : step.estimate.highSeconds
      finish[step.id] = (step.needs.compactMap { finish[$0] }.max() ?? 0) + seconds
    }
    return finish.values.max() ?? 0
  }
}

/// What is left of a plan's expected time while its steps go on.
package struct RemainingTime: Sendable {
  private let steps: StepIndex
  private let seconds: [Int]
  private let needs: [[Int]]

  /// Of a plan.
  package init(_ plan: Plan) {
    let steps = StepIndex(plan)
    self.steps = steps
    seconds = plan.steps.map(\.estimateSeconds)
    needs = plan.steps.map { $0.needs.compactMap { steps.place(of: $0) } }
  }

  /// Seconds of the longest way that is left.
  ///
  /// - Parameters:
  ///   - done: steps that are over.
  ///   - running: seconds that others have been under way for; a step that takes longer than expected is nearly done.
  package func seconds(done: Set<StepID>, running: [StepID: Int]) -> Int {
    var finish: [Int] = []
    finish.reserveCapacity(seconds.count)
    for (place, usual) in seconds.enumerated() {
      let id = steps[place].id
      let own = done.contains(id) ? 0 : max(0, usual - running[id, default: 0])
      finish.append((needs[place].map { finish[$0] }.max() ?? 0) + own)
    }
    return finish.max() ?? 0
  }
}
