import PawlEngine
import PawlModel
import PawlPlan
import PawlSteps
import Testing

/// The programs of the package actions, written out in full.
enum Apt {
  static let update = ["apt-get", "update", "-q", "-o", "DPkg::Lock::Timeout=120"]
  static let repair = ["dpkg", "--configure", "-a"]
  static let audit = ["dpkg", "--audit"]
  static let showHolds = ["apt-mark", "showhold"]
  static func query(_ names: String...) -> [String] {
    ["dpkg-query", "-W", #"-f=${Package}\t${Version}\t${db:Status-Abbrev}\n"#] + names
  }
  static func install(_ packages: String...) -> [String] {
    [
      "apt-get", "install", "-y", "-q", "-o", "DPkg::Lock::Timeout=120", "-o",
      "Dpkg::Options::=--force-confdef", "-o",
      "Dpkg::Options::=--force-confold", "--no-install-recommends",
    ] + packages
  }

  static let kubeadm = "kubeadm=1.20.15-00"
  static let done = "1 upgraded, 0 newly installed, 0 to remove and 3 not upgraded.\n"

  /// A host where kubeadm is on hold at a version, and an installation says `output`.
  static func replies(
    found: String = "kubeadm\t1.20.15-00\thi \n", holds: String = "kubeadm\n", audit text: String = "",
    install output: String = done, status: Int = 0, error: String = ""
  ) -> [FakeHost.Reply] {
    [
      .init(repair), .init(["apt-mark", "unhold", "kubeadm"], "Canceled hold on kubeadm.\n"),
      .init(install(kubeadm), output, status: status, error: error),
      .init(["apt-mark", "hold", "kubeadm"], "kubeadm set on hold.\n"),
      .init(query("kubeadm"), found), .init(showHolds, holds), .init(audit, text),
    ]
  }

  static let step = ActionBench.step(
    "apt/install@v1",
    with: [
      "packages": .list([.string("kubeadm")]), "version": .string("1.20.15"),
      "exact": .map(["kubeadm": .string("1.20.15-00")]), "holds": .list([.string("kubeadm")]),
    ])
}

@Suite struct AptInstallTests {
  @Test func runsTheseProgramsInThisOrder() async {
    let bench = ActionBench(Apt.replies())
    let result = await bench.perform(Apt.step)
    #expect(result.outcome == StepOutcome("Installed kubeadm 1.20.15-00 on cp-1.", changed: true))
    #expect(
      bench.host.programs == [
        Apt.repair, ["apt-mark", "unhold", "kubeadm"], Apt.install(Apt.kubeadm),
        ["apt-mark", "hold", "kubeadm"],
        Apt.query("kubeadm"), Apt.showHolds, Apt.audit,
      ])
    #expect(bench.host.commands.map(\.always) == [[["apt-mark", "hold", "kubeadm"]]])
    #expect(bench.host.commands.first?.asRoot == true)
    #expect(
      bench.host.commands.first?.environment == [
        "DEBIAN_FRONTEND": "noninteractive", "DPKG_FORCE": "confdef,confold,security-mac", "LC_ALL": "C",
        "NEEDRESTART_SUSPEND": "1",
      ])
  }

  @Test func leavesHoldsAloneWhereThereWereNone() async {
    var step = Apt.step
    step.with["packages"] = .list([.string("kubelet"), .string("kubectl")])
    step.with["exact"] = .map(["kubelet": .string("1.28.2-1.1"), "kubectl": .string("1.28.2-2.1")])
    step.with["holds"] = .list([])
    let install = Apt.install("kubelet=1.28.2-1.1", "kubectl=1.28.2-2.1")
    let bench = ActionBench([
      .init(Apt.repair), .init(install, Apt.done),
      .init(Apt.query("kubelet", "kubectl"), "kubectl\t1.28.2-2.1\tii \nkubelet\t1.28.2-1.1\tii \n"),
      .init(Apt.showHolds), .init(Apt.audit),
    ])
    #expect(await bench.perform(step).outcome?.changed == true)
    #expect(bench.host.commands.map(\.steps) == [[Apt.repair, install]])
    #expect(bench.host.commands.map(\.always) == [[]])
  }

  @Test func findsNothingToDoWhenInstalled() async {
    let nothing = "0 upgraded, 0 newly installed, 0 to remove and 3 not upgraded.\n"
    let result = await ActionBench(Apt.replies(install: nothing)).perform(Apt.step)
    #expect(
      result.outcome == StepOutcome("kubeadm 1.20.15-00 was installed on cp-1 already.", changed: false))
  }

  @Test func readsOnlyWholeNumbersInAptsSummary() async {
    let ten = "10 upgraded, 0 newly installed, 0 to remove and 3 not upgraded.\n"
    #expect(await ActionBench(Apt.replies(install: ten)).perform(Apt.step).outcome?.changed == true)
  }

  struct Failing: Sendable, CustomTestStringConvertible {
    let error: String
    var status = 100
    let code: String
    let retry: StepFailure.Retry
    let says: String
    var testDescription: String { code }
  }

  @Test(arguments: [
    Failing(
      error:
        "E: Could not get lock /var/lib/dpkg/lock-frontend. It is held by process 4711 (unattended-upgr)\n",
      code: "package-lock-held", retry: .temporary, says: "It is held by process 4711 (unattended-upgr)"),
    Failing(
      error: "dpkg: error: dpkg frontend lock was locked by another process with pid 812\n",
      code: "package-lock-held", retry: .temporary, says: "locked by another process with pid 812"),
    Failing(
      error: "E: Version '1.20.15-00' for 'kubeadm' was not found\n", code: "package-version-missing",
      retry: .permanent, says: "Version '1.20.15-00' for 'kubeadm' was not found"),
    Failing(
      error: "E: You don't have enough free space in /var/cache/apt/archives/.\n", code: "disk-full",
      retry: .permanent, says: "/var/cache/apt/archives/"),
    Failing(
      error: "E: Held packages were changed and -y was used without --allow-change-held-packages.\n",
      code: "package-held", retry: .permanent, says: "another package that is on hold"),
    Failing(
      error: "E: Packages were downgraded and -y was used without --allow-downgrades.\n",
      code: "package-downgrade",
      retry: .permanent, says: "Pawl never downgrades"),
    Failing(
      error: "The following packages have unmet dependencies:\n", code: "package-dependencies",
      retry: .permanent,
      says: "dependencies can't be met"),
    Failing(
      error: "E: Failed to fetch http://packages.example/k.deb  Could not connect to packages.example:80\n",
      code: "repository-unreachable", retry: .temporary, says: "packages.example:80"),
    Failing(
      error: "W: GPG error: http://packages.example ./ Release: EXPKEYSIG 2346\n",
      code: "repository-signature",
      retry: .permanent, says: "EXPKEYSIG 2346"),
    Failing(
      error: "dpkg: error processing package kubeadm (--configure):\n", code: "package-configuration",
      retry: .permanent, says: "could not be configured"),
    Failing(
      error: "something new\n", code: "apt-install-failed", retry: .permanent, says: "(exit status 100)"),
    Failing(
      error: "Terminated\n", status: 143, code: "apt-install-failed", retry: .temporary,
      says: "(ended by signal 15)"),
  ])
  func explains(_ failing: Failing) async {
    let bench = ActionBench(Apt.replies(install: "", status: failing.status, error: failing.error))
    let failure = await bench.perform(Apt.step).failure
    #expect(failure?.code == failing.code)
    #expect(failure?.retry == failing.retry)
    #expect(failure?.message.contains(failing.says) == true, "\(failure?.message ?? "")")
    #expect(failure?.message.hasPrefix("Installing kubeadm 1.20.15-00 failed on cp-1") == true)
    #expect(failure?.hint?.isEmpty == false)
    // Whatever happened, packages are on hold again.
    #expect(bench.host.programs.last == ["apt-mark", "hold", "kubeadm"])
  }

  struct State: Sendable, CustomTestStringConvertible {
    let name: String
    let replies: [FakeHost.Reply]
    var job = JobState.absent
    let verdict: String
    var testDescription: String { name }
  }

  static let states = [
    State(name: "installed, configured, held", replies: Apt.replies(), verdict: "done"),
    State(
      name: "the old version", replies: Apt.replies(found: "kubeadm\t1.19.16-00\thi \n"),
      verdict: "not started"),
    State(name: "no version", replies: Apt.replies(found: "kubeadm\t\tun \n"), verdict: "not started"),
    State(
      name: "only configuration files", replies: Apt.replies(found: "kubeadm\t1.20.15-00\trc \n"),
      verdict: "not started"),
    State(
      name: "half-configured", replies: Apt.replies(found: "kubeadm\t1.20.15-00\thF \n"), verdict: "torn"),
    State(name: "unpacked", replies: Apt.replies(found: "kubeadm\t1.20.15-00\tiU \n"), verdict: "torn"),
    State(name: "the hold is missing", replies: Apt.replies(holds: ""), verdict: "torn"),
    State(
      name: "the old version without its hold",
      replies: Apt.replies(found: "kubeadm\t1.19.16-00\tii \n", holds: ""), verdict: "torn"),
    State(
      name: "dpkg was interrupted",
      replies: Apt.replies(
        found: "kubeadm\t1.19.16-00\thi \n", audit: "The following packages are only half configured\n"),
      verdict: "torn"),
    State(
      name: "the command died before it changed anything",
      replies: Apt.replies(found: "kubeadm\t1.19.16-00\thi \n"),
      job: .lost("the host was rebooted"), verdict: "torn"),
    State(
      name: "the command died after all was done", replies: Apt.replies(),
      job: .lost("the host was rebooted"),
      verdict: "done"),
    State(name: "the command runs", replies: [], job: .running, verdict: "attached"),
    State(
      name: "the command has ended", replies: [], job: .finished(HostCommandResult(status: 0, output: "")),
      verdict: "attached"),
  ]

  @Test(arguments: states) func probes(_ state: State) async {
    let bench = ActionBench(state.replies)
    bench.host.set(ActionBench.key(), state.job)
    #expect(await bench.probe(Apt.step).name == state.verdict)
    #expect(bench.host.commands.isEmpty, "a probe must not change anything")
  }

  @Test func aMissingHoldAfterwardsIsAFailure() async {
    let failure = await ActionBench(Apt.replies(holds: "")).perform(Apt.step).failure
    #expect(failure?.code == "package-not-as-planned")
    #expect(failure?.message == "After the installation, kubeadm is no longer on hold on cp-1.")
    #expect(failure?.retry == .temporary)
  }

  @Test func aPlanWithoutExactVersionsIsRefused() async {
    var step = Apt.step
    step.with["exact"] = .map([:])
    let bench = ActionBench()
    #expect(await bench.perform(step).failure?.code == "invalid-parameters")
    #expect(bench.host.programs.isEmpty)
  }
}

