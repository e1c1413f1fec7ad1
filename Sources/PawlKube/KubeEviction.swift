import Foundation

/// What became of an eviction.
package enum EvictionResult: Sendable, Equatable {
  /// Accepted; the pod now ends in its own time.
  case evicted
  /// The pod is gone already, or its name belongs to another pod now.
  case notFound
  /// A disruption budget, or the server's load, does not allow it now. Ask again later.
  case blocked(message: String, retryAfterSeconds: Int?, causes: [KubeStatus.Cause])
  /// The pod's namespace is being deleted, and the pod with it.
  case namespaceTerminating
  /// It will never work as things are; as a rule several budgets protect the pod.
  case misconfigured(message: String)
}

extension KubeClient {
  /// Asks for the eviction of a pod, in the version that the server takes; deletes the pod where the server
  /// knows no evictions.
  ///
  /// - Parameters:
  ///   - uid: where given, only the pod with this UID is evicted.
  ///   - gracePeriodSeconds: nothing leaves the pod's own.
  package func evict(
    namespace: String, name: String, uid: String? = nil, gracePeriodSeconds: Int? = nil
  ) async throws(KubeError) -> EvictionResult {
    let options = deleteOptions(uid: uid, gracePeriodSeconds: gracePeriodSeconds)
    var askedAgain = false
    while true {
      guard let version = try await evictionVersion() else {
        let deleted = try await deletePod(
          namespace: namespace, name: name, uid: uid, gracePeriodSeconds: gracePeriodSeconds)
        return deleted ? .evicted : .notFound
      }
      let eviction = JSONValue.object([
        "apiVersion": .string("policy/\(version.rawValue)"), "kind": .string("Eviction"),
        "metadata": .object(["name": .string(name), "namespace": .string(namespace)]),
        "deleteOptions": options,
      ])
      let call = KubeCall(
        action: "the eviction of pod \(namespace)/\(name)", method: "POST",
        path: KubeCall.path("/api/v1/namespaces", namespace, "pods", name, "eviction"),
        body: try encode(eviction))
      do throws(KubeError) {
        _ = try await perform(call)
        return .evicted
      } catch {
        // While control planes are upgraded, the server that answers may not be the one that was asked for
        // its versions.
        if error.httpStatus == 400, !askedAgain {
          askedAgain = true
          discovery.forget()
          continue
        }
        return try await outcome(of: error, namespace: namespace, name: name, uid: uid)
      }
    }
  }

  /// Reads a refused eviction; what is no answer to the eviction as such is thrown.
  private func outcome(
    of error: KubeError, namespace: String, name: String, uid: String?
  ) async throws(KubeError) -> EvictionResult {
    let message = error.status?.message ?? error.message
    switch error.code {
    case .notFound where error.status != nil: return .notFound
    case .tooManyRequests(let seconds):
      return .blocked(message: message, retryAfterSeconds: seconds, causes: error.status?.causes ?? [])
    // Old servers name no cause, only the sentence.
    case .forbidden
    where error.status?.hasCause("NamespaceTerminating") ?? false
      || message.contains("because it is being terminated"):
      return .namespaceTerminating
    case .conflict:
      let pod = try await pod(namespace: namespace, name: name)
      guard let pod, uid == nil || pod.metadata.uid == uid else { return .notFound }
      return .blocked(message: message, retryAfterSeconds: nil, causes: error.status?.causes ?? [])
    // The refusal of a pod with several budgets is a Status without a reason; trouble with etcd and the like
    // has one.
    case .serverError
    where error.httpStatus == 500 && error.status != nil
      && (error.status?.reason?.isEmpty ?? true || message.contains("PodDisruptionBudget")):
      return .misconfigured(message: message)
    default: throw error
    }
  }

  /// Deletes a pod without asking its disruption budgets. Zero seconds of grace remove the object at once, while
  /// its processes may still run.
  ///
  /// - Returns: false if the pod is gone already, or its name belongs to another pod now.
  @discardableResult
  package func deletePod(
    namespace: String, name: String, uid: String? = nil, gracePeriodSeconds: Int? = nil
  ) async throws(KubeError) -> Bool {
    do throws(KubeError) {
      _ = try await perform(
        KubeCall(
          action: "the deletion of pod \(namespace)/\(name)", method: "DELETE",
          path: KubeCall.path("/api/v1/namespaces", namespace, "pods", name),
          body: try encode(deleteOptions(uid: uid, gracePeriodSeconds: gracePeriodSeconds))))
      return true
    } catch {
      if error.code == .notFound, error.status != nil { return false }
      if error.code == .conflict, uid != nil { return false }
      throw error
    }
  }

  private func deleteOptions(uid: String?, gracePeriodSeconds: Int?) -> JSONValue {
    var options: [String: JSONValue] = ["apiVersion": .string("v1"), "kind": .string("DeleteOptions")]
    if let uid { options["preconditions"] = .object(["uid": .string(uid)]) }
    if let gracePeriodSeconds { options["gracePeriodSeconds"] = .number(gracePeriodSeconds) }
    return .object(options)
  }
}
