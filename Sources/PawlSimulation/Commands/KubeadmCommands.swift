import PawlModel
import PawlSteps

/// kubeadm's own rules for a move of the control plane.
enum KubeadmRules {
  /// Why kubeadm refuses; empty when it goes ahead. `--force` skips the second list only.
  static func refusals(
    binary: KubernetesVersion, current: KubernetesVersion, target: KubernetesVersion,
    oldestKubelet: KubernetesVersion?
  ) -> (mandatory: [String], skippable: [String]) {
    var mandatory: [String] = []
    var skippable: [String] = []
    let jump = target.minorVersion.distance(from: current.minorVersion) ?? 99
    if jump > 1 {
      mandatory.append(
        "version \(target.tag) is more than one minor above \(current.tag): skipping minors is not allowed")
    }
    if jump < -1 { mandatory.append("version \(target.tag) is more than one minor below \(current.tag)") }
    if target.minorVersion > binary.minorVersion {
      mandatory.append(
        "version \(target.tag) is newer than this kubeadm, \(binary.tag): upgrade kubeadm first")
    } else if target.minorVersion < binary.minorVersion {
      skippable.append("kubeadm \(binary.tag) should upgrade to its own minor, not to \(target.tag)")
    } else if target > binary {
      skippable.append("version \(target.tag) is a newer patch than this kubeadm, \(binary.tag)")
    }
    // MaximumAllowedMinorVersionKubeletSkew was 1 up to kubeadm 1.28.
    if binary.minorVersion <= MinorVersion(major: 1, minor: 28), let oldest = oldestKubelet?.minorVersion,
      let behind = target.minorVersion.distance(from: oldest), behind > 1
    {
      skippable.append("there are kubelets in this cluster that are too old for \(target.tag): \(oldest)")
    }
    return (mandatory, skippable)
  }
}

/// kubeadm.
extension CommandInterpreter {
  func kubeadm(_ arguments: [String]) -> CommandScript {
    guard let binary = host.version(of: "kubeadm"), !host.unconfigured.contains("kubeadm") else {
      return .failing(127, "kubeadm: command not found")
    }
    let words = arguments.filter { !$0.hasPrefix("-") }
    let flags = Set(arguments.filter { $0.hasPrefix("-") })
    if words.first == "version" { return .printing([binary.tag]) }
    guard isRoot else { return .failing(1, "error: this command must be run as root") }
    guard words.first == "upgrade", words.count >= 2 else {
      return .failing(1, "error: unknown command \(arguments.joined(separator: " "))")
    }
    switch words[1] {
    case "plan": return plan(binary, target: target(words.dropFirst(2)))
    case "apply":
      guard flags.contains("-y") || flags.contains("--yes") || flags.contains("--force") else {
        return .failing(1, "error: the question whether to go on was not answered; use -y")
      }
      return apply(binary, target: target(words.dropFirst(2)), force: flags.contains("--force"))
    case "node": return node(binary, words: Array(words.dropFirst(2)), arguments: arguments)
    default: return .failing(1, "error: unknown command upgrade \(words[1])")
    }
  }

  private func target(_ words: ArraySlice<String>) -> KubernetesVersion? {
    words.first.flatMap(KubernetesVersion.init(parsing:))
  }

  /// Why this host can't move the control plane to the target now; nil when it can.
  private func refusal(_ binary: KubernetesVersion, _ target: KubernetesVersion, force: Bool) -> String? {
    guard let own = state.nodes[host.node]?.controlPlane else {
      return "error: couldn't load the kubeconfig file /etc/kubernetes/admin.conf: no such file"
    }
    let sick = state.nodes.values
      .filter { $0.controlPlane != nil && state.unreadiness(of: $0) != nil }.map(\.name).sorted()
    if !sick.isEmpty {
      return
        "[upgrade/health] FATAL: there are NotReady control planes in the cluster: \(sick.joined(separator: ", "))"
    }
    let refusals = KubeadmRules.refusals(
      binary: binary, current: own.apiServer, target: target,
      oldestKubelet: state.nodes.values.map(\.kubeletVersion).min())
    let reasons = refusals.mandatory + (force ? [] : refusals.skippable)
    return reasons.isEmpty ? nil : "[upgrade/version] FATAL: " + reasons.joined(separator: "; ")
  }

  private func plan(_ binary: KubernetesVersion, target: KubernetesVersion?) -> CommandScript {
    let target = target ?? binary
    if let refusal = refusal(binary, target, force: false) { return .failing(1, refusal) }
    var script = CommandScript()
    script.say("[preflight] Running pre-flight checks", after: SimulatedTimes.kubeadmCheck)
    script.say("[upgrade] Checking the cluster's health", after: SimulatedTimes.kubeadmCheck)
    script.say("[upgrade/versions] Cluster version: \(state.clusterVersion)")
    script.say("[upgrade/versions] kubeadm version: \(binary.tag)")
    script.say("COMPONENT                 CURRENT    TARGET", after: SimulatedTimes.look)
    for component in SimulatedControlPlane.Component.allCases.dropFirst() {
      script.say("\(component.rawValue)   \(state.clusterVersion.tag)   \(target.tag)")
    }
    script.say("The upgrade can be applied with: kubeadm upgrade apply \(target.tag)")
    return script
  }

