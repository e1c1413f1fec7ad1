import Testing

@testable import PawlModel

/// The rules are those of the Kubernetes version-skew policy, by the minors that it was written for.
@Suite struct SkewTests {
  /// `node: version` pairs.
  private static func nodes(_ pairs: [String: String]) -> [String: KubernetesVersion] {
    pairs.compactMapValues(KubernetesVersion.init(parsing:))
  }

  /// API servers, kubelet, and the rules it breaks.
  @Test(
    arguments: [
      // "kubelet must not be newer than kube-apiserver"
      (["1.20.2"], "1.20.15", []), (["1.20.15"], "1.20.2", []), (["1.20.15"], "1.21.0", [.kubeletNotNewer]),
      // Up to 1.12: one minor (kubeadm's installation page)
      (["1.12.10"], "1.11.0", []), (["1.12.10"], "1.10.0", [.kubeletTooOld]),
      // 1.13 to 1.27: two minors
      (["1.13.0"], "1.11.0", []), (["1.13.0"], "1.10.0", [.kubeletTooOld]), (["1.27.1"], "1.25.0", []),
      (["1.27.1"], "1.24.0", [.kubeletTooOld]),
      // From 1.28: three minors, for kubelets from 1.25 on
      (["1.28.0"], "1.25.16", []), (["1.28.0"], "1.24.17", [.kubeletTooOld]),
      (["1.27.0"], "1.24.17", [.kubeletTooOld]),
      (["1.26.0"], "1.24.17", []), (["1.31.0"], "1.28.0", []), (["1.31.0"], "1.27.0", [.kubeletTooOld]),
      // Newer than the table: the rules of the newest known minor
      (["1.60.0"], "1.57.0", []), (["1.60.0"], "1.56.0", [.kubeletTooOld]),
      // Narrowing: never newer than the oldest server, not too old for the newest
      (["1.20.2", "1.21.0"], "1.21.0", [.kubeletNotNewer]), (["1.20.2", "1.21.0"], "1.20.2", []),
      (["1.20.2", "1.21.0"], "1.19.0", []), (["1.20.2", "1.21.0"], "1.18.0", [.kubeletTooOld]),
      (["1.27.0", "1.28.0"], "1.25.0", []), (["1.27.0", "1.28.0"], "1.24.0", [.kubeletTooOld]),
      // Another major is never right
      (["2.0.0"], "1.99.0", [.kubeletTooOld]), (["1.20.0"], "2.0.0", [.kubeletNotNewer]),
    ] as [([String], String, [SkewRule])])
  func kubelets(servers: [String], kubelet: String, rules: [SkewRule]) {
    let named = Dictionary(uniqueKeysWithValues: servers.enumerated().map { ("cp-\($0 + 1)", $1) })
    for component in [\ClusterVersions.kubelets, \.kubeProxies] {
      var versions = ClusterVersions(apiServers: Self.nodes(named))
      versions[keyPath: component] = Self.nodes(["w-1": kubelet])
      let found = SkewPolicy.violations(in: versions).map(\.rule)
      let twins: [SkewRule: SkewRule] = [
        .kubeletNotNewer: .kubeProxyNotNewer, .kubeletTooOld: .kubeProxyTooOld,
      ]
      #expect(found == (component == \.kubelets ? rules : rules.compactMap { twins[$0] }))
    }
  }

  /// "In HA clusters the newest and oldest kube-apiserver must be within one minor version."
  @Test(arguments: [
    (["1.20.2", "1.20.3", "1.20.2"], false), (["1.20.2", "1.21.0", "1.21.0"], false),
    (["1.20.2", "1.22.0", "1.21.0"], true), (["1.20.2"], false),
  ])
  func apiServersOfOneCluster(servers: [String], isBroken: Bool) {
    let named = Dictionary(uniqueKeysWithValues: servers.enumerated().map { ("cp-\($0 + 1)", $1) })
    let found = SkewPolicy.violations(in: ClusterVersions(apiServers: Self.nodes(named)))
    #expect(found.map(\.rule) == (isBroken ? [.apiServerSkew] : []))
  }

  /// "kube-controller-manager and kube-scheduler must not be newer than the kube-apiserver instances they
  /// communicate with … and may be up to one minor version older."
  @Test(
    arguments: [
      ("1.20.2", "1.20.9", []), ("1.20.2", "1.19.0", []), ("1.20.2", "1.18.0", [.controllerManagerTooOld]),
      ("1.20.2", "1.21.0", [.controllerManagerNotNewer]),
    ] as [(String, String, [SkewRule])])
  func controllers(server: String, controller: String, rules: [SkewRule]) {
    let managers = ClusterVersions(
      apiServers: Self.nodes(["cp-1": server]), controllerManagers: Self.nodes(["cp-1": controller]))
    #expect(SkewPolicy.violations(in: managers).map(\.rule) == rules)
    let schedulers = ClusterVersions(
      apiServers: Self.nodes(["cp-1": server]), schedulers: Self.nodes(["cp-1": controller]))
    let twins: [SkewRule: SkewRule] = [
      .controllerManagerNotNewer: .schedulerNotNewer, .controllerManagerTooOld: .schedulerTooOld,
    ]
    #expect(SkewPolicy.violations(in: schedulers).map(\.rule) == rules.compactMap { twins[$0] })
  }