@Suite struct AptFreezeTests {
  private func freeze(
    _ packages: [String: PackageFacts], wanted: [String] = ["kubeadm"],
    version: KubernetesVersion = Sample.new
  ) throws -> [String: Value] {
    let facts = HostFacts(
      operatingSystem: "", architecture: "", bootID: "", sudo: true, packages: packages, freeBytes: [:],
      containerRuntime: nil, kubeletActive: true)
    let site = ActionSpec.Site(
      host: Host(name: "worker-1", address: "192.0.2.1", roles: [.worker]),
      parameters: ["packages": .list(wanted.map(Value.string)), "version": .version(version)])
    return try AptInstall.spec.freeze(site, facts)
  }

  private let offered = ["1.21.1-00", "1.20.15-01", "1.20.15-00", "1.19.16-00"]

  @Test func choosesTheNewestRevisionOfTheVersion() throws {
    let frozen = try freeze(["kubeadm": PackageFacts(installed: "1.19.16-00", held: true, available: offered)]
    )
    #expect(
      frozen == ["exact": .map(["kubeadm": .string("1.20.15-01")]), "holds": .list([.string("kubeadm")])])
  }

  @Test func keepsTheRevisionThatIsInstalled() throws {
    let frozen = try freeze([
      "kubeadm": PackageFacts(installed: "1.20.15-00", held: false, available: offered)
    ])
    #expect(frozen == ["exact": .map(["kubeadm": .string("1.20.15-00")]), "holds": .list([])])
  }

  @Test func freesHeldDependenciesToo() throws {
    let frozen = try freeze([
      "kubeadm": PackageFacts(installed: "1.19.16-00", held: true, available: offered),
      "cri-tools": PackageFacts(installed: "1.19.0-00", held: true, available: []),
      "kubernetes-cni": PackageFacts(installed: "0.8.7-00", held: true, available: []),
      "kubelet": PackageFacts(installed: "1.19.16-00", held: true, available: offered),
    ])
    #expect(frozen["holds"]?.description == "[kubeadm, kubernetes-cni, cri-tools]")
  }

  @Test func refusesAVersionThatIsNotOffered() {
    #expect {
      try freeze(
        ["kubeadm": PackageFacts(installed: "1.19.16-00", held: true, available: offered)],
        version: KubernetesVersion(1, 20, 16))
    } throws: { error in
      (error as? PlanRefusal)?.code == "package-not-offered"
        && "\(error)".contains("worker-1 does not offer kubeadm 1.20.16; the newest it offers is 1.21.1-00")
    }
  }

  @Test func refusesADowngrade() {
    #expect {
      try freeze(["kubeadm": PackageFacts(installed: "1.21.1-00", held: true, available: offered)])
    } throws: { error in
      (error as? PlanRefusal)?.code == "package-downgrade"
        && "\(error)".contains("worker-1 has kubeadm 1.21.1-00, which is newer than 1.20.15")
    }
  }

  @Test func refusesAPackageThatNobodyOffers() {
    #expect { try freeze([:]) } throws: { "\($0)".contains("it offers no kubeadm at all") }
  }

  @Test func saysThatAKubeletWasInstalled() {
    let host = Host(name: "w", address: "192.0.2.1", node: "node-w", roles: [.worker])
    let site = { (packages: [String]) in
      ActionSpec.Site(
        host: host,
        parameters: ["packages": .list(packages.map(Value.string)), "version": .version(Sample.new)])
    }
    #expect(
      AptInstall.spec.effects(site(["kubelet", "kubectl"])) == [
        .kubeletInstalled(node: "node-w", version: Sample.new)
      ])
    #expect(AptInstall.spec.effects(site(["kubeadm"])).isEmpty)
    #expect(
      AptInstall.spec.title(site(["kubelet", "kubectl"])) == "Install kubelet and kubectl 1.20.15 on w")
  }
}

