import PawlPlan

// What a process does that takes a run up: it finds what an earlier one left, and looks again at what was proven of a
// moment that has passed.
extension RunMachine {
  /// What an earlier process left behind: started steps are in doubt; when the run goes forward failed ones get a new
  /// chance, and what was proven then is looked at again. An undo that was cut off is simply begun again.
  func leftovers(goingForward: Bool) -> [RunEventKind] {
    let stale = goingForward ? staleProofs : []
    return plan.steps.compactMap { step in
      switch state.status(of: step.id) {
      case .started(let attempt), .attached(let attempt):
        .stepInDoubt(step.id, attempt: attempt, reason: "The process that ran it ended without an outcome.")
      case .probing(let attempt):
        .stepInDoubt(step.id, attempt: attempt, reason: "The process that probed it ended.")
      case .needsOperator(let attempt, let question):
        .stepInDoubt(step.id, attempt: attempt, reason: question)
      case .failed(let attempt, _), .held(let attempt, _):
        goingForward ? .stepRetried(step.id, attempt: attempt) : nil
      case .succeeded(let attempt, _):
        stale.contains(step.id) ? .stepRetried(step.id, attempt: attempt) : nil
      case .pending, .waiting, .ready, .inDoubt, .undoing, .undone, .undoFailed:
        nil
      }
    }
  }

  /// For each step, the proofs of the moment on its host that it goes by: those before it in its host's turn, which is
  /// what follows without a step of another host in between, up to where the very same is proven anew.
  static func proofs(of plan: Plan, _ dependents: [StepID: [StepID]], _ steps: StepIndex) -> [StepID:
    [StepID]]
  {
    var proofs: [StepID: [StepID]] = [:]
    for proof in plan.steps where proof.proof == .moment && proof.host != nil {
      var open = dependents[proof.id] ?? []
      var seen: Set<StepID> = []
      while let id = open.popLast() {
        guard let step = steps.step(id), step.host == proof.host,
          (step.uses, step.with) != (proof.uses, proof.with),
          seen.insert(id).inserted
        else { continue }
        proofs[id, default: []].append(proof.id)
        open += dependents[id] ?? []
      }
    }
    return proofs
  }

  /// Proofs to be looked at again: those that held and whose purpose has not begun. What an operator has answered for
  /// stays done.
  private var staleProofs: Set<StepID> {
    var turns: [StepID: [PlanStep]] = [:]
    for step in plan.steps {
      for proof in proofs[step.id] ?? [] { turns[proof, default: []].append(step) }
    }
    return Set(
      turns.filter { proof, turn in
        guard state.status(of: proof).isSucceeded, !state.approved.contains(proof),
          let purpose = Self.purpose(of: turn)
        else { return false }
        return state.status(of: purpose.id).attempt == 0
      }.keys)
  }

  /// What is proven before: that the node goes out of service or its control plane is changed; where neither comes,
  /// the first step that can't be taken back.
  private static func purpose(of turn: [PlanStep]) -> PlanStep? {
    let change = turn.first { step in
      step.effects.contains { effect in
        switch effect {
        case .outOfService, .controlPlane: true
        case .inService, .kubeletInstalled, .kubeletRunning: false
        }
      }
    }
    return change ?? turn.first { $0.reversibility == .final }
  }

  /// Whether all proofs that the step goes by hold. Before the first resume its needs say the same.
  func isProven(_ step: StepID) -> Bool {
    (proofs[step] ?? []).allSatisfy { state.status(of: $0).isSucceeded }
  }
}
