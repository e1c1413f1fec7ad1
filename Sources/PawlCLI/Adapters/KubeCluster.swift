import Foundation
import PawlKube
import PawlModel
import PawlSteps

/// The API server behind the port `ClusterClient`.
struct KubeCluster: ClusterClient {
  let client: KubeClient

  init(_ client: KubeClient) { self.client = client }

  /// The client for an inventory's kubeconfig, what the user should read about it, and the secrets in it.
  ///
  /// - Throws: `CommandFailure` when the kubeconfig can't be used.
  static func open(_ access: KubernetesAccess) throws -> (
    cluster: KubeCluster, warnings: [String], secrets: [String]
  ) {
    let text = try Files.readText(access.kubeconfig, what: "kubeconfig")
    let parsed = try decodeYAML(Kubeconfig.self, from: text, file: access.kubeconfig)
    do throws(KubeError) {
      let configuration = try parsed.resolve(
        context: access.context, baseDirectory: Files.directory(of: access.kubeconfig),
        pluginEnvironment: Console.environment)
      return (
        KubeCluster(try KubeClient(configuration: configuration)), configuration.warnings,
        secrets(of: configuration.credentials)
      )
    } catch {
      throw CommandFailure(.invalidInput, "\(access.kubeconfig): \(error.message)")
    }
  }

  /// Texts that must not show. What is in files, or comes from a plugin, is told by its form alone.
  private static func secrets(of credentials: KubeCredentials) -> [String] {
    switch credentials {
    case .token(.inline(let token)): [String(decoding: token.bytes, as: UTF8.self)]
    case .certificate(_, key: .inline(let key)):
      [key.bytes.base64EncodedString()]
        + String(decoding: key.bytes, as: UTF8.self).split(whereSeparator: \.isNewline)
        .filter { !$0.hasPrefix("-----") }.map(String.init)
    case .exec(let plugin):
      plugin.variables.values.map { String(decoding: $0.bytes, as: UTF8.self) }
    case .anonymous, .token(.file), .certificate: []
    }
  }

  func serverVersion() async throws(ClusterError) -> KubernetesVersion {
    let answer = try await asking { () throws(KubeError) in try await client.serverVersion() }
    guard let version = KubernetesVersion(parsing: answer.gitVersion) else {
      throw ClusterError(
        .failed, "\(client.server) gives '\(answer.gitVersion)' as its version, which is none.")
    }
    return version
  }

  func isReady() async throws(ClusterError) -> Bool {
    try await asking { () throws(KubeError) in try await client.healthz() }
  }

  func nodes() async throws(ClusterError) -> [ClusterNode] {
    try await asking { () throws(KubeError) in try await client.nodes().map(ClusterNode.init) }
  }

  func node(named name: String) async throws(ClusterError) -> ClusterNode? {
    try await asking { () throws(KubeError) in try await client.node(name).map(ClusterNode.init) }
  }

  func pods(node: String?, namespace: String?, labels: String?) async throws(ClusterError) -> [ClusterPod] {
    try await asking { () throws(KubeError) in
      try await client.pods(
        namespace: namespace, fieldSelector: node.map { "spec.nodeName=\($0)" }, labelSelector: labels
      ).map(ClusterPod.init)
    }
  }

  func pod(namespace: String, name: String, uid: String?) async throws(ClusterError) -> ClusterPod? {
    let found = try await asking { () throws(KubeError) in
      try await client.pod(namespace: namespace, name: name).map(ClusterPod.init)
    }
    return uid == nil || found?.uid == uid ? found : nil
  }

  func budgets() async throws(ClusterError) -> [ClusterBudget] {
    try await asking { () throws(KubeError) in try await client.podDisruptionBudgets().map(ClusterBudget.init)
    }
  }

  func attachedVolumes(node: String) async throws(ClusterError) -> [String] {
    try await asking { () throws(KubeError) in
      let volumes = Self.volumes(try await client.volumeAttachments(), of: node)
      return volumes + (try await client.node(node)?.disks ?? [])
    }
  }

