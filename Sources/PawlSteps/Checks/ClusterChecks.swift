import PawlModel

/// The checks that need the API server's word, in the order in which problems are shown.
package enum ClusterChecks {
  /// All of them.
  package static let all: [ClusterCheck] = [
    unknownNodes, unlistedNodes, roles, readiness, controlPlaneComponents, mixedAPIServers, mixedKubelets,
    runCordons, foreignCordons, packagesAsRunning, kubeletPackagesAsRunning, missingPackages, budgets,
  ]

  // MARK: Inventory beside cluster

  static let unknownNodes = ClusterCheck("unknown-nodes") { inventory, facts in
    inventory.hosts.filter { $0.hasNode && facts.cluster.node(named: $0.node) == nil }.map { host in
      CheckProblem(
        subject: host.name, code: "unknown-node",
        message: "The API server knows no node '\(host.node)' for the host \(host.name).",
        hint: "Set 'node:' of the host to its name in 'kubectl get nodes', or take it out of the inventory.")
    }
  }

  static let unlistedNodes = ClusterCheck("unlisted-nodes") { inventory, facts in
    let listed = Set(inventory.hosts.map(\.node))
    return facts.cluster.nodes.filter { !listed.contains($0.name) }.map { node in
      CheckProblem(
        subject: node.name, code: "unlisted-node",
        message: "The node \(node.name) has no host in the inventory, so it would stay behind and break the "
          + "version-skew rules.",
        hint: "Add its host to the inventory, or remove the node from the cluster.")
    }
  }

  static let roles = ClusterCheck("roles") { inventory, facts in
    inventory.hosts.compactMap { host in
      guard let node = facts.cluster.node(named: host.node), node.isControlPlane != host.isControlPlane else {
        return nil
      }
      return CheckProblem(
        subject: host.name, code: "role-mismatch",
        message: node.isControlPlane
          ? "The node of \(host.name) is a control plane, but the inventory does not give it that role."
          : "The inventory calls \(host.name) a control plane, but its node has no control-plane label.",
        hint: "Make 'roles:' of the host and the node's labels agree.")
    }
  }

  // MARK: Health

  static let readiness = ClusterCheck("readiness") { _, facts in
    facts.cluster.nodes.filter { !$0.ready }.map { node in
      CheckProblem(
        subject: node.name, code: "node-not-ready", message: "The node \(node.name) is not Ready.",
        hint: "See 'kubectl describe node \(node.name)' and repair it first.")
    }
  }

  static let controlPlaneComponents = ClusterCheck("control-plane-components") { inventory, facts in
    let expected = facts.cluster.nodes.filter(\.isControlPlane).map(\.name)
    return expected.flatMap { name -> [CheckProblem] in
      let found = facts.cluster.controlPlane.first { $0.node == name }
      let components: [(String, KubernetesVersion?)] = [
        ("kube-apiserver", found?.apiServer), ("kube-controller-manager", found?.controllerManager),
        ("kube-scheduler", found?.scheduler),
      ]
      return components.filter { $0.1 == nil }.map { component, _ in
        CheckProblem(
          subject: name, code: "component-not-found",
          message: "No \(component) with a version was found on the control plane \(name).",
          hint: "See 'kubectl -n kube-system get pods -o wide' and /etc/kubernetes/manifests on the host.")
      }
    }
  }

  // MARK: Versions

  static let mixedAPIServers = ClusterCheck("mixed-api-servers") { _, facts in
    let versions = facts.cluster.controlPlane.compactMap { plane in plane.apiServer.map { (plane.node, $0) } }
    return mixed(versions, code: "mixed-api-servers", what: "The API servers")
  }

  static let mixedKubelets = ClusterCheck("mixed-kubelets") { _, facts in
    mixed(
      facts.cluster.nodes.map { ($0.name, $0.kubeletVersion) }, code: "mixed-kubelets", what: "The kubelets")
  }

  /// One warning when versions differ: an upgrade was left in the middle.
  private static func mixed(
    _ versions: [(node: String, version: KubernetesVersion)], code: String, what: String
  ) -> [CheckProblem] {
    let groups = Dictionary(grouping: versions, by: \.version).sorted { $0.key < $1.key }
    guard groups.count > 1 else { return [] }
    let list = groups.map { version, nodes in "\(version) on \(nodes.map(\.node).joined(separator: ", "))" }
    return [
      CheckProblem(
        .warning, subject: "cluster", code: code,
        message: "\(what) differ: \(list.joined(separator: "; ")).",
        hint: "An upgrade was not finished; Pawl takes those behind along.")
    ]
  }

  static let packagesAsRunning = ClusterCheck("packages-as-running") { inventory, facts in
    inventory.hosts.flatMap { host -> [CheckProblem] in
      guard let plane = facts.cluster.controlPlane.first(where: { $0.node == host.node }),
        let running = plane.apiServer,
        let installed = facts.hosts[host.name]?.packages["kubeadm"]?.installedVersion, installed != running
      else { return [] }
      return [
        CheckProblem(
          .warning, subject: host.name, code: "kubeadm-differs",
          message: "\(host.name) has kubeadm \(installed), but its API server runs \(running).",
          hint: "It was installed without 'kubeadm upgrade', or the upgrade failed.")
      ]
    }
  }

  static let kubeletPackagesAsRunning = ClusterCheck.perNode("kubelet-package-as-running") {
    host, own, node in
    guard let installed = own.packages["kubelet"]?.installedVersion, installed != node.kubeletVersion else {
      return []
    }
    return [
      CheckProblem(
        .warning, subject: host.name, code: "kubelet-differs",
        message:
          "\(host.name) has the package kubelet \(installed), but kubelet \(node.kubeletVersion) runs.",
        hint: "The next restart or reboot starts the installed one.")
    ]
  }

  static let missingPackages = ClusterCheck.perNode("missing-packages") { host, own, _ in
    let missing = ["kubeadm", "kubelet"].filter { own.packages[$0]?.installed == nil }
    return missing.map { name in
      CheckProblem(
        subject: host.name, code: "package-missing",
        message: "The package \(name) is not installed on \(host.name).",
        hint: "Pawl moves installed packages only; install it in the version that runs, and hold it.")
    }
  }

  // MARK: Cordons and budgets

  static let runCordons = ClusterCheck("run-cordons") { _, facts in
    facts.cluster.nodes.filter(\.cordoned).compactMap { node in
      node.cordonedByRun.map { run in
        CheckProblem(
          subject: node.name, code: "cordoned-by-run",
          message:
            "The node \(node.name) was cordoned by Pawl's run \(run), and has not been put back since.",
          hint:
            "Go on with 'pawl resume \(run)', give it up with 'pawl release \(run)', or let pods back with "
            + "'pawl uncordon \(node.name)'.")
      }
    }
  }

  static let foreignCordons = ClusterCheck("foreign-cordons") { _, facts in
    facts.cluster.nodes.filter { $0.cordoned && $0.cordonedByRun == nil }.map { node in
      CheckProblem(
        .warning, subject: node.name, code: "cordoned",
        message: "The node \(node.name) was cordoned by somebody else: it is upgraded and stays cordoned.")
    }
  }

  static let budgets = ClusterCheck("budgets") { _, facts in
    facts.cluster.podDisruptionBudgets.filter { $0.disruptionsAllowed <= 0 }.map { budget in
      CheckProblem(
        .warning, subject: "\(budget.namespace)/\(budget.name)", code: "budget-blocks",
        message: "The budget \(budget.namespace)/\(budget.name) allows no disruption now: "
          + "\(budget.currentHealthy) healthy, \(budget.desiredHealthy) needed.",
        hint: "Draining a node with its pods waits until that changes.")
    }
  }
}
