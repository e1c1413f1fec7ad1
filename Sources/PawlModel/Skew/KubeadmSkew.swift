/// kubeadm's own rules, which are stricter than the version-skew policy.
extension SkewPolicy {
  /// What kubeadm would refuse when it is told to take the cluster to `target`.
  ///
  /// The control plane moves one minor up and never down. The oldest kubelet may be one minor behind the target with
  /// kubeadm up to 1.28 (three from 1.29 on): the workers of a hop have to be done before the next hop begins.
  package static func kubeadmViolations(
    applying target: KubernetesVersion, to versions: ClusterVersions
  ) -> [SkewViolation] {
    let limit = KubernetesReleases.rules(for: target.minorVersion).kubeadmKubeletSkew
    let servers = versions.apiServers.sorted { $0.key < $1.key }
    let kubelets = versions.kubelets.sorted { $0.key < $1.key }
    let jumps = servers.filter { behind($0.value, target) > 1 }.map { node, version in
      SkewViolation(
        rule: .kubeadmOneMinor, component: "kube-apiserver", host: node, versions: [version, target],
        message: "kubeadm moves the control plane one minor at a time, and the API server on \(node) "
          + "is at \(version), more than one minor before \(target)")
    }
    let downgrades = servers.filter { $0.value > target }.map { node, version in
      SkewViolation(
        rule: .kubeadmNoDowngrade, component: "kube-apiserver", host: node, versions: [version, target],
        message: "the API server on \(node) is at \(version), newer than \(target)")
    }
    let old = kubelets.filter { behind($0.value, target) > limit }.map { node, version in
      SkewViolation(
        rule: .kubeadmKubeletTooOld, component: "kubelet", host: node, versions: [version, target],
        message: "kubelet \(version) on \(node) is more than \(minors(limit)) behind \(target); "
          + "kubeadm asks to upgrade that node first")
    }
    return jumps + downgrades + old
  }
}
