import Testing

@testable import PawlModel

@Suite struct ReleasesTests {
  private func facts(_ minor: Int) -> ReleaseFacts? {
    KubernetesReleases.facts(for: MinorVersion(major: 1, minor: minor))
  }

  @Test func theTableHasEveryMinorOnce() {
    #expect(KubernetesReleases.all.map(\.minor) == (11...37).map { MinorVersion(major: 1, minor: $0) })
    #expect(facts(10) == nil && facts(38) == nil)
    #expect(KubernetesReleases.facts(for: MinorVersion(major: 2, minor: 20)) == nil)
  }

  @Test func datesAreInOrder() {
    let dates = KubernetesReleases.all.map(\.endOfLife)
    #expect(dates == dates.sorted())
    #expect(dates.allSatisfy { $0.utf8.count == 10 && $0.hasPrefix("20") })
    #expect(facts(20)?.endOfLife == "2022-02-28")
  }

  @Test func hazardsAreSentencesTheWorstFirst() {
    for release in KubernetesReleases.all {
      #expect(!release.hazards.isEmpty, "\(release.minor)")
      #expect(release.hazards.map(\.level) == release.hazards.map(\.level).sorted(), "\(release.minor)")
      for hazard in release.hazards {
        #expect(hazard.text.hasSuffix(".") && !hazard.area.isEmpty, "\(release.minor): \(hazard.text)")
      }
      #expect(Set(release.hazards).count == release.hazards.count)
    }
  }

  /// The forms of `kubeadm upgrade` that the documentation of each minor gives.
  @Test(
    arguments: [
      (11, ["upgrade", "node", "config", "--kubelet-version", "v1.11.3"], nil),
      (
        12, ["upgrade", "node", "config", "--kubelet-version", "v1.12.3"],
        ["upgrade", "node", "experimental-control-plane"]
      ),
      (
        14, ["upgrade", "node", "config", "--kubelet-version", "v1.14.3"],
        ["upgrade", "node", "experimental-control-plane"]
      ),
      (15, ["upgrade", "node"], ["upgrade", "node", "--certificate-renewal=true"]),
      (16, ["upgrade", "node"], ["upgrade", "node", "--certificate-renewal=true"]),
      (17, ["upgrade", "node"], ["upgrade", "node"]), (37, ["upgrade", "node"], ["upgrade", "node"]),
      (99, ["upgrade", "node"], ["upgrade", "node"]),
    ] as [(Int, [String], [String]?)])
  func commandsHaveTheFormOfTheMinor(minor: Int, worker: [String], controlPlane: [String]?) {
    let rules = KubernetesReleases.rules(for: MinorVersion(major: 1, minor: minor))
    let version = KubernetesVersion(1, minor, 3)
    #expect(rules.workerArguments(for: version) == worker)
    #expect(rules.otherControlPlaneArguments == controlPlane)
    #expect(rules.firstControlPlaneArguments(for: version) == ["upgrade", "apply", "-y", "v1.\(minor).3"])
  }

  @Test(arguments: [
    (5, 1, 1), (12, 1, 1), (13, 2, 1), (27, 2, 1), (28, 3, 1), (29, 3, 3), (37, 3, 3), (90, 3, 3),
  ])
  func boundsChangeWithTheMinor(minor: Int, kubelet: Int, kubeadm: Int) {
    let rules = KubernetesReleases.rules(for: MinorVersion(major: 1, minor: minor))
    #expect(rules.kubeletSkew == kubelet)
    #expect(rules.kubeadmKubeletSkew == kubeadm)
  }
}
