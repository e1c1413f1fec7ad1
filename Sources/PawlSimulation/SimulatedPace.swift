/// How fast simulated time goes by.
///
/// Durations in the simulation are those of real clusters; the pace turns them into waiting.
package struct SimulatedPace: Sendable {
  /// Time since the start on the paced clock; nil when time only moves because somebody waits.
  let elapsed: (@Sendable () -> Duration)?
  let sleep: @Sendable (_ simulated: Duration) async throws -> Void

  /// No waiting at all: whoever waits moves time on to the next event.
  package static let instant = SimulatedPace(elapsed: nil, sleep: { _ in await Task.yield() })

  /// A clock, that many times as fast.
  package static func timesFaster<C: Clock>(_ speed: Double, than clock: C) -> SimulatedPace
  where C.Duration == Duration {
    let start = clock.now
    return SimulatedPace(
      elapsed: { start.duration(to: clock.now) * speed },
      sleep: { try await clock.sleep(for: $0 / speed) })
  }

  /// The machine's clock, that many times as fast. 10 lets a cluster of four hosts go up two minors in about half a
  /// minute.
  package static func timesFaster(_ speed: Double) -> SimulatedPace {
    timesFaster(speed, than: ContinuousClock())
  }
}

/// What things take on a small real cluster.
enum SimulatedTimes {
  static let request = Duration.milliseconds(20)
  static let look = Duration.milliseconds(100)
  static let packageLists = Duration.seconds(2)
  static let packageDownload = Duration.milliseconds(1500)
  static let packageUnpack = Duration.seconds(1)
  static let kubeadmCheck = Duration.seconds(2)
  static let imagePull = Duration.seconds(5)
  static let staticPod = Duration.seconds(5)
  static let kubeletRestart = Duration.seconds(1)
  /// From a kubelet's start to the first status it reports, and to Ready.
  static let kubeletReport = Duration.seconds(5)
  static let kubeletReady = Duration.seconds(8)
  static let podTermination = Duration.seconds(3)
  /// From a pod's end until its volumes have left the node.
  static let detach = Duration.seconds(2)
  static let podStart = Duration.seconds(5)
  /// Between asking a command to end and its end.
  static let termination = Duration.seconds(2)
  static let boot = Duration.seconds(30)
}
