import Foundation
import PawlTestSupport
import Synchronization
import Testing

extension LabTests {
  @Suite("Killed and disturbed on real hosts", .serialized)
  struct CrashTests {
    private let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    private func pawl(_ inventory: String) -> PawlProgram {
      .onLab(directory, inventory: inventory)
    }

    /// With a repository for each minor, so that package sources are rewritten on the way.
    @Test(
      "Killed when each step starts, first speaks and ends, and while pods go: the same end, nothing twice")
    func killedAtEveryStep() async throws {
      try await Lab.run("reset")
      try await Lab.run("kubectl", "cordon", "cp-1")
      let repositories = try await MinorRepositories.prepare()
      let pawl = pawl(try repositories.writeInventory(to: directory.path))
      let killedAt = Mutex<Set<String>>([])
      var arguments = ["upgrade", "--to", "1.20", "--yes"]
      var ended: Int32?
      // Each round kills at a point that no round before it has killed at, so the rounds come to an end.
      for _ in 0..<200 where ended == nil {
        let (lines, status) = try await pawl.runAndKill(arguments + ["-o", "json"]) { line in
          guard let event = EventLine(line), let step = event.step, Self.isKilled(at: event) else {
            return false
          }
          return killedAt.withLock { $0.insert("\(event.event) \(step)").inserted }
        }
        if status != -9 {
          #expect(status == 0, "\(lines.suffix(5))")
          ended = status
        }
        arguments = ["resume"]
      }
      try #require(ended == 0)
      let kills = killedAt.withLock(\.count)
      #expect(kills >= 40, "\(kills) kills")
      try await Lab.expectUpgraded(to: "1.20.15", cordoned: ["cp-1"])
      try await repositories.expectSource(of: "1.20")
      let doubted = try await Journal.ofLastRun(pawl).expectNothingRanTwice()
      let doubtful = ["upgrade-control-plane@cp-1", "drain@worker-1", "install-kubelet@worker-2"]
      #expect(doubted.isSuperset(of: doubtful.map { "1.20/" + $0 }), "\(doubted)")
    }

    private static func isKilled(at event: EventLine) -> Bool {
      switch event.event {
      case "step-started", "step-output", "step-succeeded": true
      case "step-status": event.step?.contains("/drain@") == true
      default: false
      }
    }

    /// What happens to the lab when a step first tells something.
    private static let disturbances: [String: @Sendable () async throws -> Void] = [
      "1.20/install-kubeadm@cp-1": {
        try await Lab.run("fault", "cut-ssh", "cp-1")
        try await Lab.run("exec", "cp-1", "--", "sleep", "20")
        try await Lab.run("fault", "restore-ssh", "cp-1")
      },
      "1.20/drain@worker-1": { try await Lab.run("fault", "kill-bastion-sshd") },
      "1.20/install-kubelet@worker-1": { try await Lab.run("fault", "reboot", "worker-1") },
      "1.20/drain@worker-2": { try await Lab.run("fault", "api-away", "60") },
    ]

    @Test("A cut link, a new bastion sshd, a reboot, a minute without API server: done without a human")
    func disturbed() async throws {
      try await Lab.run("reset")
      let pawl = pawl(Lab.inventory)
      let due = Mutex(Self.disturbances)
      let (lines, status) = try await pawl.run(
        ["upgrade", "--to", "1.20", "--yes", "-o", "json"]
      ) { line in
        guard let event = EventLine(line), let step = event.step,
          ["step-output", "step-status"].contains(event.event)
        else { return }
        try await due.withLock { $0.removeValue(forKey: step) }?()
      }
      #expect(status == 0, "\(lines.suffix(8).joined(separator: "\n"))")
      #expect(due.withLock(\.count) == 0, "not every disturbance came")
      try await Lab.expectUpgraded(to: "1.20.15")
      _ = try await Journal.ofLastRun(pawl).expectNothingRanTwice()
    }
  }
}
