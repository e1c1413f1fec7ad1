import Testing

@testable import PawlModel

@Suite struct VersionTests {
  @Test(arguments: [
    ("1.20.15", "1.20.15"), ("v1.20.15", "1.20.15"), ("v1.21.0-rc.1", "1.21.0-rc.1"), ("0.0.0", "0.0.0"),
    ("v1.20.2+k3s1", "1.20.2"), ("1.20.2-alpha.1+b.2", "1.20.2-alpha.1"), ("1.2.3--", "1.2.3--"),
    ("999999999.0.1", "999999999.0.1"),
  ])
  func reads(text: String, description: String) throws {
    let version = try #require(KubernetesVersion(parsing: text))
    #expect(version.description == description)
    #expect(KubernetesVersion(parsing: version.tag) == version)
  }

  @Test(arguments: [
    "", "v", "1", "1.20", "1.20.", ".20.1", "1..1", "1.20.1.1", "01.20.1", "1.020.1", "1.20.00", "1.20.1-",
    "1.20.1-rc..1", "1.20.1-rc.01", "1.20.1-ä", "1.20.1+", "1.20.1+a..b", "1.20.1+ä", "V1.20.1", "vv1.20.1",
    " 1.20.1", "1.20.1 ", "1.20.x", "-1.20.1", "+1.20.1", "1.-20.1", "1.20.1000000000", "1.²0.1",
    "99999999999999999999.1.1", "1.20.1\n",
  ])
  func refuses(text: String) {
    #expect(KubernetesVersion(parsing: text) == nil)
  }

  /// Semantic versioning, rule 11, with its own example in the middle.
  static let ordered = [
    "0.9.9", "1.0.0-1", "1.0.0-2", "1.0.0-10", "1.0.0-99999999999999999999999998",
    "1.0.0-99999999999999999999999999", "1.0.0--", "1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta",
    "1.0.0-beta", "1.0.0-beta.2", "1.0.0-beta.11", "1.0.0-rc.1", "1.0.0", "1.0.1", "1.9.20", "1.10.0",
    "1.20.2",
    "1.20.15", "2.0.0-alpha", "2.0.0",
  ]

  @Test func isATotalOrder() throws {
    let versions = try Self.ordered.map { try #require(KubernetesVersion(parsing: $0)) }
    for (one, left) in versions.enumerated() {
      for (other, right) in versions.enumerated() {
        #expect((left < right) == (one < other), "\(left) and \(right)")
        #expect((left == right) == (one == other), "\(left) and \(right)")
      }
    }
  }

  @Test func orderIsIndependentOfTheStart() throws {
    let versions = try Self.ordered.map { try #require(KubernetesVersion(parsing: $0)) }
    var random = SeededRandom(seed: 11)
    for _ in 0..<50 { #expect(versions.shuffled(using: &random).sorted() == versions) }
  }

  @Test func targetsAreMinorsOrVersions() {
    #expect(VersionTarget(parsing: "1.12") == .minor(MinorVersion(major: 1, minor: 12)))
    #expect(VersionTarget(parsing: "v1.12") == .minor(MinorVersion(major: 1, minor: 12)))
    #expect(VersionTarget(parsing: "v1.12.3") == .exact(KubernetesVersion(1, 12, 3)))
    for text in ["", "1", "1.", "1.012", "1.12.", "1.12-rc.1", "latest", "1.9999999999"] {
      #expect(VersionTarget(parsing: text) == nil, "\(text)")
    }
  }

  @Test func minorsHaveDistancesWithinAMajor() {
    let minor = MinorVersion(major: 1, minor: 20)
    #expect(minor.next == MinorVersion(major: 1, minor: 21))
    #expect(minor.distance(from: MinorVersion(major: 1, minor: 22)) == -2)
    #expect(minor.distance(from: MinorVersion(major: 2, minor: 20)) == nil)
  }

  @Test(arguments: [
    ("1.23.6-00", "1.23.6"), ("1.28.2-1.1", "1.28.2"), ("1:1.28.2-1.1", "1.28.2"),
    ("1.21.0~rc.1-00", "1.21.0-rc.1"),
    ("1.20.5+really1.20.2-1.1", "1.20.2"), ("1.20.2", "1.20.2"),
  ])
  func packageVersionsHoldKubernetesVersions(text: String, description: String) {
    #expect(PackageFacts.kubernetesVersion(ofPackage: text)?.description == description)
  }

  @Test(arguments: ["", "-", "garbage", "1.20-1", "12:-1"])
  func otherPackageVersionsHoldNone(text: String) {
    #expect(PackageFacts.kubernetesVersion(ofPackage: text) == nil)
  }
}
