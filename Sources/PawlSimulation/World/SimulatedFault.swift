/// Something that goes wrong once, at the n-th command or API call of a kind.
package struct SimulatedFault: Sendable, Hashable {
  /// What goes wrong.
  package enum Effect: Sendable, Hashable {
    /// Does nothing and ends with a status and a complaint. An API call fails with the complaint.
    case fail(status: Int, String)
    /// Does all it should and then ends with a status.
    case failAfterEffect(status: Int, String)
    /// The link falls before anything is started.
    case loseLinkBefore
    /// The link falls at once while the command goes on by itself.
    case loseLinkDuring
    /// The command comes to its end; nobody is told.
    case loseLinkAfter
    /// Killed after its first change, with no status left.
    case killHalfway
    /// Never ends: whoever watches waits until it is cancelled.
    case hang
    /// Does not end before its own time limit.
    case overrun
  }

  /// Part of the command line (`kubeadm upgrade apply`) or of the API call (`POST pods/shop/web-1/eviction`).
  package var pattern: String
  /// Only on that host; nil for any host and the API server.
  package var host: String?
  /// The n-th match, from 1.
  package var occurrence: Int
  package var effect: Effect

  /// Makes a fault.
  package init(_ effect: Effect, at pattern: String, on host: String? = nil, occurrence: Int = 1) {
    self.effect = effect
    self.pattern = pattern
    self.host = host
    self.occurrence = occurrence
  }

  /// Whether it strikes a link or an API call, rather than a program.
  var isOfLink: Bool {
    switch effect {
    case .loseLinkBefore, .loseLinkDuring, .loseLinkAfter: true
    case .fail, .failAfterEffect, .killHalfway, .hang, .overrun: false
    }
  }
}

/// The faults that have not struck yet.
struct FaultPlan: Sendable {
  private var faults: [SimulatedFault] = []

  mutating func add(_ fault: SimulatedFault) { faults.append(fault) }

  /// Counts a match for each fault of the kind; gives the effect of the one that strikes, and forgets it.
  mutating func strike(
    _ text: String, host: String?, where isEligible: (SimulatedFault) -> Bool
  ) -> SimulatedFault.Effect? {
    var effect: SimulatedFault.Effect?
    for index in faults.indices.reversed()
    where isEligible(faults[index]) && text.contains(faults[index].pattern)
      && (faults[index].host == nil || faults[index].host == host)
    {
      faults[index].occurrence -= 1
      if faults[index].occurrence <= 0 { effect = faults.remove(at: index).effect }
    }
    return effect
  }
}
