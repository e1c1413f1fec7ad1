import PawlModel
import Testing

@testable import PawlSteps

/// Reads an answer of standard output.
private func read<Value>(_ fact: HostFact<Value>, _ output: String, status: Int = 0) throws -> Value {
  try fact.parse(HostCommandResult(status: status, output: output))
}

@Suite("Facts of a host are read from the commands' output")
struct FactParsingTests {
  @Test("the system's name", arguments: ReleaseFiles.all.indices)
  func operatingSystem(index: Int) throws {
    let (text, name) = ReleaseFiles.all[index]
    #expect(try read(.operatingSystem, text) == name)
  }

  @Test(
    "a release file without PRETTY_NAME gives name and version; quotes of either kind and comments are understood"
  )
  func oddReleaseFiles() throws {
    #expect(
      try read(.operatingSystem, "# made by hand\nNAME='Rocky Linux'\nVERSION_ID=9.3\n") == "Rocky Linux 9.3")
    #expect(try read(.operatingSystem, "NAME=Alpine\n") == "Alpine")
    #expect(throws: FactError.self) { try read(.operatingSystem, "hello\n") }
  }

  @Test("the boot id is one line of 36 characters")
  func bootID() throws {
    let id = "3c9d3a0e-5b8e-4f6c-9a54-0d9f3f1c2b7a"
    #expect(try read(.bootID, id + "\n") == id)
    #expect(throws: FactError.self) { try read(.bootID, "Permission denied\n") }
  }

  @Test("the architecture is one line", arguments: ["x86_64", "aarch64"])
  func architecture(name: String) throws {
    #expect(try read(.architecture, name + "\n") == name)
    #expect(throws: FactError.self) { try read(.architecture, "") }
  }

  @Test("root is had when the program ran")
  func rootAccess() throws {
    #expect(try read(.rootAccess, "") == true)
    #expect(try read(.rootAccess, "", status: 1) == false)
  }

  @Test("installed packages: holds count as installed, half-done ones as broken, removed ones not at all")
  func installedPackages() throws {
    #expect(
      try read(.installedPackages, PackageOutputs.query, status: 1) == [
        "kubeadm": InstalledPackage(version: "1.29.15-1.1"),
        "kubelet": InstalledPackage(version: "1.30.14-1.1", broken: true),
        "kubectl": InstalledPackage(version: "1.29.15-1.1"),
        "kubernetes-cni": InstalledPackage(version: "1.4.0-1.1", broken: true),
      ])
    #expect(
      try read(.installedPackages, PackageOutputs.removed) == [
        "kubelet": InstalledPackage(version: "1.20.15-00", broken: true)
      ])
    #expect(try read(.installedPackages, "", status: 1) == [:])
    #expect(throws: FactError.self) { try read(.installedPackages, "", status: 2) }
    #expect(throws: FactError.self) { try read(.installedPackages, "kubeadm 1.20.2\n") }
  }

  @Test("held packages, with and without an architecture")
  func heldPackages() throws {
    #expect(try read(.heldPackages, "kubeadm\nkubelet:amd64\n") == ["kubeadm", "kubelet"])
    #expect(try read(.heldPackages, "") == [])
  }

  @Test("versions on offer: in apt's order, each once, without source entries")
  func availablePackages() throws {
    #expect(
      try read(.availablePackages, PackageOutputs.madison) == [
        "kubeadm": ["1.30.14-1.1", "1.30.13-1.1"], "kubelet": ["1.20.15-00"],
      ])
    #expect(try read(.availablePackages, "") == [:])
    #expect(throws: FactError.self) { try read(.availablePackages, "N: Unable to locate package kubeadm\n") }
  }

  @Test("broken packages are picked out of the prose")
  func brokenPackages() throws {
    #expect(try read(.brokenPackages, PackageOutputs.audit) == ["kubelet", "kubeadm"])
    #expect(try read(.brokenPackages, "") == [])
    #expect(throws: FactError.self) { try read(.brokenPackages, "", status: 2) }
  }

  @Test("free space by the directories asked for, also with long device names")
  func freeDisk() throws {
    #expect(
      try read(.freeDisk, PackageOutputs.disk) == [
        "/": 77_202_312 * 1024, "/var": 524_288 * 1024, "/etc": 77_202_312 * 1024,
      ])
    #expect(throws: FactError.self) { try read(.freeDisk, "Filesystem 1024-blocks\n/dev/vda1 1 2 3 4% /\n") }
  }

  @Test(
    "the container runtime and the kubelet",
    arguments: [
      ("active\ninactive\nactive\n", 3, ActiveUnits(containerRuntime: "containerd", kubelet: true)),
      ("inactive\nactive\nactivating\n", 3, ActiveUnits(containerRuntime: "crio", kubelet: false)),
      ("failed\ninactive\nfailed\n", 3, ActiveUnits(containerRuntime: nil, kubelet: false)),
      ("unknown\nunknown\nactive\n", 4, ActiveUnits(containerRuntime: nil, kubelet: true)),
    ])
  func activeUnits(output: String, status: Int, expected: ActiveUnits) throws {
    #expect(try read(.activeUnits, output, status: status) == expected)
  }

  @Test("without systemd there is no answer, and the complaint is passed on")
  func noSystemd() {
    let result = HostCommandResult(
      status: 1, output: "", errorOutput: "System has not been booted with systemd as init system (PID 1).\n")
    let error = #expect(throws: FactError.self) { try HostFact.activeUnits.parse(result) }
    #expect(
      error?.message
        == "it ended with status 1: System has not been booted with systemd as init system (PID 1).")
  }

  @Test(
    "the tag of an image",
    arguments: [
      ("kube-apiserver:v1.20.15", "v1.20.15"), ("host.example:5000/a/kube-apiserver:v1.20.15", "v1.20.15"),
      ("etcd:3.5.15-0@sha256:0123", "3.5.15-0"), ("host.example:5000/kube-apiserver", nil),
      ("kube-apiserver@sha256:0123", nil),
    ])
  func imageTags(reference: String, expected: String?) {
    #expect(imageTag(reference) == expected)
  }
}
