import Foundation
import PawlTestSupport
import Testing

extension LabTests {
  @Suite("The shape of a rollout on real hosts", .serialized)
  struct RolloutTests {
    private let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    /// Twelve hours from now for an hour, in words of the inventory.
    private func laterWindow() -> String {
      let format = Date.VerbatimFormatStyle(
        format: "\(hour: .twoDigits(clock: .twentyFourHour, hourCycle: .zeroBased)):00",
        timeZone: .gmt, calendar: Calendar(identifier: .gregorian))
      let (from, to) = (Date.now + 12 * 3600, Date.now + 13 * 3600)
      return """
        {days: [mon, tue, wed, thu, fri, sat, sun], from: "\(from.formatted(format))", \
        to: "\(to.formatted(format))", timeZone: UTC}
        """
    }

    @Test("The canary first; each node waits for its approval and its window; a soak in between")
    func shaped() async throws {
      try await Lab.run("reset")
      try await Lab.run("fault", "publish-update")
      let policy = "rollout: {canary: [worker-2], approval: node, soak: 5s, windows: [\(laterWindow())]}"
      let pawl = PawlProgram.onLab(
        directory, inventory: try Lab.inventory(withPolicy: [policy], in: directory))
      var run = try await pawl.run(["patch", "--reboot", "never", "--limit", "worker-1,worker-2", "--yes"])
      let id = String(try #require(try await pawl.run(["runs"]).output.split(separator: " ").first))
      let gates = ["worker-2", "worker-1"].flatMap {
        ["workers-approval@\($0)", "workers-await-window@\($0)"]
      }
      for (index, gate) in gates.enumerated() {
        #expect(run.status == 3, "\(gate): \(run.output.suffix(2000))\(run.errors)")
        #expect(run.output.contains("pawl approve \(id) \(gate) --as done"), "\(run.output.suffix(2000))")
        #expect(try await Lab.nodes().allSatisfy { !$0.cordoned }, "a node is out of service before \(gate)")
        let tools = try await tools()
        #expect(tools == (index < 2 ? ["1.0-1", "1.0-1"] : ["1.0-1", "1.1-1"]), "before \(gate)")
        let approved = try await pawl.run(["approve", id, gate, "--as", "done"])
        #expect(approved.status == 0, "\(approved.errors)")
        run = try await pawl.run(["resume", id])
      }
      #expect(run.status == 0, "\(run.output.suffix(3000))\(run.errors)")
      #expect(try await tools() == ["1.1-1", "1.1-1"])
      let done = try await Journal.ofLastRun(pawl).events.filter { $0.event == "step-succeeded" }
        .compactMap(\.step)
      let soak = try #require(done.firstIndex { $0.contains("-soak") }, "\(done)")
      #expect(try #require(done.firstIndex(of: "uncordon@worker-2")) < soak)
      #expect(soak < (try #require(done.firstIndex(of: "drain@worker-1"))))
      try await Lab.expectUpgraded(to: "1.19.16")
    }

    @Test("A worker out of reach is left behind within the failure budget, and taken along when it is back")
    func unreachable() async throws {
      try await Lab.run("reset")
      try await Lab.run("fault", "publish-update")
      let pawl = PawlProgram.onLab(
        directory, inventory: try Lab.inventory(withPolicy: ["rollout: {failureBudget: 1}"], in: directory))
      let patch = ["patch", "--reboot", "never", "--limit", "worker-1,worker-2", "--yes"]
      try await Lab.run("fault", "cut-ssh", "worker-2")
      let without = try await pawl.run(patch)
      try await Lab.run("fault", "restore-ssh", "worker-2")
      #expect(without.status == 1, "\(without.output.suffix(3000))\(without.errors)")
      #expect(without.output.contains("worker-2 is left behind, as worker 1 of the 1 that may fail."))
      #expect(without.output.hasSuffix("When they are back, plan anew: pawl patch\n"))
      #expect(try await tools() == ["1.1-1", "1.0-1"])
      let again = try await pawl.run(patch)
      #expect(again.status == 0, "\(again.output.suffix(3000))\(again.errors)")
      #expect(try await tools() == ["1.1-1", "1.1-1"])
      try await Lab.expectUpgraded(to: "1.19.16")
    }

    private func tools() async throws -> [String] {
      var tools: [String] = []
      for host in ["worker-1", "worker-2"] {
        tools.append(
          try await Lab.onHost(host, "pawl-lab-tool").trimmingCharacters(in: .whitespacesAndNewlines))
      }
      return tools
    }
  }
}
