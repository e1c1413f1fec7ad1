/// Which of the units that a node needs are active.
package struct ActiveUnits: Sendable, Hashable {
  /// `containerd` or `crio`; nil when neither is active.
  package var containerRuntime: String?
  package var kubelet: Bool

  /// Makes a value.
  package init(containerRuntime: String?, kubelet: Bool) {
    self.containerRuntime = containerRuntime
    self.kubelet = kubelet
  }
}

extension HostFact<ActiveUnits> {
  /// The container runtime and the kubelet. systemctl prints one state for each unit, in order, and ends with 3 or
  /// 4 when one of them is not active.
  package static let activeUnits = HostFact(
    "active-units", HostCommand(["systemctl", "is-active", "containerd", "crio", "kubelet"])
  ) { result throws(FactError) in
    let states = result.outputLines
    guard states.count == 3 else { throw FactError(result.failureSummary) }
    let runtime = states[0] == "active" ? "containerd" : states[1] == "active" ? "crio" : nil
    return ActiveUnits(containerRuntime: runtime, kubelet: states[2] == "active")
  }
}
