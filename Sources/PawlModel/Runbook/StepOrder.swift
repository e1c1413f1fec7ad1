/// The order of the steps of one list: ids, what each needs, and that no step waits for itself.
struct StepOrder {
  /// A step and the place of its id.
  struct Sibling {
    let step: RunbookStep
    let idLocation: SourceLocation
  }

  let steps: [Sibling]
  let log: DiagnosticLog
  /// The first step of each id.
  private let indexByID: [String: Int]

  init(steps: [Sibling], log: DiagnosticLog) {
    self.steps = steps
    self.log = log
    self.indexByID = Dictionary(
      steps.enumerated().map { ($1.step.id, $0) }, uniquingKeysWith: { first, _ in first })
  }

  func check() {
    checkIDs()
    checkNames()
    checkCycles()
  }

  private func checkIDs() {
    for (index, sibling) in steps.enumerated() where !sibling.step.id.isEmpty {
      guard let first = indexByID[sibling.step.id], first != index else { continue }
      log.error(
        "two steps have the id '\(sibling.step.id)'; the first is on line \(steps[first].idLocation.line)",
        at: sibling.idLocation)
    }
  }

  private func checkNames() {
    let ids = steps.map(\.step.id)
    for sibling in steps {
      var before: Set<String> = []
      for need in sibling.step.needs ?? [] {
        if indexByID[need.name] == nil {
          log.error(
            "there is no step '\(need.name)' in this list",
            hint: DidYouMean.hint(for: need.name, among: ids) ?? "'needs' names steps of the same list.",
            at: need.location)
        } else if !before.insert(need.name).inserted {
          log.error("'\(need.name)' is needed twice", at: need.location)
        }
      }
    }
  }

  // MARK: Cycles

  /// What a step waits for: its needs or, without any, the step before.
  private func predecessors(of index: Int) -> [Int] {
    guard let needs = steps[index].step.needs else { return index > 0 ? [index - 1] : [] }
    return needs.compactMap { indexByID[$0.name] }
  }

  private func checkCycles() {
    var finished = Set<Int>()
    for start in steps.indices where !finished.contains(start) {
      // The way from `start` to the step in hand, each with those of its predecessors that are still to visit.
      var way: [(index: Int, waiting: [Int])] = [(start, predecessors(of: start))]
      var onWay: Set<Int> = [start]
      while let last = way.indices.last {
        guard let next = way[last].waiting.popLast() else {
          let index = way.removeLast().index
          onWay.remove(index)
          finished.insert(index)
          continue
        }
        if onWay.contains(next), let position = way.firstIndex(where: { $0.index == next }) {
          report(cycle: way[position...].map(\.index))
        } else if !finished.contains(next) {
          way.append((next, predecessors(of: next)))
          onWay.insert(next)
        }
      }
    }
  }

  /// Reports a cycle, each step of which needs the one behind it and the last the first.
  private func report(cycle: [Int]) {
    guard let least = cycle.min(), let turn = cycle.firstIndex(of: least) else { return }
    let turned = Array(cycle[turn...] + cycle[..<turn])
    let names = (turned + [least]).map { steps[$0].step.id }
    log.error(
      "these steps wait for each other: \(names.joined(separator: " -> "))",
      hint: turned.count == 1 ? "A step cannot need itself." : nil, at: place(of: turned))
  }

  /// The `needs` entry that leads forward in the file: each cycle has one, as a step without `needs` waits for the
  /// one before.
  private func place(of cycle: [Int]) -> SourceLocation {
    for (position, index) in cycle.enumerated() {
      let next = cycle[(position + 1) % cycle.count]
      let need = steps[index].step.needs?.first { indexByID[$0.name] == next }
      if next >= index, let need { return need.location }
    }
    return steps[cycle[0]].step.location
  }
}
