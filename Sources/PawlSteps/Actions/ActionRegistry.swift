package import PawlEngine
package import PawlPlan

/// The actions there are.
package struct ActionRegistry: Sendable {
  /// Everything built in. A new action is one line here.
  package static let standard = ActionRegistry([
    AptInstall.self,
    AptSetSource.self,
    AptUpdate.self,
    ClusterCheckHealth.self,
    ClusterCheckQuorum.self,
    ClusterCheckSkew.self,
    ClusterVerifyControlPlane.self,
    ClusterVerifyVersions.self,
    EtcdCheckMembers.self,
    HostReboot.self,
    HostWaitServices.self,
    GateBaseline.self,
    GateBudgetsRecovered.self,
    GateCommand.self,
    GateDaemonSetsReady.self,
    GateHTTP.self,
    GatePrometheus.self,
    GateWorkloadsRecovered.self,
    KubeadmUpgradeApply.self,
    KubeadmUpgradeNode.self,
    KubeadmUpgradePlan.self,
    KubeletRestart.self,
    NodeDrain.self,
    NodeUncordon.self,
    NodeWaitReady.self,
    PackagesDownload.self,
    PackagesUpgrade.self,
    RolloutApproval.self,
    RolloutAwaitWindow.self,
    RolloutCheckUnavailable.self,
    RolloutSoak.self,
  ])

  private let actions: [String: any Action.Type]

  /// Makes a registry; of two actions with one reference the last counts.
  package init(_ actions: [any Action.Type]) {
    self.actions = Dictionary(actions.map { ($0.spec.reference, $0) }, uniquingKeysWith: { $1 })
  }

  /// What a runbook may use.
  package var catalog: ActionCatalog { ActionCatalog(actions.values.map { $0.spec }) }

  /// Whether a step's action has an undo.
  package func hasUndo(_ step: PlanStep) -> Bool { actions[step.uses] is any UndoableAction.Type }

  /// Whether a step may start commands on its host, and so leave files there.
  package func startsCommands(_ step: PlanStep) -> Bool { (actions[step.uses]?.hostChanges ?? 1) > 0 }

  /// The action of a step, with its parameters read.
  /// - Throws: `unknown-action` or `invalid-parameters`.
  package func action(for step: PlanStep) throws(StepFailure) -> any Action {
    guard let type = actions[step.uses] else {
      throw StepFailure(
        code: "unknown-action", message: "Step \(step.id) uses \(step.uses), which this Pawl does not know.",
        hint: "Run the plan with the version of Pawl that made it, or plan again.")
    }
    return try type.init(step: step)
  }
}
