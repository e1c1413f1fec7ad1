import Testing

@testable import PawlModel

@Suite struct UpgradePathTests {
  static let offers = versions(
    "1.18.20", "1.19.1", "1.19.16", "1.20.2", "1.20.15", "1.20.9", "1.21.0-rc.1", "1.21.3", "1.22.0-rc.1",
    "1.22.17")

  private static func versions(_ texts: String...) -> [KubernetesVersion] {
    texts.compactMap(KubernetesVersion.init(parsing:))
  }

  private func hops(
    _ current: String, _ target: String, _ offers: [String: [KubernetesVersion]]
  ) throws -> [String] {
    let current = try #require(KubernetesVersion(parsing: current))
    let target = try #require(VersionTarget(parsing: target))
    return try UpgradePath.hops(from: current, to: target, offeredByHost: offers).map(\.description)
  }

  @Test(
    arguments: [
      ("1.19.16", "1.20", ["1.20.15"]), ("1.19.16", "1.20.9", ["1.20.9"]),
      ("1.18.1", "1.21", ["1.19.16", "1.20.15", "1.21.3"]),
      ("1.18.1", "1.20.2", ["1.19.16", "1.20.2"]), ("1.19.16", "1.19", []), ("1.19.16", "1.19.16", []),
      ("1.19.0", "1.19", ["1.19.16"]), ("1.19.0", "1.19.1", ["1.19.1"]), ("1.19.20", "1.19", []),
      ("1.21.3", "1.22.0-rc.1", ["1.22.0-rc.1"]), ("1.21.0-rc.1", "1.21", ["1.21.3"]), ("1.16.3", "1.16", []),
    ] as [(String, String, [String])])
  func goesMinorByMinorToTheNewestPatches(current: String, target: String, wanted: [String]) throws {
    #expect(try hops(current, target, ["a": Self.offers, "b": Self.offers.reversed()]) == wanted)
  }

  @Test(arguments: [
    (
      "1.20.2", "1.19", UpgradePathError.Code.downgrade,
      "the cluster is at 1.20.2 and 1.19 is older; Kubernetes has no way back"
    ),
    (
      "1.20.2", "1.20.1", .downgrade,
      "the cluster is at 1.20.2 and 1.20.1 is older; Kubernetes has no way back"
    ),
    (
      "1.20.2", "1.20.2-rc.1", .downgrade,
      "the cluster is at 1.20.2 and 1.20.2-rc.1 is older; Kubernetes has no way back"
    ),
    ("1.20.2", "2.0", .otherMajor, "the cluster is at 1.20.2 and 2.0 is of another major version"),
    (
      "1.20.2", "1.23", .targetNotOffered,
      "1.23 is not offered on every host: a has none of that minor. Check the package sources of that host"
    ),
    (
      "1.20.2", "1.21.9", .targetNotOffered,
      "1.21.9 is not offered on every host: a has 1.21.0-rc.1, 1.21.3. Check the package sources of that host"
    ),
    (
      "1.16.9", "1.19", .minorNotOffered,
      "1.17, on the way to 1.19, is not offered on every host: a has none of that minor. "
        + "Check the package sources of that host"
    ),
    (
      "1.20.2", "1.999999999", .targetNotOffered,
      "1.999999999 is not offered on every host: a has none of that minor. Check the package sources of that host"
    ),
  ])
  func refuses(current: String, target: String, code: UpgradePathError.Code, message: String) throws {
    let error = try #require(throws: UpgradePathError.self) { try hops(current, target, ["a": Self.offers]) }
    #expect(error.code == code)
    #expect(error.message == message)
  }

  @Test func takesOnlyWhatEveryHostOffers() throws {
    let offers = ["a": Self.versions("1.20.1", "1.20.2", "1.20.3"), "b": Self.versions("1.20.2", "1.20.1")]
    #expect(try hops("1.19.0", "1.20", offers) == ["1.20.2"])
  }

  @Test func preReleasesAreTakenOnlyByName() throws {
    let offers = ["a": Self.versions("1.20.2", "1.20.3-rc.0", "1.21.0-rc.1")]
    #expect(try hops("1.19.0", "1.20", offers) == ["1.20.2"])
    #expect(try hops("1.19.0", "1.20.3-rc.0", offers) == ["1.20.3-rc.0"])
    let error = try #require(throws: UpgradePathError.self) { try hops("1.20.2", "1.21", offers) }
    #expect(error.code == .targetNotOffered)
  }

  @Test func namesTheHostsThatLackAMinor() throws {
    let offers = [
      "cp-1": Self.versions("1.20.1", "1.21.1"), "worker-1": Self.versions("1.21.1"),
      "worker-2": Self.versions("1.21.1"),
    ]
    let error = try #require(throws: UpgradePathError.self) { try hops("1.19.0", "1.21", offers) }
    #expect(error.code == .minorNotOffered)
    #expect(
      error.message
        == "1.20, on the way to 1.21, is not offered on every host: worker-1 has none of that minor; "
        + "worker-2 has none of that minor. Check the package sources of these hosts")
    #expect(error.hosts == ["worker-1": [], "worker-2": []])
  }

  @Test func namesTheHostsThatDisagree() throws {
    let offers = ["a": Self.versions("1.20.1"), "b": Self.versions("1.20.2")]
    let error = try #require(throws: UpgradePathError.self) { try hops("1.19.0", "1.20", offers) }
    #expect(error.message == "no patch of 1.20 is offered by every host: a has 1.20.1; b has 1.20.2")
    #expect(error.hosts == offers)
  }

  @Test func noHostsOfferNothing() throws {
    let error = try #require(throws: UpgradePathError.self) { try hops("1.19.0", "1.20", [:]) }
    #expect(error.message == "no host offers 1.20")
    #expect(error.code == .targetNotOffered)
  }

  /// Whatever is offered: every hop is offered everywhere, no minor is left out, the last hop is the target.
  @Test func propertiesHoldForRandomOffers() throws {
    var random = SeededRandom(seed: 42)
    var found = 0
    for _ in 0..<2000 {
      func offer() -> [KubernetesVersion] {
        (0..<Int.random(in: 1...12, using: &random)).map { _ in
          KubernetesVersion(1, Int.random(in: 18...22, using: &random), Int.random(in: 0...2, using: &random))
        }
      }
      let offers = ["a": offer(), "b": offer()]
      let current = KubernetesVersion(1, Int.random(in: 18...20, using: &random), 1)
      let target = MinorVersion(major: 1, minor: Int.random(in: 18...22, using: &random))
      let result = Result { try UpgradePath.hops(from: current, to: .minor(target), offeredByHost: offers) }
      guard case .success(let hops) = result else { continue }
      found += hops.count
      for (before, hop) in zip([current] + hops, hops) {
        #expect(hop > before)
        #expect((hop.minorVersion.distance(from: before.minorVersion) ?? 9) <= 1)
        #expect(offers.values.allSatisfy { $0.contains(hop) })
      }
      #expect((hops.last ?? current).minorVersion == target)
    }
    #expect(found > 100)
  }
}
