import Foundation
package import PawlSteps
import Testing

/// What every `ClusterLeases` does, whatever is behind it. Run it with a subject for each implementation.
package enum ClusterLeasesContract {
  /// An API server to try it on, fresh for each case.
  package struct Subject: Sendable {
    package var leases: any ClusterLeases
    /// A namespace in which no lease `pawl-contract` exists.
    package var namespace: String

    /// Makes a subject.
    package init(leases: any ClusterLeases, namespace: String) {
      self.leases = leases
      self.namespace = namespace
    }
  }

  /// The names of the cases, for a parameterized test.
  package static var names: [String] { cases.map(\.name) }

  /// Runs one case.
  package static func run(_ name: String, on subject: Subject) async throws {
    try await #require(cases.first { $0.name == name }).check(subject)
  }

  private static let cases: [(name: String, check: @Sendable (Subject) async throws -> Void)] = [
    ("the cluster's identity stays", tellsIdentity),
    ("a lease that does not exist is nothing, and is made by writing it back", knowsAbsence),
    ("what is written is read", keepsEverything),
    ("a lease is made by one only", isMadeOnce),
    ("of two writers one is told of the other", comparesVersions),
    ("a free lease has no holder and keeps its transitions", isFreed),
  ]

  private static func lease(_ subject: Subject, holder: String = "alice@ops-1/run-1/7") -> ClusterLease {
    var lease = ClusterLease(namespace: subject.namespace, name: "pawl-contract")
    lease.holder = holder
    lease.durationSeconds = 45
    lease.acquiredAt = Date(timeIntervalSince1970: 1_800_000_000)
    lease.renewedAt = Date(timeIntervalSince1970: 1_800_000_015.5)
    lease.transitions = 3
    lease.annotations = ["pawl.dev/run": "run-1"]
    return lease
  }

  private static func tellsIdentity(_ subject: Subject) async throws {
    let identity = try await subject.leases.clusterIdentity()
    // It names a file on hosts.
    #expect(identity.wholeMatch(of: /[A-Za-z0-9][A-Za-z0-9._-]{7,127}/) != nil)
    #expect(try await subject.leases.clusterIdentity() == identity)
  }

  private static func knowsAbsence(_ subject: Subject) async throws {
    #expect(try await subject.leases.lease(namespace: subject.namespace, name: "pawl-contract") == nil)
    var ghost = lease(subject)
    ghost.version = "1"
    let made = try await subject.leases.updateLease(ghost)
    #expect(made.holder == ghost.holder && made.version != ghost.version)
    #expect(try await subject.leases.lease(namespace: subject.namespace, name: "pawl-contract") == made)
  }

  private static func keepsEverything(_ subject: Subject) async throws {
    let kept = try await subject.leases.createLease(lease(subject))
    #expect(kept.version != nil)
    var expected = lease(subject)
    expected.version = kept.version
    #expect(kept == expected)
    #expect(try await subject.leases.lease(namespace: subject.namespace, name: "pawl-contract") == expected)
  }

  private static func isMadeOnce(_ subject: Subject) async throws {
    _ = try await subject.leases.createLease(lease(subject))
    let error = await #expect(throws: ClusterError.self) {
      _ = try await subject.leases.createLease(lease(subject, holder: "bob@ops-2/run-2/9"))
    }
    #expect(error?.code == .conflict)
    let kept = try await subject.leases.lease(namespace: subject.namespace, name: "pawl-contract")
    #expect(kept?.holder == "alice@ops-1/run-1/7")
  }

  private static func comparesVersions(_ subject: Subject) async throws {
    let read = try await subject.leases.createLease(lease(subject))
    var mine = read
    mine.holder = "bob@ops-2/run-2/9"
    mine.transitions = 4
    let written = try await subject.leases.updateLease(mine)
    #expect(written.holder == mine.holder && written.transitions == 4 && written.version != read.version)
    let error = await #expect(throws: ClusterError.self) { _ = try await subject.leases.updateLease(read) }
    #expect(error?.code == .conflict)
    #expect(
      try await subject.leases.lease(namespace: subject.namespace, name: "pawl-contract") == written)
  }

  private static func isFreed(_ subject: Subject) async throws {
    var lease = try await subject.leases.createLease(lease(subject))
    lease.holder = nil
    lease.annotations = [:]
    let freed = try await subject.leases.updateLease(lease)
    #expect((freed.holder ?? "").isEmpty && freed.transitions == 3 && freed.annotations.isEmpty)
  }
}
