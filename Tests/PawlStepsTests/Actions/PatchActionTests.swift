import PawlEngine
import PawlModel
import PawlPlan
import PawlSteps
import Testing

/// An upgrade of one package, and the programs that it takes.
enum Patch {
  static let package = "libc6=2.36-9+deb12u9"
  static let with: [String: Value] = [
    "manager": .string("apt"), "exact": .map(["libc6": .string("2.36-9+deb12u9")]),
    "automatic": .list([.string("libc6")]), "updateUnits": .list([.string("apt-daily.timer")]),
  ]
  static let stop = ["systemctl", "stop", "apt-daily.timer"]
  static let start = ["systemctl", "start", "apt-daily.timer"]
  static let isActive = ["systemctl", "is-active", "apt-daily.timer"]
  static let markAuto = ["apt-mark", "auto", "libc6"]
  static let showManual = ["apt-mark", "showmanual", "libc6"]
  static let upgrade = Apt.install("--no-remove", package)
  static let simulate = Apt.install("--no-remove", "-s", package)

  static func upgradeReplies(
    found: String = "libc6\t2.36-9+deb12u9\tii \n", units: String = "active\n", status: Int = 0,
    error: String = ""
  ) -> [FakeHost.Reply] {
    [
      .init(stop), .init(Apt.repair), .init(upgrade, status: status, error: error), .init(markAuto),
      .init(start), .init(Apt.query("libc6"), found), .init(Apt.audit), .init(isActive, units, status: 3),
      .init(showManual),
    ]
  }

  static func downloadReplies(
    simulation: String = "Inst libc6 [2.36-9+deb12u8] (2.36-9+deb12u9 Debian:12.8/stable [amd64])\n"
  ) -> [FakeHost.Reply] {
    [
      .init(Apt.update), .init(Apt.install("--no-remove", "--download-only", package)),
      .init(simulate, simulation),
    ]
  }
}

@Suite struct PackagesUpgradeTests {
  private let step = ActionBench.step("packages/upgrade@v1", with: Patch.with)

  @Test func updatesWaitAndWhatWasThereComesBack() async {
    let bench = ActionBench(Patch.upgradeReplies())
    let result = await bench.perform(step)
    #expect(result.outcome == StepOutcome("Upgraded 1 package on cp-1.", changed: true))
    #expect(
      bench.host.programs == [
        Patch.stop, Apt.repair, Patch.upgrade, Patch.markAuto, Patch.start, Apt.query("libc6"), Apt.audit,
        Patch.showManual, Patch.isActive,
      ])
    #expect(bench.host.commands.map(\.always) == [[Patch.markAuto, Patch.start]])
  }

  @Test func aHeldLockIsTriedAgain() async {
    let bench = ActionBench(
      Patch.upgradeReplies(status: 100, error: "E: Could not get lock /var/lib/dpkg/lock-frontend."))
    let failure = await bench.perform(step).failure
    #expect(failure?.code == "package-lock-held" && failure?.retry == .temporary)
    #expect(bench.host.programs.suffix(2) == [Patch.markAuto, Patch.start])
  }

  @Test(arguments: [
    ("libc6\t2.36-9+deb12u9\tii \n", "active\n", "done"),
    ("libc6\t2.36-9+deb12u8\tii \n", "active\n", "not started"),
    ("libc6\t2.36-9+deb12u9\tii \n", "inactive\n", "torn"),
    ("libc6\t2.36-9+deb12u9\tiU \n", "active\n", "torn"),
  ])
  func probes(found: String, units: String, verdict: String) async {
    let bench = ActionBench(Patch.upgradeReplies(found: found, units: units))
    #expect(await bench.probe(step).name == verdict)
  }

  @Test func anUndoStartsUnitsAndSetsMarksAgain() async throws {
    let bench = ActionBench([
      .init(Patch.showManual, "libc6\n"), .init(Patch.showManual),
      .init(Patch.isActive, "inactive\n", status: 3), .init(Patch.isActive, "active\n"),
      .init(Patch.markAuto), .init(Patch.start),
    ])
    let outcome = try await bench.undo(step)
    #expect(outcome == StepOutcome("libc6, apt-daily.timer as before on cp-1.", changed: true))
    #expect(bench.host.commands.map(\.steps) == [[Patch.markAuto, Patch.start]])
  }

  @Test func thePlanHoldsExactVersions() throws {
    var facts = HostFacts(
      operatingSystem: "Debian", architecture: "x86_64", bootID: "b", sudo: true, packages: [:],
      freeBytes: [:],
      containerRuntime: nil, kubeletActive: true)
    let site = ActionSpec.Site(host: nil, parameters: ["securityOnly": .bool(true)])
    #expect(throws: PlanRefusal.self) { try PackagesUpgrade.spec.freeze(site, facts) }
    facts.patch = PatchFacts(
      upgrades: [
        PackageUpgrade(name: "bash", installed: "1", candidate: "2"),
        PackageUpgrade(name: "openssl", installed: "3", candidate: "5", automatic: true),
      ],
      securityUpgrades: [
        PackageUpgrade(name: "openssl", installed: "3", candidate: "4", automatic: true)
      ], updateUnits: ["apt-daily.timer"])
    #expect(
      try PackagesUpgrade.spec.freeze(site, facts) == [
        "manager": .string("apt"), "exact": .map(["openssl": .string("4")]),
        "automatic": .list([.string("openssl")]), "updateUnits": .list([.string("apt-daily.timer")]),
      ])
  }
}

