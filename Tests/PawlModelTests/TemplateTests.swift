import Testing

@testable import PawlModel

@Suite struct TemplateTests {
  static let start = SourceLocation(file: "r.yaml", line: 3, column: 5)
  static let scope: [String: Value] = [
    "host": .map([
      "node": .string("w1"), "ready": .bool(true), "version": .version(KubernetesVersion(1, 20, 1)),
    ])
  ]

  @Test(
    arguments: [
      ("", .string("")), ("plain {{ }} $ text", .string("plain {{ }} $ text")),
      ("${{ host.ready }}", .bool(true)),
      ("${{ host.version }}", .version(KubernetesVersion(1, 20, 1))), ("${{host.node}}", .string("w1")),
      ("Drain ${{ host.node }}", .string("Drain w1")), ("${{ host.node }} ", .string("w1 ")),
      ("${{ host.node }}${{ host.version }}", .string("w11.20.1")), ("a ${{ '}}' }} b", .string("a }} b")),
      ("a}}b", .string("a}}b")),
    ] as [(String, Value)])
  func renders(source: String, wanted: Value) throws {
    let template = try Template(parsing: source, at: Self.start)
    #expect(try template.render(in: Self.scope) == wanted)
    #expect(try template.text(in: Self.scope) == wanted.description)
    #expect(template.source == source)
  }

  @Test(arguments: [
    ("a ${{ b", ["3:7: error: '${{' is not closed by '}}'"]),
    (
      "${{ }} and ${{ 1 + 1 }}",
      [
        "3:9: error: the expression is empty",
        "3:22: error: '+' has no meaning in an expression. There is no arithmetic.",
      ]
    ),
    ("x\n  ${{ a b }}", ["4:9: error: 'b' stands where the end of the expression should be"]),
  ])
  func reportsEveryFaultyExpression(source: String, messages: [String]) throws {
    let error = try #require(throws: DiagnosticsError.self) { try Template(parsing: source, at: Self.start) }
    #expect(error.diagnostics.map(\.description) == messages.map { "r.yaml:\($0)" })
  }

  @Test func knowsItsReferences() throws {
    let template = try Template(parsing: "${{ a.b }} ${{ c }} d", at: Self.start)
    #expect(template.references == [["a", "b"], ["c"]])
    #expect(template.expressions.map(\.source) == ["a.b", "c"])
    #expect(template.expressions.map(\.location.column) == [9, 20])
  }

  @Test func doesNotGrowWithoutBound() throws {
    let template = try Template(parsing: "${{ a }} ${{ a }}", at: Self.start)
    let scope: [String: Value] = ["a": .string(String(repeating: "x", count: 40_000))]
    let error = try #require(throws: ExpressionError.self) { try template.render(in: scope) }
    #expect(error.message == "the text grows beyond 65536 bytes")
  }

  @Test func valueTemplatesEvaluateDeeply() throws {
    let template = try Template(parsing: "${{ host.ready }}", at: Self.start)
    let value = ValueTemplate.map([
      "a": .list([.literal(.int(1)), .template(template)]), "b": .literal(.null),
    ])
    #expect(try value.evaluate(in: Self.scope) == .map(["a": .list([.int(1), .bool(true)]), "b": .null]))
    #expect(value.references == [["host", "ready"]])
    let error = try #require(throws: ExpressionError.self) { try value.evaluate(in: [:]) }
    #expect(error.location == SourceLocation(file: "r.yaml", line: 3, column: 9))
  }

  @Test(
    arguments: [
      .null, .bool(true), .int(Int.min), .int(Int.max), .string(""), .string("äöü\u{0}"),
      .list([.null, .int(1)]),
      .map(["a": .list([.map([:])]), "b": .string("1.20.1")]),
    ] as [Value])
  func valuesSurviveJSON(value: Value) throws {
    #expect(try JSONTwin.decode(Value.self, from: JSONTwin.encode(value)) == value)
  }

  @Test func versionsBecomeTextInJSON() throws {
    let value = Value.list([.version(KubernetesVersion(1, 20, 1))])
    #expect(try JSONTwin.decode(Value.self, from: JSONTwin.encode(value)) == value.plain)
  }

  @Test(arguments: ["1.5", "99999999999999999999", "[1.5]", "{\"a\": [1.5]}"])
  func numbersThatDoNotFitAreErrors(json: String) {
    #expect(throws: DecodingError.self) { try JSONTwin.decode(Value.self, from: json) }
  }
}
