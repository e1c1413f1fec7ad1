import PawlEngine
import PawlModel
import Testing

@testable import PawlSteps

@Suite("What apt says of upgrades")
struct AptPortTests {
  /// `apt-get -s --with-new-pkgs upgrade` on Debian 12 and Ubuntu 22.04, after an update of the lists.
  private static let simulation = """
    Hit:1 https://packages.example/debian bookworm InRelease
    Reading package lists...
    Building dependency tree...
    Calculating upgrade...
    The following NEW packages will be installed:
      linux-image-6.1.0-28-amd64
    The following packages have been kept back:
      kubelet
    3 upgraded, 1 newly installed, 0 to remove and 1 not upgraded.
    Inst libc6 [2.36-9+deb12u8] (2.36-9+deb12u9 Debian:12.8/stable [amd64])
    Conf libc6 (2.36-9+deb12u9 Debian:12.8/stable [amd64])
    Inst libssl3 [3.0.14-1~deb12u2] (3.0.15-1~deb12u1 Debian:12.8/stable, Debian-Security:12/stable-security [amd64]) []
    Inst libc6:i386 [2.36-9+deb12u8] (2.36-9+deb12u9 Debian:12.8/stable [i386])
    Inst linux-image-6.1.0-28-amd64 (6.1.119-1 Debian-Security:12/stable-security [amd64])
    Inst openssl [3.0.2-0ubuntu1.17] (3.0.2-0ubuntu1.18 Ubuntu:22.04/jammy-updates, Ubuntu:22.04/jammy-security [amd64])
    Inst bash [5.1-6ubuntu1] (5.1-6ubuntu1.1 Ubuntu:22.04/jammy-updates [amd64])
    Inst cri-tools [1.29.0-1.1] (1.30.1-1.1 isv:kubernetes:core:stable:v1.30:pkgs.k8s.io [amd64])
    Conf openssl (3.0.2-0ubuntu1.18 Ubuntu:22.04/jammy-updates [amd64])

    """

  /// The same with archives of security updates first: what they hold is no longer hidden by later versions, and what
  /// they do not hold is offered as before.
  private static let securityFirst = """
    Reading package lists...
    Inst libc6 [2.36-9+deb12u8] (2.36-9+deb12u9 Debian:12.8/stable [amd64])
    Inst libssl3 [3.0.14-1~deb12u2] (3.0.15-1~deb12u1 Debian:12.8/stable, Debian-Security:12/stable-security [amd64]) []
    Inst linux-image-6.1.0-28-amd64 (6.1.119-1 Debian-Security:12/stable-security [amd64])
    Inst openssl [3.0.2-0ubuntu1.17] (3.0.2-0ubuntu1.18 Ubuntu:22.04/jammy-updates, Ubuntu:22.04/jammy-security [amd64])
    Inst bash [5.1-6ubuntu1] (5.1-6ubuntu1.0.1 Ubuntu:22.04/jammy-security [amd64])
    Inst kubelet [1.29.1-1.1] (1.29.2-1.1 kubernetes:stable-security [amd64])

    """

  private func upgrades(
    _ text: String = simulation, security: String = securityFirst, status: Int = 0, error: String = "",
    automatic: String = "libssl3\nlibc6\n"
  ) throws(FactError) -> PackageOffers {
    try AptPort().upgrades(in: [
      HostCommandResult(
        status: status, output: text + "-- security first --\n" + security, errorOutput: error),
      HostCommandResult(status: 0, output: automatic),
    ])
  }

