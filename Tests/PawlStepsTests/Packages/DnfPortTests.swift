import PawlEngine
import PawlModel
import Testing

@testable import PawlSteps

/// In the forms that dnf(8) and rpm(8) document; no host with dnf was at hand.
@Suite("What dnf and rpm say of upgrades")
struct DnfPortTests {
  private static let checkUpdate = """

    kernel.x86_64                     5.14.0-503.11.1.el9_5          baseos
    openssl-libs.x86_64               1:3.2.2-6.el9_5                baseos
    a-package-with-a-very-long-name-that-breaks-the-line.noarch
                                      0:20240905.143243-1.el9        appstream
    tzdata.noarch                     2024b-2.el9                    baseos
    kubelet.x86_64                    1.30.14-150500.1.1             kubernetes
    Obsoleting Packages
    grub2-tools.x86_64                1:2.06-92.el9                  baseos
        grub2-tools.x86_64            1:2.06-80.el9                  @baseos

    """
  private static let advisories = """
    RHSA-2024:9331 Moderate/Sec.  kernel-5.14.0-503.11.1.el9_5.x86_64
    RHSA-2024:9333 Low/Sec.       openssl-libs-1:3.2.2-6.el9_5.x86_64

    """
  private static let installed = """
    kernel.x86_64\t5.14.0-427.el9
    kernel.x86_64\t5.14.0-427.40.1.el9_4
    openssl-libs.x86_64\t1:3.2.1-1.el9
    tzdata.noarch\t2024a-1.el9

    """

  private func upgrades(_ text: String = checkUpdate, status: Int = 100) throws(FactError) -> PackageOffers {
    try DnfPort().upgrades(in: [
      HostCommandResult(status: status, output: text), HostCommandResult(status: 0, output: Self.advisories),
      HostCommandResult(status: 0, output: Self.installed),
    ])
  }

  @Test("each package with its versions and whether an advisory names it")
  func read() throws {
    let found = try upgrades()
    #expect(
      found.upgrades == [
        PackageUpgrade(
          name: "a-package-with-a-very-long-name-that-breaks-the-line.noarch", installed: nil,
          candidate: "20240905.143243-1.el9"),
        PackageUpgrade(
          name: "kernel.x86_64", installed: "5.14.0-427.40.1.el9_4", candidate: "5.14.0-503.11.1.el9_5"),
        PackageUpgrade(
          name: "openssl-libs.x86_64", installed: "1:3.2.1-1.el9", candidate: "1:3.2.2-6.el9_5"),
        PackageUpgrade(name: "tzdata.noarch", installed: "2024a-1.el9", candidate: "2024b-2.el9"),
      ])
    #expect(found.security.map(\.name) == ["kernel.x86_64", "openssl-libs.x86_64"])
  }

  @Test("0 is no update, 100 are some, 1 is an error")
  func statuses() throws {
    #expect(try upgrades("", status: 0) == PackageOffers(upgrades: [], security: []))
    #expect(throws: FactError.self) { try upgrades("", status: 1) }
  }

  @Test("packages are named to the architecture, and installed from what was fetched")
  func commands() {
    let packages = [ExactPackage(name: "openssl-libs.x86_64", version: "1:3.2.2-6.el9_5")]
    #expect(
      DnfPort().download(packages) == [
        ["dnf", "-y", "-q", "--refresh", "--downloadonly", "upgrade", "openssl-libs-1:3.2.2-6.el9_5.x86_64"]
      ])
    #expect(
      DnfPort().install(packages) == [
        ["dnf", "-y", "-q", "--cacheonly", "upgrade", "openssl-libs-1:3.2.2-6.el9_5.x86_64"]
      ])
  }

  @Test("of several installed kernels one at the version is enough")
  func differences() throws {
    let found = try DnfPort().differences(
      from: [
        ExactPackage(name: "kernel.x86_64", version: "5.14.0-427.el9"),
        ExactPackage(name: "tzdata.noarch", version: "2024b-2.el9"),
      ], in: [HostCommandResult(status: 0, output: Self.installed)])
    #expect(found.phrases == ["tzdata.noarch is at 2024a-1.el9, not at 2024b-2.el9"])
    #expect(found.someInstalled)
  }

  @Test("a host with dnf is read with rpm")
  func facts() throws {
    let answer = HostCommandResult(
      status: 1, output: "kubelet\t1.29.15-150500.1.1\npackage cri-tools is not installed\n")
    let packages = try HostFact.installedByRPM.parse(answer)
    #expect(packages == ["kubelet": InstalledPackage(version: "1.29.15-150500.1.1")])
    #expect(PackageFacts.kubernetesVersion(ofPackage: "1.29.15-150500.1.1") == KubernetesVersion(1, 29, 15))
  }
}
