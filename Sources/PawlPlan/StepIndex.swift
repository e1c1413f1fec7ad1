/// A plan's steps by their ids: a look-up costs the same in a plan of any size.
package struct StepIndex: Sendable {
  private let steps: [PlanStep]
  private let places: [StepID: Int]

  /// Indexes a plan's steps.
  package init(_ plan: Plan) {
    steps = plan.steps
    places = Dictionary(uniqueKeysWithValues: plan.steps.enumerated().map { ($1.id, $0) })
  }

  /// The step of that id; nil when the plan has none.
  package func step(_ id: StepID) -> PlanStep? { places[id].map { steps[$0] } }

  /// The step at a place of the plan, from 0.
  package subscript(place: Int) -> PlanStep { steps[place] }

  /// The step's place in the plan, from 0; nil when the plan has none of that id.
  package func place(of id: StepID) -> Int? { places[id] }
}