  @Test("each package with its versions and mark; Kubernetes' own are left out")
  func read() throws {
    #expect(
      try upgrades().upgrades == [
        PackageUpgrade(name: "bash", installed: "5.1-6ubuntu1", candidate: "5.1-6ubuntu1.1"),
        PackageUpgrade(
          name: "libc6", installed: "2.36-9+deb12u8", candidate: "2.36-9+deb12u9", automatic: true),
        PackageUpgrade(
          name: "libc6:i386", installed: "2.36-9+deb12u8", candidate: "2.36-9+deb12u9", automatic: true),
        PackageUpgrade(
          name: "libssl3", installed: "3.0.14-1~deb12u2", candidate: "3.0.15-1~deb12u1", automatic: true),
        PackageUpgrade(
          name: "linux-image-6.1.0-28-amd64", installed: nil, candidate: "6.1.119-1", automatic: true),
        PackageUpgrade(name: "openssl", installed: "3.0.2-0ubuntu1.17", candidate: "3.0.2-0ubuntu1.18"),
      ])
  }

  @Test("for security, the version that a security archive holds, even when there is a later one elsewhere")
  func security() throws {
    #expect(
      try upgrades().security == [
        PackageUpgrade(name: "bash", installed: "5.1-6ubuntu1", candidate: "5.1-6ubuntu1.0.1"),
        PackageUpgrade(
          name: "libssl3", installed: "3.0.14-1~deb12u2", candidate: "3.0.15-1~deb12u1", automatic: true),
        PackageUpgrade(
          name: "linux-image-6.1.0-28-amd64", installed: nil, candidate: "6.1.119-1", automatic: true),
        PackageUpgrade(name: "openssl", installed: "3.0.2-0ubuntu1.17", candidate: "3.0.2-0ubuntu1.18"),
      ])
  }

  @Test("nothing to upgrade is an empty list, half an answer is none")
  func nothing() throws {
    let nothing = "Reading package lists...\n0 upgraded, 0 newly installed.\n"
    #expect(try upgrades(nothing, security: nothing) == PackageOffers(upgrades: [], security: []))
    #expect(throws: FactError("apt-get's answer is cut off")) {
      try AptPort().upgrades(in: [
        HostCommandResult(status: 0, output: nothing), HostCommandResult(status: 0, output: ""),
      ])
    }
  }

  @Test("a source that can't be read, which apt calls a success, and a failure are told with apt's own line")
  func troubles() {
    let missed = "W: Failed to fetch https://packages.example/InRelease  Connection timed out"
    #expect(
      throws: FactError(
        "a package source can't be read: Failed to fetch https://packages.example/InRelease  Connection timed out"
      )
    ) {
      try upgrades(error: missed)
    }
    #expect(throws: FactError.self) { try upgrades("", status: 100, error: "E: Unmet dependencies.") }
    #expect(throws: FactError.self) { try upgrades("Inst libc6\n") }
  }

  @Test("planning works on a copy of the lists that is gone afterwards")
  func question() throws {
    let question = try #require(AptPort().questions(scratch: "7f3a").first)
    #expect(question.always == [["rm", "-rf", "/var/tmp/pawl-lists-7f3a"]])
    for program in question.steps where program[0] == "apt-get" {
      #expect(program.contains("Dir::State::Lists=/var/tmp/pawl-lists-7f3a/lists"))
    }
    #expect(question.steps.last?.contains("-s") == true)
    #expect(question.steps.allSatisfy { $0[0] != "apt-mark" })
  }

  @Test("packages are as they should be, or what differs is told")
  func differences() throws {
    let packages = [
      ExactPackage(name: "libc6:i386", version: "2"), ExactPackage(name: "openssl", version: "3"),
      ExactPackage(name: "kernel-6", version: "6"),
    ]
    func found(_ query: String, audit: String = "") throws(FactError) -> (
      phrases: [String], someInstalled: Bool
    ) {
      try AptPort().differences(
        from: packages,
        in: [HostCommandResult(status: 1, output: query), HostCommandResult(status: 0, output: audit)])
    }
    let old = try found("libc6\t1\tii \nopenssl\t2\tii \n")
    #expect(old.phrases.count == 3 && !old.someInstalled)
    #expect(old.phrases.last == "kernel-6 is not installed, not at 6")
    let done = try found("libc6\t2\tii \nopenssl\t3\tii \nkernel-6\t6\tii \n")
    #expect(done.phrases.isEmpty && done.someInstalled)
    let torn = try found("libc6\t2\tii \nopenssl\t3\tiU \nkernel-6\t6\tii \n", audit: "openssl is unpacked\n")
    #expect(
      torn.phrases == ["openssl is unpacked but not configured", "dpkg --audit says: openssl is unpacked"])
  }
}

@Suite("Whether a host should be rebooted")
struct RebootNeedTests {
  @Test(
    "the newest kernel of the running one's flavour, when it is newer",
    arguments: [
      (
        "6.1.0-25-amd64", "config-6.1.0-25-amd64\nvmlinuz-6.1.0-25-amd64\nvmlinuz-6.1.0-28-amd64\n",
        "6.1.0-28-amd64"
      ),
      ("6.1.0-9-amd64", "vmlinuz-6.1.0-10-amd64 vmlinuz-6.1.0-9-amd64", "6.1.0-10-amd64"),
      ("6.1.0-28-amd64", "vmlinuz-6.1.0-25-amd64 vmlinuz-6.1.0-28-amd64", nil),
      ("6.1.0-25-cloud-amd64", "vmlinuz-6.1.0-25-cloud-amd64 vmlinuz-6.1.0-28-amd64", nil),
      (
        "5.15.0-1051-aws", "vmlinuz vmlinuz.old vmlinuz-5.15.0-1051-aws vmlinuz-5.15.0-1068-aws",
        "5.15.0-1068-aws"
      ),
      (
        "5.14.0-427.13.1.el9_4.x86_64",
        "vmlinuz-5.14.0-427.13.1.el9_4.x86_64 vmlinuz-5.14.0-503.11.1.el9_5.x86_64",
        "5.14.0-503.11.1.el9_5.x86_64"
      ),
      (
        "5.10.0-0.bpo.15-amd64", "vmlinuz-5.10.0-0.bpo.15-amd64 vmlinuz-5.10.0-0.bpo.16-amd64",
        "5.10.0-0.bpo.16-amd64"
      ),
      // In a container: the kernel is not the host's own.
      ("6.8.12", "", nil), ("6.8.12-amd64", "vmlinuz-6.9.1-amd64", nil),
    ] as [(String, String, String?)])
  func kernels(running: String, boot: String, newer: String?) {
    #expect(RebootNeed.newerKernel(running: running, boot: boot) == newer)
  }

  private func reason(
    _ manager: PackageManager = .apt, command: [String] = [], statuses: [String: Int]
  ) async -> String? {
    await RebootNeed.reason(manager, command: command) { argv, _ throws(Never) in
      HostCommandResult(status: statuses[argv[0]] ?? 1, output: argv[0] == "uname" ? "6.1.0-25-amd64\n" : "")
    }
  }

  @Test("the system's file, needs-restarting on hosts with dnf alone, and the inventory's command")
  func reasons() async {
    #expect(await reason(statuses: ["needs-restarting": 1]) == nil)
    #expect(await reason(statuses: ["test": 0]) == "/var/run/reboot-required is there")
    #expect(await reason(.dnf, statuses: ["needs-restarting": 1]) == "needs-restarting says so")
    #expect(await reason(.dnf, statuses: ["needs-restarting": 127]) == nil)
    #expect(await reason(command: ["/bin/due", "-q"], statuses: ["/bin/due": 0]) == "/bin/due says so")
    #expect(await reason(command: ["/bin/due"], statuses: ["/bin/due": 1]) == nil)
  }
}
