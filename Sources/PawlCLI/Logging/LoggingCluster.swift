import PawlModel
import PawlSteps

/// An API server whose calls are logged.
struct LoggingCluster: ClusterClient {
  let inner: any ClusterClient
  let log: CallLog<ClusterError>

  func serverVersion() async throws(ClusterError) -> KubernetesVersion {
    try await log.call("serverVersion", status: { "\($0)" }) { () throws(ClusterError) in
      try await inner.serverVersion()
    }
  }

  func isReady() async throws(ClusterError) -> Bool {
    try await log.call("isReady", status: { "\($0)" }) { () throws(ClusterError) in try await inner.isReady()
    }
  }

  func nodes() async throws(ClusterError) -> [ClusterNode] {
    try await log.call("nodes", status: { "\($0.count) nodes" }) { () throws(ClusterError) in
      try await inner.nodes()
    }
  }

  func node(named name: String) async throws(ClusterError) -> ClusterNode? {
    try await log.call("node", ["node": name], status: found) { () throws(ClusterError) in
      try await inner.node(named: name)
    }
  }

  func pods(node: String?, namespace: String?, labels: String?) async throws(ClusterError) -> [ClusterPod] {
    let details = ["node": node, "namespace": namespace, "labels": labels]
    return try await log.call("pods", details, status: { "\($0.count) pods" }) { () throws(ClusterError) in
      try await inner.pods(node: node, namespace: namespace, labels: labels)
    }
  }

  func pod(namespace: String, name: String, uid: String?) async throws(ClusterError) -> ClusterPod? {
    try await log.call("pod", ["pod": "\(namespace)/\(name)"], status: found) { () throws(ClusterError) in
      try await inner.pod(namespace: namespace, name: name, uid: uid)
    }
  }

  func budgets() async throws(ClusterError) -> [ClusterBudget] {
    try await log.call("budgets", status: { "\($0.count) budgets" }) { () throws(ClusterError) in
      try await inner.budgets()
    }
  }

  func detachErrors(node: String) async throws(ClusterError) -> [String: String] {
    try await log.call("detachErrors", ["node": node], status: { "\($0.count) errors" }) {
      () throws(ClusterError) in
      try await inner.detachErrors(node: node)
    }
  }

  func attachedVolumes(node: String) async throws(ClusterError) -> [String] {
    try await log.call("attachedVolumes", ["node": node], status: { "\($0.count) volumes" }) {
      () throws(ClusterError) in
      try await inner.attachedVolumes(node: node)
    }
  }

  func volumes(namespace: String, claim: String) async throws(ClusterError) -> [ClusterVolume] {
    try await log.call("volumes", ["claim": "\(namespace)/\(claim)"], status: { "\($0.count) names" }) {
      () throws(ClusterError) in
      try await inner.volumes(namespace: namespace, claim: claim)
    }
  }

  func waitForDetachedVolumes(
    node: String, timeoutSeconds: Int, except mayStay: @escaping @Sendable (String) -> Bool
  ) async throws(ClusterError) {
    try await log.call("waitForDetachedVolumes", ["node": node]) { () throws(ClusterError) in
      try await inner.waitForDetachedVolumes(node: node, timeoutSeconds: timeoutSeconds, except: mayStay)
    }
  }

  func daemonSetExists(namespace: String, name: String) async throws(ClusterError) -> Bool {
    try await log.call("daemonSetExists", ["daemonSet": "\(namespace)/\(name)"], status: { "\($0)" }) {
      () throws(ClusterError) in
      try await inner.daemonSetExists(namespace: namespace, name: name)
    }
  }

  func controller(
    _ kind: ClusterController.Kind, namespace: String, name: String
  ) async throws(ClusterError) -> ClusterController? {
    try await log.call("controller", ["controller": "\(kind.rawValue) \(namespace)/\(name)"], status: found) {
      () throws(ClusterError) in
      try await inner.controller(kind, namespace: namespace, name: name)
    }
  }

  func patchNode(
    named name: String, unschedulable: Bool?, annotations: [String: String?], resourceVersion: String?
  ) async throws(ClusterError) {
    try await log.call("patchNode", ["node": name, "unschedulable": unschedulable.map { "\($0)" }]) {
      () throws(ClusterError) in
      try await inner.patchNode(
        named: name, unschedulable: unschedulable, annotations: annotations, resourceVersion: resourceVersion)
    }
  }

  func evict(_ pod: ClusterPod, gracePeriodSeconds: Int?) async throws(ClusterError) -> EvictionAnswer {
    try await log.call("evict", ["pod": pod.fullName], status: { "\($0)" }) { () throws(ClusterError) in
      try await inner.evict(pod, gracePeriodSeconds: gracePeriodSeconds)
    }
  }

  func delete(_ pod: ClusterPod, gracePeriodSeconds: Int?) async throws(ClusterError) {
    try await log.call("delete", ["pod": pod.fullName]) { () throws(ClusterError) in
      try await inner.delete(pod, gracePeriodSeconds: gracePeriodSeconds)
    }
  }

  func waitForNode(
    named name: String, timeoutSeconds: Int, until condition: @escaping @Sendable (ClusterNode?) -> Bool
  ) async throws(ClusterError) -> ClusterNode? {
    try await log.call("waitForNode", ["node": name], status: found) { () throws(ClusterError) in
      try await inner.waitForNode(named: name, timeoutSeconds: timeoutSeconds, until: condition)
    }
  }

  func waitForPods(
    onNode node: String, timeoutSeconds: Int, until condition: @escaping @Sendable ([ClusterPod]) -> Bool
  ) async throws(ClusterError) -> [ClusterPod] {
    try await log.call("waitForPods", ["node": node], status: { "\($0.count) pods" }) {
      () throws(ClusterError) in
      try await inner.waitForPods(onNode: node, timeoutSeconds: timeoutSeconds, until: condition)
    }
  }
}

/// Leases whose calls are logged.
struct LoggingLeases: ClusterLeases {
  let inner: any ClusterLeases
  let log: CallLog<ClusterError>

  func clusterIdentity() async throws(ClusterError) -> String {
    try await log.call("clusterIdentity", status: { $0 }) { () throws(ClusterError) in
      try await inner.clusterIdentity()
    }
  }

  func lease(namespace: String, name: String) async throws(ClusterError) -> ClusterLease? {
    try await log.call("lease", ["lease": "\(namespace)/\(name)"], status: found) { () throws(ClusterError) in
      try await inner.lease(namespace: namespace, name: name)
    }
  }

  func createLease(_ lease: ClusterLease) async throws(ClusterError) -> ClusterLease {
    try await log.call("createLease", ["lease": "\(lease.namespace)/\(lease.name)"]) {
      () throws(ClusterError) in
      try await inner.createLease(lease)
    }
  }

  func updateLease(_ lease: ClusterLease) async throws(ClusterError) -> ClusterLease {
    try await log.call("updateLease", ["lease": "\(lease.namespace)/\(lease.name)"]) {
      () throws(ClusterError) in
      try await inner.updateLease(lease)
    }
  }
}

private func found<Object>(_ object: Object?) -> String { object == nil ? "none" : "found" }
