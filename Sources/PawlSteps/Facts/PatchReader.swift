import PawlModel

/// Finds out what there is to patch on a host, without changing anything there.
struct PatchReader {
  let host: Host
  let session: any HostSession
  let manager: PackageManager
  let policy: PatchPolicy
  let scratch: String

  /// Runtime, kubelet and etcd: what a host of the cluster is there for.
  static let services = [
    "containerd.service", "crio.service", "docker.service", "kubelet.service", "etcd.service",
  ]

  /// - Returns: the facts, or what stands against them.
  func read() async throws(HostError) -> (facts: PatchFacts?, problem: CheckProblem?) {
    let session = session
    var answers: [HostCommandResult] = []
    for question in manager.port.questions(scratch: scratch) {
      answers.append(try await session.run(question))
    }
    let reason = try await RebootNeed.reason(manager, command: policy.rebootRequiredCommand) {
      argv, asRoot throws(HostError) in
      var command = HostCommand(argv, asRoot: asRoot)
      command.environment = ["LC_ALL": "C"]
      return try await session.run(command)
    }
    let updating = try await active(manager.port.updateUnits)
    let services = try await active(Self.services)
    do throws(FactError) {
      let offers = try manager.port.upgrades(in: answers)
      return (
        PatchFacts(
          upgrades: offers.upgrades, securityUpgrades: offers.security, rebootReason: reason,
          updateUnits: updating, services: services), nil
      )
    } catch {
      return (nil, problem(error))
    }
  }

  private func active(_ units: [String]) async throws(HostError) -> [String] {
    ActiveUnits.active(
      among: units, in: try await session.run(HostCommand(["systemctl", "is-active"] + units)))
  }

  private func problem(_ error: FactError) -> CheckProblem {
    CheckProblem(
      subject: host.name, code: "upgrades-unknown",
      message: "\(host.name) can't tell which packages there are to upgrade: \(error.message).",
      hint:
        "Check the host's network, proxy and package sources; see 'apt-get update' or 'dnf check-update' there."
    )
  }
}

extension ActiveUnits {
  /// The units that `systemctl is-active` calls active: it prints a state for each, in order.
  static func active(among units: [String], in answer: HostCommandResult) -> [String] {
    zip(units, answer.outputLines).filter { $0.1 == "active" }.map(\.0)
  }
}