@Suite struct AptUpdateTests {
  private let step = ActionBench.step("apt/update@v1")

  @Test func updates() async {
    let bench = ActionBench([.init(Apt.update, "Hit:1 http://packages.example ./ InRelease\n")])
    #expect(await bench.perform(step).outcome?.summary == "The package lists on cp-1 are up to date.")
    #expect(bench.host.programs == [Apt.update])
  }

  @Test func aSourceThatCannotBeFetchedIsAFailureThoughAptCallsItSuccess() async {
    let warning = """
      W: Failed to fetch http://packages.example/InRelease  Could not resolve 'packages.example'
      W: Some index files failed to download. They have been ignored, or old ones used instead.

      """
    let failure = await ActionBench([.init(Apt.update, error: warning)]).perform(step).failure
    #expect(failure?.code == "repository-unreachable")
    #expect(failure?.retry == .temporary)
    #expect(
      failure?.message
        == "apt-get update on cp-1 could not read a source: Failed to fetch http://packages.example/InRelease  Could not resolve 'packages.example'."
    )
  }

  @Test func otherTroubleIsExplained() async {
    let lock = "E: Could not get lock /var/lib/apt/lists/lock. It is held by process 99 (apt)\n"
    let failure = await ActionBench([.init(Apt.update, status: 100, error: lock)]).perform(step).failure
    #expect(failure?.code == "package-lock-held")
  }

  @Test(arguments: [
    (JobState.absent, "not started"), (.lost("it was killed"), "torn"), (.running, "attached"),
  ])
  func probes(_ job: JobState, _ verdict: String) async {
    let bench = ActionBench()
    bench.host.set(ActionBench.key(), job)
    #expect(await bench.probe(step).name == verdict)
  }
}
