import PawlCrashSupport
import PawlModel
import PawlSimulation

/// Small runbooks whose steps need each other in any way that has no cycle.
enum RandomRunbooks {
  static let all: [CrashScenario] = (1...3).map { seed in
    CrashScenario(
      "every event", file: "random-\(seed).yaml", text: text(seed: UInt64(seed)), inputs: [:],
      inventory: .demo(controlPlanes: 1, workers: 2), state: .demo(controlPlanes: 1, workers: 2),
      thorough: true)
  }

  /// What a step may be, each once in a runbook and in any order. One drains: the policy lets one node at a time be
  /// out of service. No two install on the same host: they would take turns at its lock, as chance has it.
  private static let pieces = [
    "on: {role: worker}, parallel: 2, uses: apt/update@v1",
    "on: {role: control-plane}, uses: apt/update@v1",
    "on: {role: worker, pick: first}, uses: apt/install@v1, with: {packages: [kubectl], version: 1.30.14}",
    "on: {role: worker, pick: rest}, uses: apt/install@v1, with: {packages: [kubeadm], version: 1.30.14}",
    "on: {role: control-plane}, uses: apt/install@v1, with: {packages: [kubeadm, kubectl], version: 1.30.14}",
    "on: {role: worker}, steps: [{id: drain, uses: node/drain@v1}, {id: uncordon, uses: node/uncordon@v1}]",
    "uses: cluster/check-health@v1",
  ]

  private static func text(seed: UInt64) -> String {
    var generator = SplitMix(state: seed)
    let chosen = pieces.shuffled(using: &generator).prefix(Int.random(in: 4...6, using: &generator))
    let steps = chosen.enumerated().map { index, piece in
      let needs = (0..<index).filter { _ in Int.random(in: 0..<3, using: &generator) == 0 }.map { "s\($0)" }
      return "  - {id: s\(index), needs: [\(needs.joined(separator: ", "))], \(piece)}\n"
    }
    return """
      apiVersion: pawl.dev/v1alpha1
      kind: Runbook
      metadata: {name: random-\(seed), version: 1.0.0, description: Steps in a random order.}
      steps:
      \(steps.joined())
      """
  }
}

/// SplitMix64, so that a seed names a runbook for good.
private struct SplitMix: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }
}
