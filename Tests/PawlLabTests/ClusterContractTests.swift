import Foundation
import PawlContracts
import PawlModel
import PawlSteps
import PawlTestSupport
import Testing

@testable import PawlCLI

extension LabTests {
  /// The simulated cluster's contract on a real API server, with a node and pods of its own: no kubelet stands behind
  /// them, and nothing of the lab's own is touched.
  @Suite("The contract of the API server's port", .serialized)
  struct ClusterContractTests {
    @Test("is kept by a real API server", arguments: ClusterClientContract.names)
    func contract(name: String) async throws {
      let scene = try Scene()
      do {
        try await scene.create()
        try await ClusterClientContract.run(name, on: try scene.subject())
      } catch {
        try await scene.remove()
        throw error
      }
      try await scene.remove()
    }

    @Test("is kept by a real API server for leases too", arguments: ClusterLeasesContract.names)
    func leases(name: String) async throws {
      let namespace = "contract-" + UUID().uuidString.lowercased().prefix(8)
      try await Lab.run("kubectl", "create", "namespace", namespace)
      let (cluster, _, _) = try KubeCluster.open(KubernetesAccess(kubeconfig: Lab.client + "/kubeconfig"))
      do {
        try await ClusterLeasesContract.run(name, on: .init(leases: cluster, namespace: namespace))
      } catch {
        try await Lab.run("kubectl", "delete", "namespace", namespace, "--wait=false")
        throw error
      }
      try await Lab.run("kubectl", "delete", "namespace", namespace, "--wait=false")
    }
  }
}

/// A namespace with two pods on a node that exists in the API only.
private struct Scene {
  private let name = "contract-" + UUID().uuidString.lowercased().prefix(8)
  private let directory: TemporaryDirectory

  init() throws { directory = try TemporaryDirectory() }

  func subject() throws -> ClusterClientContract.Subject {
    let (cluster, _, _) = try KubeCluster.open(KubernetesAccess(kubeconfig: Lab.client + "/kubeconfig"))
    return ClusterClientContract.Subject(
      client: cluster, worker: name, evictable: (name, "app=evictable"), guarded: (name, "app=guarded"),
      daemonSet: ("kube-system", "kube-proxy"), volume: (name, name, name, "data"), disk: disk)
  }

  func create() async throws {
    try await kubectl("create", "--validate=false", with: list)
    for app in ["evictable", "guarded"] {
      let path = "/api/v1/namespaces/\(name)/pods/\(app)/status"
      try await kubectl("replace", "--raw", path, with: pod(app, status: running))
    }
  }

  func remove() async throws {
    try await Lab.run("kubectl", "delete", "volumeattachment", name, "--ignore-not-found")
    try await Lab.run("kubectl", "delete", "persistentvolume", name, "--ignore-not-found", "--wait=false")
    try await Lab.run("kubectl", "delete", "node", name, "--ignore-not-found")
    try await Lab.run("kubectl", "delete", "namespace", name, "--ignore-not-found", "--wait=false")
  }

  private func kubectl(_ arguments: String..., with text: String) async throws {
    let file = directory.path + "/\(UUID().uuidString).json"
    try text.write(toFile: file, atomically: true, encoding: .utf8)
    try await Lab.run(["kubectl"] + arguments + ["-f", file])
  }

  private var list: String {
    let objects = [
      #"{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"\#(name)"}}"#,
      #"{"apiVersion":"v1","kind":"ServiceAccount","metadata":{"name":"contract","namespace":"\#(name)"}}"#,
      // The label keeps the pods of kube-proxy away, and no plugin is there that knows the attached volume.
      #"{"apiVersion":"v1","kind":"Node","metadata":{"name":"\#(name)","labels":{"kubernetes.io/os":"none"}},"status":{"nodeInfo":{"kubeletVersion":"v1.19.16"},"volumesAttached":[{"name":"\#(disk)","devicePath":"/none"}]}}"#,
      #"{"apiVersion":"policy/v1beta1","kind":"PodDisruptionBudget","metadata":{"name":"guarded","namespace":"\#(name)"},"spec":{"minAvailable":1,"selector":{"matchLabels":{"app":"guarded"}}}}"#,
      #"{"apiVersion":"v1","kind":"PersistentVolume","metadata":{"name":"\#(name)"},"spec":{"capacity":{"storage":"1Mi"},"accessModes":["ReadWriteOnce"],"persistentVolumeReclaimPolicy":"Retain","storageClassName":"none","hostPath":{"path":"/none"}}}"#,
      #"{"apiVersion":"v1","kind":"PersistentVolumeClaim","metadata":{"name":"data","namespace":"\#(name)"},"spec":{"storageClassName":"none","volumeName":"\#(name)","accessModes":["ReadWriteOnce"],"resources":{"requests":{"storage":"1Mi"}}}}"#,
      // No driver of that name is there, so nobody acts on it.
      #"{"apiVersion":"storage.k8s.io/v1","kind":"VolumeAttachment","metadata":{"name":"\#(name)"},"spec":{"attacher":"contract.pawl.dev","nodeName":"\#(name)","source":{"persistentVolumeName":"\#(name)"}}}"#,
      pod("evictable"), pod("guarded"),
    ]
    return #"{"apiVersion":"v1","kind":"List","items":[\#(objects.joined(separator: ","))]}"#
  }

  private var disk: String { "contract.pawl.dev/disk/\(name)" }

  private let running = #"{"phase":"Running","conditions":[{"type":"Ready","status":"True"}]}"#

  /// No seconds of grace: no kubelet would confirm the end.
  private func pod(_ app: String, status: String = "{}") -> String {
    #"{"apiVersion":"v1","kind":"Pod","metadata":{"name":"\#(app)","namespace":"\#(name)","labels":{"app":"\#(app)"}},"spec":{"nodeName":"\#(name)","serviceAccountName":"contract","automountServiceAccountToken":false,"terminationGracePeriodSeconds":0,"containers":[{"name":"c","image":"none"}]},"status":\#(status)}"#
  }
}
