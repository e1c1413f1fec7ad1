/// The mappings of an inventory file, under the names that schemas/inventory.schema.json has for them.
enum InventoryKeys {
  static let inventory = KeySet(
    "an inventory", required: ["apiVersion", "kind", "metadata", "kubernetes", "ssh", "hosts"],
    optional: ["groups", "packages", "policy"])
  static let metadata = KeySet("'metadata'", required: ["name"])
  static let kubernetes = KeySet("'kubernetes'", required: ["kubeconfig"], optional: ["context"])
  static let ssh = KeySet(
    "'ssh'", required: ["user"],
    optional: ["port", "keys", "agent", "knownHosts", "connectTimeout", "bastions"])
  static let bastion = KeySet(
    "a bastion", required: ["name", "address"], optional: ["user", "port", "keys"])
  static let host = KeySet(
    "a host", required: ["name", "address", "roles"],
    optional: ["node", "labels", "user", "port", "keys", "via"])
  static let packages = KeySet("'packages'", optional: ["manager", "sourceTemplate", "sourceFile"])
  static let policy = KeySet(
    "'policy'",
    optional: [
      "maxUnavailable", "drainTimeout", "localData", "unmanagedPods", "onFailure", "drain", "patch", "gates",
      "rollout",
    ])
  static let patchPolicy = KeySet("'patch'", optional: ["rebootRequiredCommand"])
  static let gates = KeySet("'gates'", optional: ["prometheus", "http", "command"])
  static let prometheusGate = KeySet(
    "a gate of Prometheus", required: ["name", "url"],
    optional: ["caFile", "query", "op", "value", "except"] + gateTiming)
  static let httpGate = KeySet(
    "a gate of an address", required: ["name", "url"],
    optional: ["caFile", "status", "contains"] + gateTiming)
  static let commandGate = KeySet(
    "a gate of a command", required: ["name", "run"], optional: ["asRoot"] + gateTiming)
  private static let gateTiming = ["samples", "of", "interval", "timeout"]
  static let drain = KeySet("'drain'", optional: ["pods", "atLimit", "maxParallelEvictions"])
  static let podRule = KeySet("a pod rule", optional: ["namespace", "labels", "action", "order"])
  static let rollout = KeySet(
    "'rollout'", optional: ["canary", "waves", "soak", "windows", "approval", "failureBudget"])
  static let window = KeySet("a window", required: ["days", "from", "to", "timeZone"])

  /// By definition in the schema.
  static let byDefinition: [String: KeySet] = [
    "inventory": inventory, "metadata": metadata, "kubernetes": kubernetes, "ssh": ssh, "bastion": bastion,
    "host": host, "packages": packages, "policy": policy, "drain": drain, "podRule": podRule,
    "patchPolicy": patchPolicy, "gates": gates, "prometheusGate": prometheusGate, "httpGate": httpGate,
    "commandGate": commandGate, "rollout": rollout, "window": window,
  ]
}
