import PawlPlan

/// A set of steps in plan order. The first ones are at hand, however many there are.
struct StepQueue: Sendable, Sequence {
  private let steps: StepIndex
  /// In plan order, which ascends.
  private var places: [Int] = []

  init(_ steps: StepIndex) { self.steps = steps }

  /// The step that comes first in the plan; nil when the queue is empty.
  var first: StepID? { places.first.map { steps[$0].id } }

  mutating func insert(_ step: StepID) {
    guard let place = steps.place(of: step) else { return }
    let index = lowerBound(place)
    if index == places.endIndex || places[index] != place { places.insert(place, at: index) }
  }

  mutating func remove(_ step: StepID) {
    guard let place = steps.place(of: step) else { return }
    let index = lowerBound(place)
    if index < places.endIndex, places[index] == place { places.remove(at: index) }
  }

  func makeIterator() -> some IteratorProtocol<StepID> {
    places.lazy.map { [steps] in steps[$0].id }.makeIterator()
  }

  /// The first index whose place is not before `place`.
  private func lowerBound(_ place: Int) -> Int {
    var (low, high) = (0, places.count)
    while low < high {
      let middle = (low + high) / 2
      if places[middle] < place { low = middle + 1 } else { high = middle }
    }
    return low
  }
}