  /// In the middle of kubeadm's upgrade of three control planes.
  @Test func controllersOfARollDependOnTheServerTheyReach() {
    let versions = ClusterVersions(
      apiServers: Self.nodes(["cp-1": "1.21.0", "cp-2": "1.20.2"]),
      controllerManagers: Self.nodes(["cp-1": "1.21.0", "cp-2": "1.20.2"]))
    #expect(SkewPolicy.violations(in: versions) == [])
    let strict = SkewPolicy.violations(in: versions, controllers: .anyServer)
    #expect(
      strict.map(\.description) == [
        "kube-controller-manager 1.21.0 on cp-1 is newer than the API server 1.20.2 on cp-2 "
          + "(rule controller-manager-not-newer)"
      ])
    #expect(strict.first?.host == "cp-1" && strict.first?.component == "kube-controller-manager")
  }

  /// "kubectl is supported within one minor version (older or newer) of kube-apiserver", of each of them.
  @Test(arguments: [
    (["1.20.0"], "1.19.0", true), (["1.20.0"], "1.21.0", true), (["1.20.0"], "1.22.0", false),
    (["1.20.0"], "1.18.0", false),
    (["1.20.0", "1.21.0"], "1.20.0", true), (["1.20.0", "1.21.0"], "1.22.0", false),
    (["1.20.0", "1.21.0"], "1.19.0", false),
  ])
  func kubectl(servers: [String], kubectl: String, isFine: Bool) {
    let named = Dictionary(uniqueKeysWithValues: servers.enumerated().map { ("cp-\($0 + 1)", $1) })
    let versions = ClusterVersions(
      apiServers: Self.nodes(named), kubectl: KubernetesVersion(parsing: kubectl))
    #expect(SkewPolicy.violations(in: versions).map(\.rule) == (isFine ? [] : [.kubectlSkew]))
  }

  /// Beside the kubelet: one minor before 1.28, three from then on.
  @Test(arguments: [
    ("1.21.0", "1.20.0", "1.21.0", true), ("1.21.0", "1.19.0", "1.21.0", false),
    ("1.30.0", "1.27.0", "1.30.0", true),
    ("1.30.0", "1.30.0", "1.27.0", true), ("1.31.0", "1.31.0", "1.31.0", true),
  ])
  func kubeProxyBesideItsKubelet(server: String, kubelet: String, proxy: String, isFine: Bool) {
    let versions = ClusterVersions(
      apiServers: Self.nodes(["cp-1": server]), kubelets: Self.nodes(["w-1": kubelet]),
      kubeProxies: Self.nodes(["w-1": proxy]))
    #expect(SkewPolicy.violations(in: versions).map(\.rule) == (isFine ? [] : [.kubeProxyKubeletSkew]))
  }

  @Test func saysWhichHostAndWhichRule() {
    let versions = ClusterVersions(
      apiServers: Self.nodes(["cp-2": "1.20.2", "cp-1": "1.20.2"]),
      kubelets: Self.nodes(["w-2": "1.21.0", "w-1": "1.17.3"]))
    #expect(
      SkewPolicy.violations(in: versions).map(\.description) == [
        "kubelet 1.17.3 on w-1 is more than 2 minors older than the API server 1.20.2 on cp-2 (rule kubelet-too-old)",
        "kubelet 1.21.0 on w-2 is newer than the API server 1.20.2 on cp-1 (rule kubelet-not-newer)",
      ])
  }

  @Test func nothingIsSaidWithoutAnAPIServer() {
    #expect(
      SkewPolicy.violations(in: ClusterVersions(apiServers: [:], kubelets: Self.nodes(["a": "1.1.1"]))) == [])
  }

  /// kubeadm up to 1.28 asks for kubelets at most one minor behind the target, later ones for three.
  @Test(
    arguments: [
      ("1.20.15", "1.19.1", "1.19.1", []), ("1.20.15", "1.19.1", "1.18.1", [.kubeadmKubeletTooOld]),
      ("1.28.1", "1.27.1", "1.26.1", [.kubeadmKubeletTooOld]), ("1.29.1", "1.28.1", "1.26.1", []),
      ("1.29.1", "1.28.1", "1.25.1", [.kubeadmKubeletTooOld]),
      ("1.21.0", "1.19.1", "1.20.0", [.kubeadmOneMinor]),
      ("1.20.1", "1.20.2", "1.20.0", [.kubeadmNoDowngrade]),
      ("1.19.1", "1.20.2", "1.19.0", [.kubeadmNoDowngrade]),
      ("1.20.2", "1.20.2", "1.19.0", []),
    ] as [(String, String, String, [SkewRule])])
  func kubeadmIsStricter(target: String, server: String, kubelet: String, rules: [SkewRule]) throws {
    let versions = ClusterVersions(
      apiServers: Self.nodes(["cp-1": server]), kubelets: Self.nodes(["w-1": kubelet]))
    let target = try #require(KubernetesVersion(parsing: target))
    let found = SkewPolicy.kubeadmViolations(applying: target, to: versions)
    #expect(found.map(\.rule) == rules)
    #expect(found.allSatisfy { $0.message.contains($0.host ?? "?") })
  }

  @Test func factsGiveTheVersions() {
    let version = KubernetesVersion(1, 20, 2)
    let facts = ClusterFacts(
      serverVersion: version,
      nodes: [NodeFacts(name: "cp-1", isControlPlane: true, kubeletVersion: version, ready: true)],
      controlPlane: [
        ControlPlaneFacts(node: "cp-1", apiServer: version, controllerManager: version, scheduler: nil)
      ])
    #expect(
      ClusterVersions(facts)
        == ClusterVersions(
          apiServers: ["cp-1": version], controllerManagers: ["cp-1": version], kubelets: ["cp-1": version]))
    let managed = ClusterFacts(serverVersion: version, nodes: [], controlPlane: [])
    #expect(ClusterVersions(managed).apiServers == ["the API server": version])
  }
}
