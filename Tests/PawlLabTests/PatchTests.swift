import Foundation
import PawlTestSupport
import Synchronization
import Testing

extension LabTests {
  @Suite("Patching real hosts", .serialized)
  struct PatchTests {
    private let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    private func pawl(_ inventory: String = Lab.inventory) -> PawlProgram {
      .onLab(directory, inventory: inventory)
    }

    private func bootID(_ host: String) async throws -> String {
      try await Lab.onHost(host, "cat", "/proc/sys/kernel/random/boot_id")
    }

    private func bootIDs() async throws -> [String: String] {
      var ids: [String: String] = [:]
      for host in Lab.hosts { ids[host] = try await bootID(host) }
      return ids
    }

    private func tool(_ host: String) async throws -> String {
      try await Lab.onHost(host, "pawl-lab-tool").trimmingCharacters(in: .whitespacesAndNewlines)
    }

    /// What must be true of a host that was patched.
    private func expectPatched(_ host: String, bootBefore: String) async throws {
      #expect(try await tool(host) == "1.1-1")
      #expect(try await bootID(host) != bootBefore, "\(host) was not rebooted")
      #expect(try await Lab.onHost(host, "ls", "/var/run").contains("reboot-required") == false)
      #expect(try await Lab.onHost(host, "apt-mark", "showmanual").contains("pawl-lab-tool"))
      #expect(try await Lab.onHost(host, "find", "/var/tmp", "-name", "pawl-lists-*").isEmpty)
    }

    @Test(
      "An update and a reboot of every node: workers first, a foreign cordon stays, and then nothing is to do"
    )
    func everyNode() async throws {
      try await Lab.run("reset")
      let idle = try await pawl().run(["patch", "--yes"])
      #expect(idle.status == 0 && idle.output.contains("Nothing to do"), "\(idle.output)\(idle.errors)")

      try await Lab.run("fault", "publish-update")
      try await Lab.run("kubectl", "cordon", "cp-1")
      let lists = try await Lab.onHost("worker-1", "ls", "-l", "--time-style=full-iso", "/var/lib/apt/lists")
      let plan = try await pawl().run(["plan", "patch", "--detailed-exitcode"])
      #expect(plan.status == 2 && plan.output.contains("pawl-lab-tool 1.1-1"), "\(plan.output)\(plan.errors)")
      #expect(
        try await Lab.onHost("worker-1", "ls", "-l", "--time-style=full-iso", "/var/lib/apt/lists") == lists,
        "planning touched apt's lists")

      let boots = try await bootIDs()
      // Somebody is at work on the host; a reboot ends that.
      async let worker = Lab.onHost("worker-1", "sleep", "3600")
      let (lines, status) = try await pawl().run(["patch", "--yes", "-o", "json"]) { _ in }
      #expect(status == 0, "\(lines.suffix(8).joined(separator: "\n"))")
      _ = try await worker
      for host in Lab.hosts { try await expectPatched(host, bootBefore: boots[host] ?? "") }
      try await Lab.expectUpgraded(to: "1.19.16", cordoned: ["cp-1"])
      let journal = try await Journal.ofLastRun(pawl())
      #expect(journal.expectNothingRanTwice().isEmpty, "a reboot is no doubt")
      let reboots = journal.events.filter {
        $0.event == "step-succeeded" && $0.step?.hasPrefix("reboot@") == true
      }
      #expect(reboots.map(\.step) == ["reboot@worker-1", "reboot@worker-2", "reboot@cp-1"])

      let again = try await pawl().run(["patch", "--yes"])
      #expect(again.status == 0 && again.output.contains("Nothing to do"), "\(again.output)")
    }

    @Test("A held dpkg lock is waited out, and timers of automatic updates are as before")
    func lockAndTimers() async throws {
      try await Lab.run("reset")
      try await Lab.run("fault", "publish-update")
      _ = try await Lab.onHost("worker-1", "systemctl", "unmask", "apt-daily.timer")
      _ = try await Lab.onHost("worker-1", "systemctl", "enable", "--now", "apt-daily.timer")
      let isDue = Mutex(true)
      let (lines, status) = try await pawl().run(
        ["patch", "--reboot", "never", "--limit", "worker-1,worker-2", "--yes", "-o", "json"]
      ) { line in
        guard let event = EventLine(line), event.event == "step-started",
          event.step == "upgrade-packages@worker-1",
          isDue.withLock({ due in
            defer { due = false }
            return due
          })
        else { return }
        try await Lab.run("fault", "hold-dpkg-lock", "worker-1", "20")
      }
      #expect(status == 0, "\(lines.suffix(8).joined(separator: "\n"))")
      #expect(!isDue.withLock { $0 }, "the lock was not held")
      #expect(try await tool("worker-1") == "1.1-1")
      #expect(try await tool("cp-1") == "1.0-1")
      let state = try await Lab.onHost(
        "worker-1", "systemctl", "is-active", "apt-daily.timer", "apt-daily-upgrade.timer")
      #expect(state == "active\ninactive\n")
    }

