package import PawlModel

/// The static pods of one control-plane node, read from its pods in `kube-system`.
package struct ControlPlanePods: Sendable {
  /// The namespace of static pods that kubeadm writes.
  package static let namespace = "kube-system"
  /// What carries the cluster's version.
  package static let components = ["kube-apiserver", "kube-controller-manager", "kube-scheduler"]

  private let pods: [String: ClusterPod]

  /// Takes the pods of a node; others than the control plane's do not matter.
  package init(_ pods: [ClusterPod]) {
    let known = pods.compactMap { pod -> (String, ClusterPod)? in
      guard pod.namespace == Self.namespace, let component = pod.labels["component"] else { return nil }
      return (component, pod)
    }
    self.pods = Dictionary(known, uniquingKeysWith: { $1 })
  }

  /// The version that a component's image tag names; nil when the pod is missing or the tag is no version.
  package func version(of component: String) -> KubernetesVersion? {
    guard let pod = pods[component] else { return nil }
    let image = pod.images.first { Self.repository(of: $0).map(String.init) == component } ?? pod.images.first
    return image.flatMap(Self.tag).flatMap(KubernetesVersion.init(parsing:))
  }

  /// What is missing, not running or not ready, one phrase each; etcd counts when it is there.
  package var troubles: [String] {
    (Self.components + ["etcd"]).compactMap { component in
      guard let pod = pods[component] else { return component == "etcd" ? nil : "\(component) is missing" }
      if pod.phase != "Running" { return "\(component) is \(pod.phase)" }
      return pod.ready ? nil : "\(component) is not ready"
    }
  }

  /// What does not run a version, one phrase each.
  package func differences(from version: KubernetesVersion) -> [String] {
    Self.components.compactMap { component in
      guard pods[component] != nil else { return nil }
      let found = self.version(of: component)
      return found == version ? nil : "\(component) runs \(found?.tag ?? "an unknown version")"
    }
  }

  /// Components that run the version.
  package func components(at version: KubernetesVersion) -> [String] {
    Self.components.filter { self.version(of: $0) == version }
  }

  /// `kube-apiserver` of `registry.example:5000/kube-apiserver:v1.20.15@sha256:…`.
  private static func repository(of image: String) -> Substring? {
    image.split(separator: "/").last?.split(separator: ":").first
  }

  private static func tag(of image: String) -> String? {
    guard let last = image.split(separator: "/").last, let name = last.split(separator: "@").first else {
      return nil
    }
    let parts = name.split(separator: ":")
    return parts.count == 2 ? String(parts[1]) : nil
  }
}