  func detachErrors(node: String) async throws(ClusterError) -> [String: String] {
    let attachments = try await asking { () throws(KubeError) in try await client.volumeAttachments() }
    return attachments.filter { $0.spec.nodeName == node }.reduce(into: [:]) { errors, attachment in
      guard let volume = attachment.spec.source.persistentVolumeName else { return }
      errors[volume] = attachment.status?.detachError?.message
    }
  }

  func waitForDetachedVolumes(
    node: String, timeoutSeconds: Int, except mayStay: @escaping @Sendable (String) -> Bool
  ) async throws(ClusterError) {
    let deadline = ContinuousClock.now + .seconds(timeoutSeconds)
    try await asking { () throws(KubeError) in
      try await client.waitForVolumeAttachments(deadline: deadline) {
        Self.volumes($0, of: node).allSatisfy(mayStay)
      }
      try await client.waitForNode(node, deadline: deadline) { $0?.disks.allSatisfy(mayStay) ?? true }
    }
  }

  private static func volumes(_ attachments: [KubeVolumeAttachment], of node: String) -> [String] {
    attachments.filter { $0.spec.nodeName == node }.compactMap(\.spec.source.persistentVolumeName)
  }

  func volumes(namespace: String, claim: String) async throws(ClusterError) -> [ClusterVolume] {
    try await asking { () throws(KubeError) in
      guard let name = try await client.volumeName(namespace: namespace, claim: claim) else { return [] }
      // An in-tree volume is attached through CSI where its plugin has moved there.
      let disk = try await client.disk(ofVolume: name)
      return [.named(name)] + [disk].compactMap { $0.map(ClusterVolume.init) }
    }
  }

  func daemonSetExists(namespace: String, name: String) async throws(ClusterError) -> Bool {
    try await asking { () throws(KubeError) in
      try await client.daemonSet(namespace: namespace, name: name) != nil
    }
  }

  func controller(
    _ kind: ClusterController.Kind, namespace: String, name: String
  ) async throws(ClusterError) -> ClusterController? {
    let found = try await asking { () throws(KubeError) in
      try await client.controller(Self.kind(kind), namespace: namespace, name: name)
    }
    return found.map { controller in
      let owner = controller.metadata.controller
      return ClusterController(
        kind: kind, namespace: namespace, name: name, desired: controller.desired, ready: controller.ready,
        owner: owner.map { ClusterPod.Owner(kind: $0.kind, name: $0.name) })
    }
  }

  private static func kind(_ kind: ClusterController.Kind) -> KubeController.Kind {
    switch kind {
    case .deployment: .deployment
    case .replicaSet: .replicaSet
    case .statefulSet: .statefulSet
    case .daemonSet: .daemonSet
    case .replicationController: .replicationController
    }
  }

  func patchNode(
    named name: String, unschedulable: Bool?, annotations: [String: String?], resourceVersion: String?
  ) async throws(ClusterError) {
    _ = try await asking { () throws(KubeError) in
      try await client.patchNode(
        name, unschedulable: unschedulable, annotations: annotations, resourceVersion: resourceVersion)
    }
  }

  func evict(_ pod: ClusterPod, gracePeriodSeconds: Int?) async throws(ClusterError) -> EvictionAnswer {
    let result = try await asking { () throws(KubeError) in
      try await client.evict(
        namespace: pod.namespace, name: pod.name, uid: pod.uid, gracePeriodSeconds: gracePeriodSeconds)
    }
    return switch result {
    case .evicted: .evicted
    case .notFound: .gone
    case .blocked(let message, let seconds, let causes):
      .blocked(
        message: message, retryAfterSeconds: seconds,
        isBudget: causes.contains { $0.reason == "DisruptionBudget" })
    case .namespaceTerminating: .namespaceTerminating
    case .misconfigured(let message): .refused(message: message)
    }
  }

  func delete(_ pod: ClusterPod, gracePeriodSeconds: Int?) async throws(ClusterError) {
    _ = try await asking { () throws(KubeError) in
      try await client.deletePod(
        namespace: pod.namespace, name: pod.name, uid: pod.uid, gracePeriodSeconds: gracePeriodSeconds)
    }
  }

