import PawlModel
import PawlSteps

/// Turns argv into a script, as the state is when the program starts. Pure.
struct CommandInterpreter {
  let state: SimulatedState
  let host: SimulatedHost
  let isRoot: Bool
  /// Standard input.
  var input = ""

  /// The script of a program; 127 for one that the simulation does not know.
  func script(for argv: [String]) -> CommandScript {
    guard let program = argv.first else { return .failing(127, "no program was named") }
    let arguments = Array(argv.dropFirst())
    return switch program {
    case "true": CommandScript()
    case "echo": .printing([arguments.joined(separator: " ")])
    case "cat": cat(arguments)
    case "uname" where arguments == ["-m"]: .printing([host.architecture])
    case "uname" where arguments == ["-r"]: .printing([host.kernel])
    case "ls" where arguments == ["/boot"]:
      .printing(Set([host.kernel, host.installedKernel]).sorted().map { "vmlinuz-\($0)" })
    case "test" where arguments.first == "-e" && arguments.count == 2:
      .printing([], status: host.files[arguments[1]] == nil ? 1 : 0)
    case "df": df(arguments)
    case "mkdir", "cp", "tee", "chmod", "mv", "rm", "find": files(program, arguments)
    case "dpkg-query": dpkgQuery(arguments)
    case "dpkg": dpkg(arguments)
    case "apt-mark": aptMark(arguments)
    case "apt-cache": aptCache(arguments)
    case "apt-get": aptGet(arguments)
    case "systemctl": systemctl(arguments)
    case "kubeadm": kubeadm(arguments)
    case "sh" where argv == EtcdQuestion.argv: etcdMembers()
    case "kubelet" where arguments == ["--version"]: kubeletVersion()
    default:
      .failing(127, "\(program): this simulated host has no such command: \(argv.joined(separator: " "))")
    }
  }

  private func cat(_ paths: [String]) -> CommandScript {
    switch paths {
    case ["/proc/sys/kernel/random/boot_id"]: .printing([bootID])
    case ["/etc/os-release"]:
      .printing([
        "PRETTY_NAME=\"\(host.operatingSystem)\"", "ID=\(host.operatingSystem.prefix { $0 != " " })",
      ])
    default: .failing(1, "cat: \(paths.joined(separator: " ")): No such file or directory")
    }
  }

  private var bootID: String { state.bootID(ofHost: host.name, boot: host.bootCount) }

  private func df(_ arguments: [String]) -> CommandScript {
    let paths = arguments.filter { !$0.hasPrefix("-") }
    let lines = paths.map { path in
      let free = host.freeKibibytes[path] ?? host.freeKibibytes["/"] ?? 0
      let used = max(0, 40_000_000 - free)
      return "/dev/vda1 40000000 \(used) \(free) \(used / 400_000)% /"
    }
    return .printing(["Filesystem 1024-blocks Used Available Capacity Mounted on"] + lines)
  }

  private func systemctl(_ arguments: [String]) -> CommandScript {
    switch arguments.first {
    case "is-active":
      let states = arguments.dropFirst().filter { !$0.hasPrefix("-") }.map(activeState)
      return .printing(states, status: states.allSatisfy { $0 == "active" } ? 0 : 3)
    case "daemon-reload":
      guard isRoot else { return .failing(4, "Failed to reload daemon: Access denied") }
      return CommandScript(items: [.spend(SimulatedTimes.look)])
    case "restart" where arguments == ["restart", "kubelet"]:
      guard isRoot else { return .failing(4, "Failed to restart kubelet.service: Access denied") }
      guard let version = host.version(of: "kubelet"), state.nodes[host.node] != nil else {
        return .failing(5, "Failed to restart kubelet.service: Unit kubelet.service not found.")
      }
      guard !host.unconfigured.contains("kubelet") else {
        return .failing(
          1, "Job for kubelet.service failed because the control process exited with error code.")
      }
      return CommandScript(items: [
        .spend(SimulatedTimes.kubeletRestart), .change(.kubeletRestarted(node: host.node, version)),
      ])
    case "stop", "start":
      guard isRoot else { return .failing(4, "Failed to \(arguments[0]) units: Access denied") }
      var script = CommandScript(items: [.spend(SimulatedTimes.look)])
      for unit in arguments.dropFirst() {
        script.change(.unit(host: host.name, unit: unit, active: arguments[0] == "start"))
      }
      return script
    case "reboot":
      guard isRoot else { return .failing(1, "Call to Reboot failed: Access denied") }
      return CommandScript(items: [.spend(SimulatedTimes.look), .change(.rebooted(host: host.name))])
    default:
      return .failing(127, "systemctl: this simulated host does not know \(arguments.joined(separator: " "))")
    }
  }

  private func activeState(of unit: String) -> String {
    switch unit {
    case "kubelet", "kubelet.service": state.nodes[host.node]?.kubelet != .stopped ? "active" : "inactive"
    case "containerd", "crio", "containerd.service", "crio.service":
      host.containerRuntime.map { unit.hasPrefix($0) } == true ? "active" : "inactive"
    default: host.activeUnits.contains(unit) ? "active" : "inactive"
    }
  }

  private func kubeletVersion() -> CommandScript {
    guard let version = host.version(of: "kubelet") else {
      return .failing(127, "kubelet: command not found")
    }
    return .printing(["Kubernetes \(version.tag)"])
  }
}