@Suite struct PackagesDownloadTests {
  private let step = ActionBench.step("packages/download@v1", with: Patch.with)

  @Test func fetchesAndLooksWhetherThePlanHolds() async {
    let bench = ActionBench(Patch.downloadReplies())
    #expect(await bench.perform(step).failure == nil)
    #expect(bench.host.programs.last == Patch.simulate)
  }

  @Test func refusesWhatThePlanDoesNotName() async {
    let more =
      "Inst libc6 [2.36-9+deb12u8] (2.36-9+deb12u9 Debian [amd64])\nInst locales [1] (2 Debian [all])\n"
    let failure = await ActionBench(Patch.downloadReplies(simulation: more)).perform(step).failure
    #expect(failure?.code == "other-packages" && failure?.retry == .permanent)
    #expect(failure?.causes == ["locales 2"])
  }
}

@Suite struct HostRebootTests {
  static let bootID = ["cat", "/proc/sys/kernel/random/boot_id"]
  static let command = ["systemctl", "reboot"]
  static let record = "1.20_2fstep_40cp-1.0.1"
  private static let before = HostCommandResult(status: 0, output: "old\n")

  static func replies(_ ids: String...) -> [FakeHost.Reply] {
    ids.map { .init(bootID, $0 + "\n") } + [
      .init(command), .init(["test", "-e", "/var/run/reboot-required"], status: 1),
      .init(["uname", "-r"], "6.1.0-25-amd64\n"), .init(["ls", "/boot"], "vmlinuz-6.1.0-25-amd64\n"),
    ]
  }

  static func step(_ when: String = "always") -> PlanStep {
    ActionBench.step(
      "host/reboot@v1", with: ["when": .string(when), "command": .list([]), "manager": .string("apt")])
  }

  @Test func recordsTheBootThenRebootsThenWaits() async {
    let bench = ActionBench(Self.replies("old", "old", "old", "new"))
    let result = await bench.perform(Self.step())
    #expect(result.outcome == StepOutcome("cp-1 was rebooted and is back.", changed: true))
    #expect(bench.host.commands.map(\.steps) == [[Self.bootID], [Self.command]])
    #expect(bench.clock.seconds == 10)
  }

  @Test func aHostThatNeedsNoneIsLeftAlone() async {
    let bench = ActionBench(Self.replies("old"))
    let result = await bench.perform(Self.step("auto"))
    #expect(result.outcome == StepOutcome("cp-1 needs no reboot.", changed: false))
    #expect(bench.host.commands.isEmpty)
  }

