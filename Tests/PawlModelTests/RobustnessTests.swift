import Testing

@testable import PawlModel

/// Whatever stands in a file, reading it ends with a value or with diagnostics. A trap would end the test run.
@Suite struct RobustnessTests {
  static let snippets = [
    "${{", "}}", "{", "}", "[", "]", ":", ": ", "- ", "\n", "\n  ", "\t", "'", "\"", "|", ">", "&a ", "*a",
    "!!int ", "? ",
    "#", "~", "null", "true", "-1", "99999999999999999999", "1.20", "\u{0}", "\u{85}", "\u{2028}", "\u{FEFF}",
    "\u{E000}",
    "ä", "👩‍👩‍👧", "\r", "\r\n", "<<: ", "host", "inputs.", "needs: [a]", "---\n", "...\n", "%YAML 1.2\n",
    "\"\\uD800\"", "!<%ED%A0%80> ", "&-x ", "*-x ", "@",
    "`",
  ]

  /// The text with a few characters dropped, doubled, moved or replaced.
  private func mutate(_ text: String, _ random: inout SeededRandom) -> String {
    var scalars = Array(text.unicodeScalars)
    for _ in 0..<Int.random(in: 1...4, using: &random) where !scalars.isEmpty {
      let start = Int.random(in: 0..<scalars.count, using: &random)
      let end = min(scalars.count, start + Int.random(in: 0...12, using: &random))
      switch Int.random(in: 0..<5, using: &random) {
      case 0: scalars.removeSubrange(start..<end)
      case 1:
        scalars.insert(
          contentsOf: scalars[start..<end], at: Int.random(in: 0...scalars.count, using: &random))
      case 2:
        scalars.insert(
          contentsOf: Array((Self.snippets.randomElement(using: &random) ?? "").unicodeScalars), at: start)
      case 3:
        scalars.replaceSubrange(
          start..<end, with: (Self.snippets.randomElement(using: &random) ?? "").unicodeScalars)
      default: scalars = Array(scalars[..<start])
      }
    }
    var view = String.UnicodeScalarView()
    view.append(contentsOf: scalars)
    return String(view)
  }

  /// Every problem has a place inside the file.
  private func check(_ error: DiagnosticsError, _ text: String) {
    let lines = text.split(separator: /\r\n|[\n\r\u{85}\u{2028}\u{2029}]/, omittingEmptySubsequences: false)
    #expect(!error.diagnostics.isEmpty)
    for diagnostic in error.diagnostics {
      guard let place = diagnostic.location else {
        Issue.record("no place: \(diagnostic)")
        continue
      }
      #expect(
        place.line >= 1 && place.line <= lines.count && place.column >= 1,
        "\(diagnostic) in \(lines.count) lines")
    }
  }

  @Test(arguments: [1, 2] as [UInt64])
  func mutatedFilesAreReadOrRefused(seed: UInt64) {
    var random = SeededRandom(seed: seed)
    var (readable, refused) = (0, 0)
    for turn in 0..<600 {
      do {
        if turn.isMultiple(of: 2) {
          _ = try Inventory.read(
            text: mutate(Samples.inventory, &random), file: "f", directory: "/d", homeDirectory: "/h")
        } else {
          _ = try Runbook.read(text: mutate(Samples.runbook, &random), file: "f")
        }
        readable += 1
      } catch { refused += 1 }
    }
    #expect(readable > 5 && refused > 100, "\(readable) read, \(refused) refused")
  }

  @Test func problemsOfMutatedFilesHavePlaces() {
    var random = SeededRandom(seed: 3)
    for _ in 0..<300 {
      let text = mutate(Samples.runbook, &random)
      do throws(DiagnosticsError) { _ = try Runbook.read(text: text, file: "f") } catch { check(error, text) }
    }
  }

  @Test func everyPrefixOfAFileIsReadOrRefused() {
    for length in stride(from: 0, to: Samples.runbook.count, by: 3) {
      do throws(DiagnosticsError) {
        _ = try Runbook.read(text: String(Samples.runbook.prefix(length)), file: "f")
      } catch { check(error, String(Samples.runbook.prefix(length))) }
    }
  }

  static let words = [
    "a", "b.c", "x['y']", "1", "-2", "'t'", "'1.20'", "true", "null", "[", "]", "(", ")", ",", ".", "==",
    "!=", "<", "<=", ">",
    ">=", "in", "and", "or", "not", "!", "?", ":", "len(", "min(", "max(", "join(", "default(", "version(",
    "minor(", "first(",
    "contains(", "[1, 2]", "v", "l",
  ]

  static let scope: [String: Value] = [
    "a": .int(Int.min), "b": .map(["c": .bool(true)]), "x": .map(["y": .string("z")]),
    "v": .version(KubernetesVersion(1, 20, 1)),
    "l": .list([.int(1), .string("1.20"), .null]),
  ]

  /// Words in any order: most are refused, some have a value, none ends otherwise.
  @Test func wordsInAnyOrderHaveAValueOrNot() {
    var random = SeededRandom(seed: 4)
    let place = SourceLocation(file: "f", line: 1, column: 1)
    var values = 0
    for _ in 0..<20_000 {
      let count = Int.random(in: 1...9, using: &random)
      let source = (0..<count).compactMap { _ in Self.words.randomElement(using: &random) }.joined(
        separator: " ")
      guard case .success(let expression) = Result(catching: { try Expression(parsing: source, at: place) })
      else {
        continue
      }
      if case .success = Result(catching: { try expression.evaluate(in: Self.scope) }) { values += 1 }
    }
    #expect(values > 200, "\(values)")
  }

  /// Expressions that are grown by the grammar: all of them parse, and evaluation is total.
  @Test func grownExpressionsParseAndEvaluate() throws {
    var random = SeededRandom(seed: 5)
    let place = SourceLocation(file: "f", line: 1, column: 1)
    var values = 0
    for _ in 0..<3000 {
      let source = grow(4, &random)
      let expression = try Expression(parsing: source, at: place)
      if case .success = Result(catching: { try expression.evaluate(in: Self.scope) }) { values += 1 }
      let template = try Template(parsing: "${{ \(source) }}", at: place)
      #expect(template.references == expression.references)
    }
    #expect(values > 300, "\(values)")
  }

  private func grow(_ depth: Int, _ random: inout SeededRandom) -> String {
    let leaves = ["a", "b.c", "x['y']", "1", "'t'", "'1.20'", "true", "false", "null", "v", "l", "nowhere"]
    if depth == 0 { return leaves.randomElement(using: &random) ?? "1" }
    let (one, other) = (grow(depth - 1, &random), grow(Int.random(in: 0..<depth, using: &random), &random))
    switch Int.random(in: 0..<9, using: &random) {
    case 0: return "(\(one)) == (\(other))"
    case 1: return "(\(one)) < (\(other))"
    case 2: return "not (\(one))"
    case 3: return "(\(one)) and (\(other))"
    case 4: return "(\(one)) ? (\(other)) : (\(one.count))"
    case 5: return "[\(one), \(other)]"
    case 6: return "default(\(one), \(other))"
    case 7: return "(\(one)) in [\(other)]"
    default: return leaves.randomElement(using: &random) ?? "1"
    }
  }
}
