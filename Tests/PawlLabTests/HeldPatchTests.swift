import Foundation
import PawlTestSupport
import Synchronization
import Testing

extension LabTests {
  @Suite("Patches that something holds up", .serialized)
  struct HeldPatchTests {
    private let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    @Test(
      "Pods that do not go pause the run, which names each with its reason, and goes on once they are let go")
    func heldPods() async throws {
      try await Lab.run("reset")
      try await Lab.run("fault", "publish-update")
      try await Lab.run("fault", "pdb-block")
      try await Lab.run("fault", "stubborn-pod", "worker-1")
      try await Lab.run("fault", "finalizer-pod", "worker-1")
      let pawl = PawlProgram.onLab(
        directory,
        inventory: try Lab.inventory(
          withPolicy: ["unmanagedPods: delete", "drainTimeout: 30s"], in: directory))
      let refused = try await PawlProgram.onLab(directory).run(["patch", "--limit", "worker-1", "--yes"])
      #expect(refused.status == 1 && refused.errors.contains("demo/stubborn"), "\(refused.errors)")
      #expect(try await pawl.run(["runs"]).output == "No runs yet.\n", "the plan refuses unmanaged pods")
      let boot = try await Lab.onHost("worker-1", "cat", "/proc/sys/kernel/random/boot_id")

      let held = try await pawl.run(["patch", "--reboot", "always", "--limit", "worker-1", "--yes"])
      #expect(held.status == 3, "\(held.output)\(held.errors)")
      for words in [
        "drain@worker-1", "budget demo/web allows 0 of 3", "demo/stubborn", "demo/finalizer",
        "finalizers hold it: pawl.dev/never", "--as force",
      ] {
        #expect(held.output.contains(words), "\(words) in \(held.output.suffix(3000))")
      }
      #expect(try await Lab.nodes().filter(\.cordoned).map(\.name) == ["worker-1"])
      #expect(
        try await Lab.onHost("worker-1", "pawl-lab-tool") == "1.0-1\n", "nothing was upgraded meanwhile")

      try await Lab.run("fault", "pdb-unblock")
      try await Lab.run("fault", "remove-pods")
      let resumed = try await pawl.run(["resume"])
      #expect(resumed.status == 0, "\(resumed.output.suffix(3000))\(resumed.errors)")
      #expect(try await Lab.onHost("worker-1", "pawl-lab-tool") == "1.1-1\n")
      #expect(try await Lab.onHost("worker-1", "cat", "/proc/sys/kernel/random/boot_id") != boot)
      try await Lab.expectUpgraded(to: "1.19.16")
    }

    @Test("unattended-upgrades in the middle of its work is waited for, and is as before in the end")
    func automaticUpdate() async throws {
      try await Lab.run("reset")
      try await Lab.run("fault", "publish-update")
      let unit = ["systemctl", "is-active", "unattended-upgrades.service"]
      #expect(try await Lab.onHost("worker-1", unit) == "active\n")
      let wasUnderWay = Mutex<Bool?>(nil)
      let (lines, status) = try await PawlProgram.onLab(directory).run(
        ["patch", "--reboot", "never", "--limit", "worker-1", "--yes", "-o", "json"]
      ) { line in
        guard let event = EventLine(line) else { return }
        switch (event.event, event.step) {
        case ("step-succeeded", "download@worker-1"):
          try await Lab.run("fault", "automatic-update", "worker-1", "90")
        case ("step-started", "upgrade-packages@worker-1"):
          let found = try await Lab.onHost("worker-1", "ls", "/run")
          wasUnderWay.withLock { $0 = $0 ?? found.contains("lab-update-under-way") }
        default: break
        }
      }
      #expect(status == 0, "\(lines.suffix(8).joined(separator: "\n"))")
      #expect(wasUnderWay.withLock { $0 } == true, "the automatic update was over before")
      let log = try await Lab.onHost(
        "worker-1", "cat", "/var/log/unattended-upgrades/unattended-upgrades.log")
      #expect(log.contains("All upgrades installed"), "it was cut off: \(log)")
      #expect(try await Lab.onHost("worker-1", "pawl-lab-tool") == "1.1-1\n")
      #expect(try await Lab.onHost("worker-1", unit) == "active\n")
      #expect(try await Lab.onHost("worker-1", "dpkg", "--audit").isEmpty)
      try await Lab.expectUpgraded(to: "1.19.16")
    }
  }
}
