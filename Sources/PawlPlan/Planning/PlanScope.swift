import PawlModel

/// What expressions of a runbook can see. Everything is known before the plan is made.
struct PlanScope: Sendable {
  /// The names that hold everywhere; groups add `host` and their loop variables.
  let root: [String: Value]
  private let request: Planner.Request
  private let inputs: [String: Value]

  init(request: Planner.Request, inputs: [String: Value], hops: [UpgradeHop]) {
    self.request = request
    self.inputs = inputs
    let policy = request.inventory.policy
    let cluster = request.facts.cluster
    root = [
      "inputs": .map(inputs),
      "policy": .map([
        "maxUnavailable": .int(policy.maxUnavailable), "drainTimeout": .int(policy.drainTimeoutSeconds),
        "localData": .string(policy.localData.rawValue),
        "unmanagedPods": .string(policy.unmanagedPods.rawValue), "drain": policy.drain.value,
        "patch": .map([
          "rebootRequiredCommand": .list(policy.patch.rebootRequiredCommand.map { .string($0) })
        ]),
        "gates": policy.gates.value,
      ]),
      "packages": .map([
        "hasSourceTemplate": .bool(request.inventory.packages.sourceTemplate != nil),
        "sourceTemplate": request.inventory.packages.sourceTemplate.map { .string($0) } ?? .null,
        "sourceFile": .string(request.inventory.packages.sourceFile),
      ]),
      "cluster": .map([
        "name": .string(request.inventory.name), "version": .version(cluster.serverVersion),
        "nodes": .int(cluster.nodes.count),
        "outside": .list(
          request.inventory.hosts.filter { !$0.isBastion && !request.isInLimit($0) }.map { .string($0.node) }),
      ]),
      "upgrade": .map([
        "hops": .list(hops.map(\.value)), "target": hops.last.map { .version($0.version) } ?? .null,
      ]),
    ]
  }

  /// `host.…`: the inventory's words and the facts of one host.
  func value(of host: Host) -> Value {
    let node = request.facts.cluster.node(named: host.node)
    let controlPlane = request.facts.cluster.controlPlane.first { $0.node == host.node }
    let facts = request.facts.hosts[host.name]
    return .map([
      "name": .string(host.name), "node": .string(host.node), "address": .string(host.address),
      "roles": .list(host.roles.map { .string($0.rawValue) }),
      "labels": .map(host.labels.mapValues { .string($0) }),
      "cordoned": .bool(isCordonedByOthers(node)),
      "ready": .bool(node?.ready ?? false),
      "etcd": .bool(host.roles.contains(.etcd) || controlPlane?.etcd != nil),
      "kubelet": .map(["version": version(node?.kubeletVersion)]),
      "controlPlane": .map(["version": version(oldest(controlPlane))]),
      "packages": .map((facts?.packages ?? [:]).mapValues(package)),
      "operatingSystem": .string(facts?.operatingSystem ?? ""),
      "patch": facts?.patch.map { PatchNeed($0, inputs: inputs).value } ?? .null,
    ])
  }

  /// A cordon that carries no run's name is an administrator's, and stays.
  private func isCordonedByOthers(_ node: NodeFacts?) -> Bool {
    guard let node else { return false }
    return node.cordoned && node.cordonedByRun == nil
  }

  private func oldest(_ controlPlane: ControlPlaneFacts?) -> KubernetesVersion? {
    [controlPlane?.apiServer, controlPlane?.controllerManager, controlPlane?.scheduler].compactMap(\.self)
      .min()
  }

  private func version(_ version: KubernetesVersion?) -> Value { version.map { .version($0) } ?? .null }

  private func package(_ facts: PackageFacts) -> Value {
    .map([
      "installed": facts.installed.map { .string($0) } ?? .null, "held": .bool(facts.held),
      "version": version(facts.installedVersion),
    ])
  }
}
