import PawlEngine
import PawlModel
import PawlPlan

/// Waits until the volumes of the pods that have gone are detached from their node: until then their successors
/// elsewhere can't start, and a reboot may lose what is not written yet.
struct VolumeDetach: Sendable {
  /// How often a silent wait says what it waits for.
  private static let reportSeconds = 15

  let node: String
  let environment: ActionEnvironment
  let deadline: Deadline
  let atLimit: DrainSettings.AtLimit
  /// Whether pods were forced: then the node is given up with what is still attached in the end.
  let isForced: Bool

  private var cluster: StepCluster { environment.cluster }

  /// The volumes that no staying pod uses; none where the cluster does not tell of them.
  func left(staying: [ClusterPod]) async throws(StepFailure) -> [String] {
    do throws(StepFailure) {
      let attached = try await attached()
      let used = try await volumes(of: staying, among: attached)
      return attached.filter { !used.cover($0) }
    } catch {
      guard Self.isUntold(error) else { throw error }
      return []
    }
  }

  private static func isUntold(_ failure: StepFailure) -> Bool {
    ["api-forbidden", "api-not-found"].contains(failure.code)
  }

  /// Waits for every volume that no staying pod uses. A cluster that does not tell of them is not waited for.
  func wait(staying: [ClusterPod]) async throws(StepFailure) {
    do throws(StepFailure) {
      let attached = try await attached()
      let used = try await volumes(of: staying, among: attached)
      tellUnsure(attached, used)
      var left = attached.filter { !used.cover($0) }
      while !left.isEmpty {
        guard !deadline.isOver else { return try giveUp(await explained(left)) }
        environment.status(
          "\(node): \(Self.count(left)) still attached: \(DrainText.joined(left)); "
            + "\(deadline.elapsedSeconds) of \(deadline.seconds) s")
        left = try await watch(except: used)
      }
    } catch {
      guard Self.isUntold(error) else { throw error }
      environment.status(
        "\(node): whether volumes are detached can't be seen, and is not waited for. \(error.message)")
    }
  }

  /// What pods use. With nothing attached nobody needs to know.
  private func volumes(
    of pods: [ClusterPod], among attached: [String]
  ) async throws(StepFailure) -> Set<ClusterVolume> {
    guard !attached.isEmpty else { return [] }
    var used = Set(pods.flatMap(\.disks))
    for pod in pods {
      for claim in pod.claims {
        let namespace = pod.namespace
        used.formUnion(
          try await deadline.retrying(report: environment.status) { () async throws(StepFailure) in
            try await cluster.volumes(namespace: namespace, claim: claim)
          })
      }
    }
    return used
  }

  private func attached() async throws(StepFailure) -> [String] {
    let node = node
    return try await deadline.retrying(report: environment.status) { () async throws(StepFailure) in
      try await cluster.attachedVolumes(node: node)
    }
  }

  /// Names what is not waited for only because it may be a staying pod's.
  private func tellUnsure(_ attached: [String], _ used: Set<ClusterVolume>) {
    let unsure = attached.filter { used.cover($0) && !used.contains(.named($0)) }
    guard !unsure.isEmpty else { return }
    environment.output([
      "\(Self.count(unsure)) not waited for, because pods that stay use volumes of the same plugin, and which these are "
        + "can't be known: \(DrainText.joined(unsure))"
    ])
  }

  /// Watches until they are detached, or it is time to say something; gives what is left.
  private func watch(except used: Set<ClusterVolume>) async throws(StepFailure) -> [String] {
    let seconds = max(1, min(Self.reportSeconds, deadline.remainingSeconds))
    do throws(StepFailure) {
      try await cluster.waitForDetachedVolumes(node: node, timeoutSeconds: seconds) { used.cover($0) }
      return []
    } catch {
      guard error.canBeWaitedOut else { throw error }
      return try await attached().filter { !used.cover($0) }
    }
  }

  /// Each with what its driver says, where it does.
  private func explained(_ volumes: [String]) async -> [String] {
    do throws(StepFailure) {
      let errors = try await cluster.detachErrors(node: node)
      return volumes.map { volume in errors[volume].map { "\(volume) (\($0))" } ?? volume }
    } catch {
      // That they are attached is the news, with or without the reason.
      return volumes
    }
  }

  private func giveUp(_ left: [String]) throws(StepFailure) {
    guard isForced else { throw limitFailure(left) }
    environment.output([
      "\(Self.count(left)) still attached: \(DrainText.joined(left)); not waited for, because forced"
    ])
  }

  private func limitFailure(_ left: [String]) -> StepFailure {
    let (run, step) = (environment.context.run, environment.step.id)
    let force = "; or go on without them: `pawl approve \(run) \(step) --as force --reason TEXT`"
    return StepFailure(
      code: "volumes-attached",
      message:
        "The pods of \(node) are gone, but \(Self.count(left)) did not leave it within \(deadline.seconds) s: "
        + "\(DrainText.joined(left)).",
      causes: left, retry: atLimit.retry,
      hint:
        "The node stays cordoned. See `kubectl get volumeattachments`, `status.volumesAttached` of the node and the log "
        + "of the storage driver or of kube-controller-manager, then run `pawl resume \(run)`"
        + (atLimit.retry.isLimit ? force : "") + ".")
  }

  /// `1 volume`, `3 volumes`.
  static func count(_ volumes: [String]) -> String {
    volumes.count == 1 ? "1 volume" : "\(volumes.count) volumes"
  }
}

extension Set<ClusterVolume> {
  /// Whether an attached volume is one of them, or may be.
  fileprivate func cover(_ name: String) -> Bool { contains { $0.covers(name) } }
}
