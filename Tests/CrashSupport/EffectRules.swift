package import PawlSimulation

/// What was done to a run, as far as it decides which effects may come twice.
package enum Disturbance: Sendable, Hashable, CaseIterable {
  /// Pawl was killed or its link fell; commands on hosts went on to their end.
  case driverLost
  /// A command was killed between its effects.
  case commandTorn
  /// The step was done once more, by a new attempt.
  case doneAgain
}

/// An effect that may come more than once, and why that is harmless.
package struct RepeatableEffect: Sendable {
  package let name: String
  package let reason: String
  package let when: Set<Disturbance>
  /// Whether it may come though the undisturbed run has none, such as the tidying up after a failure.
  package var mayBeNew = false
  let matches: @Sendable (SimulatedChange) -> Bool

  /// All there are. A killed Pawl or a lost link is no excuse for any: the host knows the command by its key.
  package static let all = [
    RepeatableEffect(
      name: "package holds",
      reason: "an installation takes its packages off hold and puts back what the plan saw, each time",
      when: [.commandTorn, .doneAgain],
      matches: { change in
        switch change {
        case .held, .unheld: true
        default: false
        }
      }),
    RepeatableEffect(
      name: "kubelet restart", reason: "a restarted kubelet takes up its pods where they are",
      when: [.commandTorn, .doneAgain],
      matches: { if case .kubeletRestarted = $0 { true } else { false } }),
    RepeatableEffect(
      name: "automatic updates and marks",
      reason: "an upgrade stops them, and puts back what the plan saw, each time",
      when: [.commandTorn, .doneAgain],
      matches: { change in
        switch change {
        case .unit, .automatic: true
        default: false
        }
      }),
    RepeatableEffect(
      name: "add-ons", reason: "kubeadm applies the same manifests again",
      when: [.commandTorn, .doneAgain],
      matches: { if case .addonsUpgraded = $0 { true } else { false } }),
    RepeatableEffect(
      name: "scratch files",
      reason: "a new text goes to a hidden file, which then takes the place of the old one",
      when: [.commandTorn, .doneAgain], mayBeNew: true,
      matches: { change in
        switch change {
        case .fileWritten(_, let path, _), .fileMoved(_, let path, _): path.hasSuffix(".pawl")
        default: false
        }
      }),
  ]
}

/// A ledger to compare runs by.
package struct Effects: Sendable, Hashable {
  private var counts: [SimulatedChange: Int] = [:]
  private var movedPods: [String: Int] = [:]

  /// Counts a ledger.
  package init(_ ledger: [EffectRecord]) {
    for record in ledger {
      switch record.change {
      // Pods have new names in each run; what counts is that none is asked to leave twice.
      case .podEvicted(_, let uid), .podDeleted(_, let uid): movedPods[uid, default: 0] += 1
      default: counts[record.change, default: 0] += 1
      }
    }
  }

  /// What is missing or too much compared with an undisturbed run.
  package func differences(from reference: Effects, after disturbance: Disturbance) -> [String] {
    var found: [String] = []
    for (change, count) in counts {
      let wanted = reference.counts[change, default: 0]
      let mayRepeat = RepeatableEffect.all.contains {
        $0.when.contains(disturbance) && $0.matches(change) && (wanted > 0 || $0.mayBeNew)
      }
      if count > wanted && !mayRepeat {
        found.append("\(count) times, not \(wanted): \(change)")
      }
    }
    for (change, wanted) in reference.counts where counts[change, default: 0] < wanted {
      found.append("\(counts[change, default: 0]) times, not \(wanted): \(change)")
    }
    for (uid, count) in movedPods where count > 1 {
      found.append("pod \(uid) was asked to leave \(count) times")
    }
    return found.sorted()
  }
}