    @Test("A node that does not come back stops the run, the others untouched; once it is up, resume goes on")
    func doesNotComeBack() async throws {
      try await Lab.run("reset")
      try await Lab.run("fault", "publish-update")
      // The same runbook with less patience.
      let runbook = try String(contentsOfFile: PawlProgram.root + "/runbooks/os-patch.yaml", encoding: .utf8)
      try FileManager.default.createDirectory(
        atPath: directory.path + "/runbooks", withIntermediateDirectories: true)
      try runbook.replacing("uses: host/reboot@v1\n", with: "uses: host/reboot@v1\n      timeout: 60s\n")
        .write(toFile: directory.path + "/runbooks/os-patch.yaml", atomically: true, encoding: .utf8)
      let boots = try await bootIDs()
      let isDue = Mutex(true)
      let (lines, status) = try await pawl().run([
        "patch", "--limit", "worker-1,worker-2", "--yes", "-o", "json",
      ]) { line in
        guard let event = EventLine(line), event.event == "step-status", event.step == "reboot@worker-1",
          line.contains("goes down"),
          isDue.withLock({ due in
            defer { due = false }
            return due
          })
        else { return }
        try await Lab.run("fault", "power-off", "worker-1")
      }
      #expect(status == 1, "\(lines.suffix(8).joined(separator: "\n"))")
      #expect(lines.contains { $0.contains("host-not-back") || $0.contains("did not come back") })
      for host in ["worker-2", "cp-1"] {
        #expect(try await tool(host) == "1.0-1")
        #expect(try await bootID(host) == boots[host])
      }
      #expect(Set(try await Lab.nodes().filter(\.cordoned).map(\.name)) == ["worker-1"])

      try await Lab.run("fault", "power-on", "worker-1")
      let boot = try await bootID("worker-1")
      let resumed = try await pawl().run(["resume"])
      #expect(resumed.status == 0, "\(resumed.output.suffix(3000))\(resumed.errors)")
      #expect(try await bootID("worker-1") == boot, "it was rebooted again")
      for host in ["worker-1", "worker-2"] { try await expectPatched(host, bootBefore: boots[host] ?? "") }
      try await Lab.expectUpgraded(to: "1.19.16")
    }

    @Test("The bastion itself, with the way to everything leading over it")
    func bastion() async throws {
      try await Lab.run("reset")
      try await Lab.run("fault", "publish-update")
      var text = try String(contentsOfFile: Lab.inventory, encoding: .utf8)
      let address = try #require(
        text.split(separator: "address: ").dropFirst().first?.prefix { !$0.isNewline }.description)
      text = text.replacing("./", with: Lab.client + "/").replacing(
        "hosts:\n", with: "hosts:\n  - {name: bastion, address: \(address), roles: [bastion], via: []}\n")
      let inventory = directory.path + "/inventory.yaml"
      try text.write(toFile: inventory, atomically: true, encoding: .utf8)
      let boot = try await bootID("bastion")
      let nodes = try await bootIDs()
      let result = try await pawl(inventory).run(["patch", "--limit", "bastion", "--yes"])
      #expect(result.status == 0, "\(result.output.suffix(3000))\(result.errors)")
      try await expectPatched("bastion", bootBefore: boot)
      #expect(try await bootIDs() == nodes)
      let check = try await pawl(inventory).run(["check"])
      #expect(check.status == 0, "\(check.output)\(check.errors)")
    }
  }
}

extension HighAvailabilityTests {
  @Suite("Patching three control planes", .serialized)
  struct PatchTests {
    private let directory: TemporaryDirectory
    private let pawl: PawlProgram

    init() throws {
      directory = try TemporaryDirectory()
      pawl = .onLab(directory)
    }

    @Test("Every control plane is rebooted in its turn, and etcd keeps its quorum at every moment")
    func patch() async throws {
      try await Lab.run("reset")
      try await Lab.run("fault", "publish-update")
      // There etcd is asked by the etcdctl that is beside it in its container.
      try await Lab.run("exec", "cp-2", "--", "mv", "/usr/bin/etcdctl", "/usr/bin/etcdctl.away")
      let (run, samples) = try await QuorumWatch().during {
        try await pawl.run([
          "patch", "--limit", Lab.controlPlanes.joined(separator: ","), "--yes", "-o", "json",
        ]) { _ in }
      }
      #expect(run.status == 0, "\(run.lines.suffix(8).joined(separator: "\n"))")
      try await Lab.expectUpgraded(to: "1.19.16")
      QuorumWatch.expectQuorum(samples)
      for host in Lab.controlPlanes { #expect(try await Lab.onHost(host, "pawl-lab-tool") == "1.1-1\n") }
      let reboots = run.lines.compactMap { EventLine($0) }
        .filter { $0.event == "step-succeeded" && $0.step?.hasPrefix("reboot@") == true }.compactMap(\.step)
      #expect(reboots == Lab.controlPlanes.map { "reboot@\($0)" })
    }
  }
}
