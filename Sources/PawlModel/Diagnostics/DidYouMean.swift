/// Finds the name that a mistyped one was probably meant to be.
package enum DidYouMean {
  /// Longer names are not compared: a name that long is no typing slip.
  private static let lengthLimit = 64

  /// The closest candidate, when it is close enough to be worth naming: at most a third of the letters differ.
  package static func suggestion(for name: String, among candidates: some Sequence<String>) -> String? {
    let letters = Array(name.lowercased())
    guard !letters.isEmpty, letters.count <= lengthLimit else { return nil }
    let limit = max(1, letters.count / 3)
    var best: (distance: Int, name: String)?
    for candidate in candidates.sorted() where candidate != name {
      let other = Array(candidate.lowercased())
      guard other.count <= lengthLimit, abs(other.count - letters.count) <= limit else { continue }
      let distance = distance(letters, other)
      if distance <= limit, distance < letters.count, distance < best?.distance ?? Int.max {
        best = (distance, candidate)
      }
    }
    return best?.name
  }

  /// `Did you mean 'x'?`; nil without a close candidate.
  package static func hint(for name: String, among candidates: some Sequence<String>) -> String? {
    suggestion(for: name, among: candidates).map { "Did you mean '\($0)'?" }
  }

  /// Letters to insert, drop, replace or swap with their neighbour to get from one word to the other.
  private static func distance(_ left: [Character], _ right: [Character]) -> Int {
    var beforeLast: [Int] = []
    var last = Array(0...right.count)
    for row in left.indices {
      var current = [row + 1]
      for column in right.indices {
        let replaced = last[column] + (left[row] == right[column] ? 0 : 1)
        var cost = min(replaced, last[column + 1] + 1, current[column] + 1)
        if row > 0, column > 0, left[row] == right[column - 1], left[row - 1] == right[column] {
          cost = min(cost, beforeLast[column - 1] + 1)
        }
        current.append(cost)
      }
      (beforeLast, last) = (last, current)
    }
    return last[right.count]
  }
}