  private func apply(_ binary: KubernetesVersion, target: KubernetesVersion?, force: Bool) -> CommandScript {
    guard let target else { return .failing(1, "error: no version was given") }
    if let refusal = refusal(binary, target, force: force) { return .failing(1, refusal) }
    var script = CommandScript()
    script.say("[upgrade/config] Reading the configuration from the cluster", after: SimulatedTimes.look)
    script.say("[preflight] Running pre-flight checks", after: SimulatedTimes.kubeadmCheck)
    script.say("[upgrade/version] The cluster version moves to \(target.tag)")
    script.say("[upgrade/prepull] Pulling images for the control plane")
    script.spend(SimulatedTimes.imagePull)
    staticPods(of: target, into: &script)
    script.say("[upload-config] Storing the configuration in the cluster", after: SimulatedTimes.look)
    script.change(.clusterVersionSet(target))
    script.say("[kubelet-config] Writing the kubelet's configuration")
    script.change(.kubeletConfigured(node: host.node, target))
    script.say("[addons] Applying CoreDNS and kube-proxy", after: SimulatedTimes.look)
    script.change(.addonsUpgraded(target))
    script.say("[upgrade/successful] SUCCESS: the cluster was upgraded to \"\(target.tag)\".")
    return script
  }

  private func staticPods(of target: KubernetesVersion, into script: inout CommandScript) {
    guard let now = state.nodes[host.node]?.controlPlane else { return }
    var after = now
    for component in SimulatedControlPlane.Component.allCases {
      after.set(component, to: target)
      guard now.tag(of: component) != after.tag(of: component) else {
        script.say("[upgrade/staticpods] \(component.rawValue) is at its version already")
        continue
      }
      script.say(
        "[upgrade/staticpods] Writing the new manifest of \(component.rawValue)", after: SimulatedTimes.look)
      script.spend(SimulatedTimes.staticPod)
      script.change(.componentUpgraded(node: host.node, component, target))
      script.say("[upgrade/staticpods] \(component.rawValue) restarted at \(after.tag(of: component))")
    }
  }

  /// `upgrade node`, and the two forms before 1.15: `node config --kubelet-version vX` on a worker and
  /// `node experimental-control-plane` on a further control plane.
  private func node(_ binary: KubernetesVersion, words: [String], arguments: [String]) -> CommandScript {
    let target = state.clusterVersion
    let isOld = binary.minorVersion < MinorVersion(major: 1, minor: 15)
    switch words.first {
    case "config":
      guard let version = kubeletVersion(in: arguments) else {
        return .failing(1, "error: the --kubelet-version argument is required")
      }
      return kubeletConfiguration(of: version)
    case "experimental-control-plane": break
    case nil where isOld: return .failing(1, "error: upgrade node needs a subcommand before v1.15")
    default: break
    }
    guard binary.minorVersion == target.minorVersion else {
      return .failing(
        1, "error: this kubeadm is \(binary.tag), but the cluster's configuration asks for \(target.tag)")
    }
    guard state.nodes[host.node]?.controlPlane != nil else { return kubeletConfiguration(of: target) }
    var script = CommandScript()
    script.say("[upgrade] Reading the configuration from the cluster", after: SimulatedTimes.kubeadmCheck)
    script.say("[upgrade/prepull] Pulling images for the control plane")
    script.spend(SimulatedTimes.imagePull)
    staticPods(of: target, into: &script)
    let configuration = kubeletConfiguration(of: target)
    script.items += configuration.items
    return script
  }

  private func kubeletVersion(in arguments: [String]) -> KubernetesVersion? {
    for (index, argument) in arguments.enumerated() {
      if argument.hasPrefix("--kubelet-version=") {
        return KubernetesVersion(parsing: String(argument.dropFirst("--kubelet-version=".count)))
      }
      if argument == "--kubelet-version", index + 1 < arguments.count {
        return KubernetesVersion(parsing: arguments[index + 1])
      }
    }
    return nil
  }

  private func kubeletConfiguration(of version: KubernetesVersion) -> CommandScript {
    var script = CommandScript()
    script.say("[upgrade] Reading the configuration from the cluster", after: SimulatedTimes.kubeadmCheck)
    script.say("[kubelet-config] Writing the kubelet's configuration", after: SimulatedTimes.look)
    script.change(.kubeletConfigured(node: host.node, version))
    script.say("[upgrade] The configuration of this node was updated; now its kubelet package can follow.")
    return script
  }
}
