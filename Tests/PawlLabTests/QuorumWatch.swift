import Foundation
import Synchronization
import Testing

/// Looks again and again how the members of etcd are.
final class QuorumWatch: Sendable {
  /// What one look showed.
  struct Sample: Sendable, CustomStringConvertible {
    let time: ContinuousClock.Instant
    /// By member: `healthy` while it can read through a leader, `leaderless`, or `away`.
    let members: [String: String]

    var description: String {
      members.sorted { $0.key < $1.key }.map { "\($0) \($1)" }.joined(separator: ", ")
    }
    /// Members that run.
    var present: Int { members.values.count { $0 != "away" } }
    /// Members that see a leader, which only a quorum has.
    var healthy: Int { members.values.count { $0 == "healthy" } }
  }

  private let isOver = Atomic(false)

  /// Runs `body` and gives, beside its result, what each look showed.
  func during<Result: Sendable>(
    _ body: () async throws -> Result
  ) async throws -> (Result, samples: [Sample]) {
    async let samples = watch()
    do {
      let result = try await body()
      isOver.store(true, ordering: .relaxed)
      return (result, try await samples)
    } catch {
      isOver.store(true, ordering: .relaxed)
      throw error
    }
  }

  private func watch() async throws -> [Sample] {
    var samples: [Sample] = []
    while !isOver.load(ordering: .relaxed) {
      let lines = try await Lab.run("etcd").split(separator: "\n").map { $0.split(separator: " ") }
      let members = Dictionary(uniqueKeysWithValues: lines.map { (String($0[0]), String($0[1])) })
      samples.append(Sample(time: .now, members: members))
    }
    return samples
  }

  /// Quorum at every moment: two of three run at each look, and they see a leader, but for the time in which one that
  /// goes is replaced. A minute without one is an outage, and no election, also on a busy machine.
  static func expectQuorum(_ samples: [Sample]) {
    #expect(samples.count > 20, "sampled \(samples.count) times")
    let short = samples.filter { $0.present < 2 }
    #expect(short.isEmpty, "\(short)")
    var lastLed = samples.first?.time
    for sample in samples {
      if sample.healthy >= 2 { lastLed = sample.time }
      if let last = lastLed, last.duration(to: sample.time) > .seconds(60) {
        Issue.record("etcd had no leader for \(last.duration(to: sample.time)): \(sample)")
        return
      }
    }
  }
}