  @Test func saysWhenTheRebootDidNotHelp() async {
    let bench = ActionBench(
      ["old", "old", "old", "new"].map { .init(Self.bootID, $0 + "\n") } + [
        .init(Self.command), .init(["test", "-e", "/var/run/reboot-required"], status: 1),
        .init(["uname", "-r"], "6.1.0-25-amd64\n"),
        .init(["ls", "/boot"], "vmlinuz-6.1.0-25-amd64\nvmlinuz-6.1.0-26-amd64\n"),
      ])
    let result = await bench.perform(Self.step("auto"))
    #expect(
      result.outcome?.summary
        == "cp-1 was rebooted and is back, but still asks for a reboot: "
        + "kernel 6.1.0-26-amd64 is installed and 6.1.0-25-amd64 runs.")
  }

  @Test func aLinkThatFallsIsNoDoubt() async {
    let bench = ActionBench(Self.replies("old", "new"))
    bench.host.set(Self.record, .finished(Self.before))
    bench.host.set(.loses(HostError(.linkLost, "The link fell.")))
    #expect(await bench.perform(Self.step()).outcome?.changed == true)
  }

  @Test func neverTwiceWhateverTheAttempt() async {
    let bench = ActionBench(Self.replies("new"))
    bench.host.set(Self.record, .finished(Self.before))
    #expect(await bench.perform(Self.step(), attempt: 4).outcome?.changed == true)
    #expect(bench.host.commands.isEmpty)
    #expect(await bench.probe(Self.step(), attempt: 4).name == "done")
  }

  @Test func aKilledRecordIsMadeAgain() async {
    let bench = ActionBench(Self.replies("old", "old", "new"))
    bench.host.set(Self.record, .lost("it was killed"))
    #expect(await bench.perform(Self.step()).outcome?.changed == true)
    #expect(bench.host.commands.count == 2)
  }

  @Test func probesByTheBoot() async {
    #expect(await ActionBench(Self.replies("old")).probe(Self.step()).name == "not started")
    let torn = ActionBench(Self.replies("old"))
    torn.host.set(Self.record, .finished(Self.before))
    torn.host.set(ActionBench.key(), .lost("it was killed"))
    #expect(await torn.probe(Self.step()).name == "torn")
    let done = ActionBench(Self.replies("new"))
    done.host.set(Self.record, .finished(Self.before))
    done.host.set(ActionBench.key(), .lost("the host was rebooted while it ran"))
    #expect(await done.probe(Self.step()).name == "done")
  }

  @Test func aHostThatDoesNotComeBackStopsTheRun() async {
    let bench = ActionBench(Self.replies("old"))
    let failure = await bench.perform(Self.step()).failure
    #expect(failure?.code == "host-not-back" && failure?.retry == .permanent)
    #expect(failure?.message == "cp-1 did not come back from its reboot within 9 min.")
  }

  @Test func aRefusedRebootIsAFailure() async {
    let bench = ActionBench([
      .init(Self.bootID, "old\n"), .init(Self.command, status: 1, error: "Access denied"),
    ])
    #expect(await bench.perform(Self.step()).failure?.code == "reboot-refused")
  }
}

@Suite struct AfterRebootTests {
  @Test func waitsForServices() async {
    let look = ["systemctl", "is-active", "containerd.service", "kubelet.service"]
    let services = Value.list([.string("containerd.service"), .string("kubelet.service")])
    let step = ActionBench.step("host/wait-services@v1", with: ["services": services], timeoutSeconds: 30)
    let comes = ActionBench([
      .init(look, "active\nactivating\n", status: 3), .init(look, "active\nactive\n"),
    ])
    #expect(
      await comes.perform(step).outcome?.summary == "containerd.service and kubelet.service active on cp-1.")
    let stays = ActionBench([.init(look, "active\nfailed\n", status: 3)])
    #expect(await stays.perform(step).failure?.message == "kubelet.service not active on cp-1 in time.")
  }

  @Test func aReadyFromBeforeTheBootDoesNotCount() async {
    let with: [String: Value] = [
      "version": .string("1.20.15"), "afterBoot": .bool(true), "node": .string("cp-1"),
    ]
    var node = Sample.node()
    node.bootID = "old"
    let bench = ActionBench([.init(HostRebootTests.bootID, "new\n")], World(nodes: [node]))
    bench.cluster.at(20) { $0.nodes[0].bootID = "new" }
    let result = await bench.perform(ActionBench.step("node/wait-ready@v1", with: with))
    #expect(result.failure == nil)
    #expect(bench.clock.seconds >= 20)
    #expect(bench.log.statuses.contains { $0.contains("not reported since the host's last boot") })
  }
}
