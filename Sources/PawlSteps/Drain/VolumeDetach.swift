import PawlEngine
import PawlModel
import PawlPlan

/// Waits until the persistent volumes of the pods that have gone are detached from their node: until then their
/// successors elsewhere can't start, and a reboot may lose what is not written yet.
struct VolumeDetach: Sendable {
  /// How often a silent wait says what it waits for.
  private static let reportSeconds = 15

  let node: String
  let environment: ActionEnvironment
  let deadline: Deadline
  let atLimit: DrainSettings.AtLimit

  private var cluster: StepCluster { environment.cluster }

  /// Waits for every volume that no staying pod uses. A cluster that does not tell of them is not waited for.
  func wait(staying: [ClusterPod]) async throws(StepFailure) {
    do throws(StepFailure) {
      let used = try await volumes(of: staying)
      var left = try await attached(except: used)
      while !left.isEmpty {
        guard !deadline.isOver else { throw limitFailure(left) }
        environment.status(
          "\(node): \(Self.count(left)) still attached: \(DrainText.joined(left)); "
            + "\(deadline.elapsedSeconds) of \(deadline.seconds) s")
        left = try await watch(except: used)
      }
    } catch {
      guard ["api-forbidden", "api-not-found"].contains(error.code) else { throw error }
      environment.status(
        "\(node): whether volumes are detached can't be seen, and is not waited for. \(error.message)")
    }
  }

  private func volumes(of pods: [ClusterPod]) async throws(StepFailure) -> Set<String> {
    var used: Set<String> = []
    for pod in pods {
      for claim in pod.claims {
        let namespace = pod.namespace
        let volume = try await deadline.retrying(report: environment.status) { () async throws(StepFailure) in
          try await cluster.volume(namespace: namespace, claim: claim)
        }
        if let volume { used.insert(volume) }
      }
    }
    return used
  }

  private func attached(except used: Set<String>) async throws(StepFailure) -> [String] {
    let node = node
    let all = try await deadline.retrying(report: environment.status) { () async throws(StepFailure) in
      try await cluster.attachedVolumes(node: node)
    }
    return all.filter { !used.contains($0) }
  }

  /// Watches until they are detached, or it is time to say something; gives what is left.
  private func watch(except used: Set<String>) async throws(StepFailure) -> [String] {
    let seconds = max(1, min(Self.reportSeconds, deadline.remainingSeconds))
    do throws(StepFailure) {
      try await cluster.waitForAttachedVolumes(node: node, timeoutSeconds: seconds) { volumes in
        used.isSuperset(of: volumes)
      }
      return []
    } catch {
      guard error.canBeWaitedOut else { throw error }
      return try await attached(except: used)
    }
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
        "The node stays cordoned. See `kubectl get volumeattachments` and the storage driver's log, then run "
        + "`pawl resume \(run)`" + (atLimit.retry.isLimit ? force : "") + ".")
  }

  private static func count(_ volumes: [String]) -> String {
    volumes.count == 1 ? "1 volume" : "\(volumes.count) volumes"
  }
}
