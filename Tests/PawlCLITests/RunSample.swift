import Foundation
import PawlEngine
import PawlModel
import PawlPlan
import PawlTestSupport

/// A plan, a run of it with all that can happen, and each kind of event.
enum RunSample {
  static let run = RunID("20261121-104512-kubeadm-upgrade-7f3a")
  static let check = StepID("1.20/check-cluster")
  static let update = StepID("1.20/update-packages@cp-1")
  static let install = StepID("1.20/install-kubeadm@cp-1")
  static let failure = StepFailure(
    code: "apt-lock-held", message: "cp-1: another program holds dpkg's lock.", causes: ["lock-frontend"],
    retry: .temporary, hint: "Wait for it, then resume.")
  static let outcome = StepOutcome("3 of 3 members are healthy.", changed: false)

  /// The plan whose report is kept as a golden.
  static func plan() throws -> Plan {
    let path = PawlProgram.root + "/Tests/PawlCLITests/Goldens/plan-single-1.20.json"
    return try JSONDecoder().decode(Plan.self, from: Data(contentsOf: URL(fileURLWithPath: path)))
  }

  static func event(_ sequence: Int, _ kind: RunEventKind) -> RunEvent {
    RunEvent(
      sequence: sequence, time: Date(timeIntervalSince1970: 1_795_257_912 + Double(sequence)), kind: kind)
  }

  /// A journal that goes through every kind of event and ends with a failed step.
  static let journal: [RunEvent] = [
    .runStarted(by: "anna@ops1", resumed: false), .stepStarted(check, attempt: 1),
    .stepAttemptFailed(check, attempt: 1, failure, retryAfterSeconds: 5), .stepStarted(check, attempt: 2),
    .stepSucceeded(check, attempt: 2, outcome), .stepStarted(update, attempt: 1),
    .stepInDoubt(update, attempt: 1, reason: "The link to cp-1 fell."), .runStopped(.unreachable(update)),
    .runStarted(by: "anna@ops1", resumed: true), .stepProbeStarted(update, attempt: 1),
    .stepProbed(update, attempt: 1, .done(StepOutcome("The lists are new.", changed: true))),
    .stepStarted(install, attempt: 1), .stepInDoubt(install, attempt: 1, reason: "Pawl was killed."),
    .stepProbeStarted(install, attempt: 1),
    .stepProbed(install, attempt: 1, .unknown("Is kubeadm 1.20.15 installed on cp-1?")),
    .runStopped(.needsOperator(install)), .stepDecided(install, attempt: 1, .redo, by: "eve@ops2"),
    .runStarted(by: "eve@ops2", resumed: true), .stepStarted(install, attempt: 2),
    .stepFailed(install, attempt: 2, failure), .stepRetried(install, attempt: 2),
    .stepStarted(install, attempt: 3), .stepFailed(install, attempt: 3, failure),
    .runStopped(.failed(install)),
  ].enumerated().map { event($0.offset + 1, $0.element) }

  /// Each kind of event; those with verdicts and outcomes once for each of them.
  static let kinds: [RunEventKind] =
    journal.map(\.kind)
    + [.attached("pid 12"), .notStarted, .torn("half configured"), .unreachable(failure)].map {
      .stepProbed(update, attempt: 1, $0)
    }
    + [.completed, .paused("By anna."), .cancelled, .stuck(update)].map { .runStopped($0) }
    + [
      .stepForced(update, attempt: 1, by: "eve@ops2", reason: "Agreed with the shop."),
      .stepUndoStarted(update, attempt: 1),
      .stepUndoFailed(update, attempt: 1, failure, retryAfterSeconds: 2),
      .stepUndoFailed(update, attempt: 2, failure, retryAfterSeconds: nil),
      .stepUndone(update, attempt: 3, StepOutcome("kubelet on hold again on cp-1.", changed: true)),
      .stepHeld(
        check, attempt: 1,
        StepFailure(
          code: "approval-needed", message: "An operator has to approve the run.", retry: .hold,
          hint: "To approve: pawl approve RUN 1.20/check-cluster --as done")),
      .hostSkipped("worker-1", because: update, failure),
    ]

  static func record() throws -> RunRecord {
    RunRecord(
      id: run, plan: try plan(),
      inventory: Inventory(
        name: "single", kubernetes: KubernetesAccess(kubeconfig: "k"), ssh: SSHAccess(user: "u"), hosts: []),
      facts: Facts(
        cluster: ClusterFacts(serverVersion: KubernetesVersion(1, 19, 16), nodes: [], controlPlane: []),
        hosts: [:]),
      createdAt: Date(timeIntervalSince1970: 0), createdBy: "anna@ops1", pawlVersion: "0.1.0")
  }
}