  func waitForNode(
    named name: String, timeoutSeconds: Int, until condition: @escaping @Sendable (ClusterNode?) -> Bool
  ) async throws(ClusterError) -> ClusterNode? {
    try await asking { () throws(KubeError) in
      try await client.waitForNode(name, deadline: .now + .seconds(timeoutSeconds)) {
        condition($0.map(ClusterNode.init))
      }.map(ClusterNode.init)
    }
  }

  func waitForPods(
    onNode node: String, timeoutSeconds: Int, until condition: @escaping @Sendable ([ClusterPod]) -> Bool
  ) async throws(ClusterError) -> [ClusterPod] {
    try await asking { () throws(KubeError) in
      try await client.waitForPods(onNode: node, deadline: .now + .seconds(timeoutSeconds)) {
        condition($0.map(ClusterPod.init))
      }.map(ClusterPod.init)
    }
  }

  /// Puts the client's errors into the port's words.
  func asking<Answer>(
    _ call: () async throws(KubeError) -> Answer
  ) async throws(ClusterError) -> Answer {
    do throws(KubeError) {
      return try await call()
    } catch {
      throw ClusterError(
        Self.code(error.code), error.cause.map { "\(error.message) (\($0))" } ?? error.message)
    }
  }

  private static func code(_ code: KubeError.Code) -> ClusterError.Code {
    switch code {
    case .unreachable, .tls, .serverError, .tooManyRequests: .unreachable
    case .timeout: .timedOut
    case .unauthorized: .unauthorized
    case .forbidden: .forbidden
    case .notFound: .notFound
    case .conflict: .conflict
    case .cancelled: .cancelled
    case .expired, .rejected, .invalidResponse, .configuration: .failed
    }
  }
}

extension ClusterNode {
  init(_ node: KubeNode) {
    self.init(
      name: node.name, isControlPlane: node.isControlPlane, unschedulable: node.isUnschedulable,
      annotations: node.metadata.annotations,
      kubeletVersion: node.status.nodeInfo.flatMap { KubernetesVersion(parsing: $0.kubeletVersion) },
      bootID: node.status.nodeInfo?.bootID, ready: node.isReady,
      readyMessage: node.status.conditions.first { $0.type == "Ready" }?.message,
      resourceVersion: node.metadata.resourceVersion)
  }
}

extension ClusterPod {
  init(_ pod: KubePod) {
    let owner = pod.metadata.controller
    self.init(
      namespace: pod.metadata.namespace ?? "", name: pod.metadata.name, uid: pod.metadata.uid ?? "",
      labels: pod.metadata.labels, annotations: pod.metadata.annotations, node: pod.spec.nodeName,
      phase: pod.status.phase ?? "Unknown", ready: pod.isReady,
      terminating: pod.metadata.deletionTimestamp != nil,
      deletionGraceSeconds: pod.metadata.deletionGracePeriodSeconds, finalizers: pod.metadata.finalizers,
      controller: owner.map { Owner(kind: $0.kind, name: $0.name) }, hasEmptyDir: pod.hasEmptyDir,
      claims: pod.claims, disks: pod.disks.map(ClusterVolume.init),
      images: pod.spec.containers.compactMap(\.image), containersHaveEnded: pod.containersHaveEnded)
  }
}

extension ClusterVolume {
  init(_ disk: KubeDisk) {
    self = disk.id.map { .named(disk.prefix + $0) } ?? .unnamed(prefix: disk.prefix)
  }
}

extension ClusterBudget {
  init(_ budget: KubePDB) {
    let namespace = budget.metadata.namespace ?? ""
    self.init(
      namespace: namespace, name: budget.metadata.name,
      disruptionsAllowed: budget.status?.disruptionsAllowed ?? 0,
      currentHealthy: budget.status?.currentHealthy ?? 0,
      desiredHealthy: budget.status?.desiredHealthy ?? 0, expectedPods: budget.status?.expectedPods ?? 0,
      allowsUnhealthy: budget.spec.unhealthyPodEvictionPolicy == "AlwaysAllow",
      syncFailure: budget.status?.syncFailure,
      selects: { budget.protects(namespace: namespace, labels: $0) })
  }
}
