package import PawlEngine

/// What runs left behind on a cluster and its hosts.
package struct Leftovers: Sendable, Hashable {
  /// A node with a run's mark.
  package struct Cordon: Sendable, Hashable {
    package var node: String
    package var run: RunID

    package init(node: String, run: RunID) {
      self.node = node
      self.run = run
    }
  }

  /// The files of a run's commands on a host.
  package struct Jobs: Sendable, Hashable {
    package var host: String
    package var run: RunID

    package init(host: String, run: RunID) {
      self.host = host
      self.run = run
    }
  }

  /// Packages that a run took off hold for an installation that did not end.
  package struct Holds: Sendable, Hashable {
    package var host: String
    package var run: RunID
    package var packages: [String]

    package init(host: String, run: RunID, packages: [String]) {
      self.host = host
      self.run = run
      self.packages = packages
    }
  }

  /// By node.
  package var cordons: [Cordon] = []
  /// By host, then by run.
  package var jobs: [Jobs] = []
  /// By host, then by run.
  package var holds: [Holds] = []
  /// The holder that the lock's lease names, whether it lives or not.
  package var lock: LockHolder?
  /// What could not be looked at, each with a sentence, sorted.
  package var unseen: [String] = []

  /// Whether there is nothing to remove.
  package var isEmpty: Bool { cordons.isEmpty && jobs.isEmpty && holds.isEmpty && lock == nil }

  /// The runs that left them, sorted.
  package var runs: [RunID] {
    Set(cordons.map(\.run) + jobs.map(\.run) + holds.map(\.run) + [lock?.run].compactMap(\.self)).sorted()
  }
}
