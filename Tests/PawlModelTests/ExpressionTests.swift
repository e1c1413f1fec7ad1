import Testing

@testable import PawlModel

@Suite struct ExpressionTests {
  static let start = SourceLocation(file: "r.yaml", line: 7, column: 10)

  static let scope: [String: Value] = [
    "inputs": .map(["target": .string("1.21"), "count": .int(2), "empty": .string(""), "fast": .bool(false)]),
    "host": .map([
      "name": .string("worker-1"), "kubelet": .map(["version": .version(KubernetesVersion(1, 19, 16))]),
      "labels": .map(["zone": .string("a"), "rack-no": .string("7")]), "taints": .list([]), "note": .null,
    ]),
    "hop": .map(["version": .version(KubernetesVersion(1, 20, 15)), "index": .int(0)]),
    "names": .list([.string("a"), .string("b"), .string("c")]),
    "numbers": .list([.int(3), .int(1), .int(2)]),
  ]

  private func value(_ source: String) throws -> Value {
    try Expression(parsing: source, at: Self.start).evaluate(in: Self.scope)
  }

  @Test(
    arguments: [
      ("1", .int(1)), ("-5", .int(-5)), ("'a b'", .string("a b")), ("\"it's\"", .string("it's")),
      ("'\\'\\\\\\n\\t\\\"'", .string("'\\\n\t\"")), ("true", .bool(true)), ("null", .null),
      ("[]", .list([])),
      ("[1, 'a', [true]]", .list([.int(1), .string("a"), .list([.bool(true)])])), ("(1)", .int(1)),
      ("  inputs.count\n ", .int(2)), ("${{ inputs.count }}", .int(2)), (" ${{inputs.count}} ", .int(2)),
      ("${{ '}}' }}", .string("}}")),
      // Paths
      ("host.labels.zone", .string("a")), ("host['labels']['rack-no']", .string("7")),
      ("names[0]", .string("a")),
      ("names[hop.index]", .string("a")), ("[1, 2][1]", .int(2)),
      ("host[inputs.empty == '' ? 'name' : 'x']", .string("worker-1")),
      // Comparison
      ("1 < 2", .bool(true)), ("2 <= 1", .bool(false)), ("2 > 1", .bool(true)), ("1 >= 2", .bool(false)),
      ("1 == 1", .bool(true)), ("1 != 1", .bool(false)), ("'a' == 'a'", .bool(true)),
      ("host.note == null", .bool(true)),
      ("1 == null", .bool(false)), ("null != 'a'", .bool(true)), ("[1, 2] == [1, 2]", .bool(true)),
      ("true == false", .bool(false)),
      // Versions: against text, against a minor
      ("host.kubelet.version < hop.version", .bool(true)), ("hop.version == '1.20.15'", .bool(true)),
      ("hop.version == 'v1.20.15'", .bool(true)), ("'1.9.0' < hop.version", .bool(true)),
      ("hop.version == '1.20'", .bool(true)), ("hop.version >= '1.20'", .bool(true)),
      ("hop.version > '1.20'", .bool(false)), ("hop.version < inputs.target", .bool(true)),
      ("version('1.9.3') < version('1.10.0')", .bool(true)), ("version('1.9.3') < '1.10'", .bool(true)),
      ("version('1.20.0-rc.1') < version('1.20.0')", .bool(true)), ("minor(hop.version) >= 20", .bool(true)),
      ("major('1.20')", .int(1)), ("minor(inputs.target)", .int(21)), ("minor('v1.22.3')", .int(22)),
      // in
      ("'b' in names", .bool(true)), ("'x' in names", .bool(false)), ("1 in names", .bool(false)),
      ("'zone' in host.labels", .bool(true)), ("'ork' in host.name", .bool(true)),
      ("hop.version in ['1.19', '1.20']", .bool(true)), ("hop.version in ['1.20.1', 'x']", .bool(false)),
      // Logic
      ("true and false", .bool(false)), ("true or false", .bool(true)), ("not false", .bool(true)),
      ("!true || true && false", .bool(false)), ("true || x.unknown", .bool(true)),
      ("false && x.unknown", .bool(false)),
      ("not 1 == 2", .bool(true)), ("not not true", .bool(true)), ("false and false or true", .bool(true)),
      ("true or true and false", .bool(true)), ("1 < 2 and 2 < 3", .bool(true)),
      ("inputs.fast ? 1 : 2", .int(2)), ("true ? false ? 1 : 2 : 3", .int(2)),
      ("false ? 1 : true ? 2 : 3", .int(2)),
      ("true ? 1 : x.unknown", .int(1)),
      // Functions
      ("len(names)", .int(3)), ("len('äö')", .int(2)), ("len(host.labels)", .int(2)),
      ("default(host.lbls, 'x')", .string("x")),
      ("default(host.labels.nothing, 'x')", .string("x")), ("default(host.note, 'x')", .string("x")),
      ("default(host.note.deep, 'x')", .string("x")), ("default(first(host.taints), 'x')", .string("x")),
      ("default(names[9], 'x')", .string("x")), ("default(nowhere, 'x')", .string("x")),
      ("default(host.name, x.unknown)", .string("worker-1")), ("contains(names, 'b')", .bool(true)),
      ("contains(host.name, 'work')", .bool(true)), ("contains(host.labels, 'zone')", .bool(true)),
      ("startsWith(host.name, 'worker-')", .bool(true)), ("endsWith(host.name, '-2')", .bool(false)),
      ("join(names, ', ')", .string("a, b, c")), ("join([], ',')", .string("")),
      ("join(numbers, '')", .string("312")),
      ("join([hop.version, true, null], ' ')", .string("1.20.15 true null")),
      ("first(names)", .string("a")), ("last(names)", .string("c")), ("min(numbers)", .int(1)),
      ("max(numbers)", .int(3)),
      ("min(2, 1)", .int(1)),
      ("max(host.kubelet.version, hop.version)", .version(KubernetesVersion(1, 20, 15))),
      ("max(hop.version, '1.21.1')", .string("1.21.1")),
    ] as [(String, Value)])
  func evaluates(source: String, wanted: Value) throws {
    #expect(try value(source) == wanted)
  }

  /// Sources, the column of the mistake counted from 10, and the message.
  @Test(
    arguments: [
      ("", 10, "the expression is empty"), ("  ", 12, "the expression is empty"),
      ("${{ }}", 14, "the expression is empty"),
      ("1 +", 12, "'+' has no meaning in an expression. There is no arithmetic."),
      ("1 2", 12, "'2' stands where the end of the expression should be"),
      ("a = b", 12, "'=' has no meaning in an expression. Compare with '=='."),
      ("a & b", 12, "'&' has no meaning in an expression. Write 'and' or '&&'."),
      ("a | b", 12, "'|' has no meaning in an expression. Write 'or' or '||'."),
      ("a ==", 14, "the end stands where a value should be"),
      ("and a", 10, "'and' stands where a value should be"),
      ("(a", 12, "the end stands where ')' should be"), ("[a", 12, "the end stands where ']' should be"),
      ("[a,]", 13, "']' stands where a value should be"), ("a.", 12, "the end stands where a name should be"),
      ("a.'b'", 12, "text in quotes stands where a name should be"),
      ("a[1", 13, "the end stands where ']' should be"),
      ("a ? b", 15, "the end stands where ':' should be"), ("'abc", 10, "the text has no closing quote"),
      ("'a\\x'", 12, "the text has an unknown escape; known are \\\\ \\' \\\" \\n \\t"),
      ("a < b < c", 16, "comparisons do not chain. Join them with 'and'."),
      ("a == b in c", 17, "comparisons do not chain. Join them with 'and'."),
      ("1.20", 10, "numbers are whole. Write a version in quotes: '1.20'."),
      ("9223372036854775808", 10, "the number is too large"),
      ("lenn(a)", 10, "there is no function 'lenn'. Did you mean 'len'?"),
      (
        "exec(a)", 10,
        "there is no function 'exec'. There are: contains, default, endsWith, first, join, last, len, major, max, min, "
          + "minor, startsWith, version."
      ),
      ("len()", 10, "'len' is written len(text, list or map), not with 0 arguments"),
      ("x or join(a)", 15, "'join' is written join(list, separator), not with 1 arguments"),
      ("${{ a", 10, "'${{' is not closed by '}}'"),
      ("${{ a }} b", 19, "an expression ends with its closing braces"),
      (
        "a == ${{ b }}", 15,
        "'$' has no meaning in an expression. Inside an expression names stand bare, without '${{'."
      ),
      ("ä", 10, "'ä' has no meaning in an expression"),
    ] as [(String, Int, String)])
  func refusesAtTheColumn(source: String, column: Int, message: String) throws {
    let error = try #require(throws: DiagnosticsError.self) {
      try Expression(parsing: source, at: Self.start)
    }
    #expect(error.diagnostics.map(\.description) == ["r.yaml:7:\(column): error: \(message)"])
  }

  @Test(
    arguments: [
      ("hst.name", 10, "'hst' is not known here; did you mean 'host'"),
      ("x", 10, "'x' is not known here; there is hop, host, inputs, names, numbers"),
      ("host.kubelet.versoin < hop.version", 10, "`host.kubelet` has no 'versoin'; did you mean 'version'"),
      ("true and host.name.x", 19, "`host.name` is text and has no 'x'"),
      ("host.note.x", 10, "`host.note` is null and has no 'x'"),
      ("names[3]", 10, "`names` has 3 items and none at 3"),
      ("names[-1]", 10, "`names` has 3 items and none at -1"),
      ("names['a']", 10, "`names['a']` is text, not a place in a list: a whole number"),
      ("host[1]", 10, "`host[1]` is a whole number, not a key of a map: text"),
      ("inputs.count[0]", 10, "`inputs.count` is a whole number, not a list or a map"),
      ("true and 1", 19, "`1` is a whole number, not true or false"),
      ("not host.name", 14, "`host.name` is text, not true or false"),
      ("host.note ? 1 : 2", 10, "`host.note` is null, not true or false"),
      ("1 == '1'", 10, "`1 == '1'` compares a whole number with text"),
      ("true < false", 10, "`true < false` compares true or false with true or false"),
      ("null < 1", 10, "`null < 1` compares null with a whole number"),
      (
        "'1.9' < '1.10'", 10,
        "`'1.9' < '1.10'` orders text; to compare versions write version(…) around one side"
      ),
      ("hop.version < 'soon'", 10, "`hop.version < 'soon'` compares a version with 'soon', which is none"),
      ("hop.version < 20", 10, "`hop.version < 20` compares a version with a whole number"),
      ("1 in 2", 15, "`2` is a whole number, not a list, text or a map"),
      ("1 in 'a'", 15, "`'a'` is text and cannot hold a whole number"),
      ("version('1.20')", 18, "'1.20' is not a version such as 1.20.3"),
      ("version(1)", 18, "`1` is a whole number, not a version"),
      ("minor('x')", 16, "'x' is not a version such as 1.20 or 1.20.3"),
      ("len(1)", 14, "`1` is a whole number, not text, a list or a map"),
      ("first(host.taints)", 10, "`host.taints` is empty"), ("max([])", 10, "`[]` is empty"),
      (
        "max(['a', 'b'])", 10,
        "`max(['a', 'b'])` orders text; to compare versions write version(…) around one side"
      ),
      ("min(true)", 14, "`true` is true or false, not a list"),
      ("join('a', 'b')", 15, "`'a'` is text, not a list"),
      ("startsWith(names, 'a')", 21, "`names` is a list, not text"),
      ("default(1 < 'a', 2)", 18, "`1 < 'a'` compares a whole number with text"),
    ] as [(String, Int, String)])
  func failsWithThePartAndTheTypes(source: String, column: Int, message: String) throws {
    let error = try #require(throws: ExpressionError.self) { try value(source) }
    #expect(error.message == message)
    #expect(error.location == SourceLocation(file: "r.yaml", line: 7, column: column))
  }

  @Test(
    arguments: [
      ("1", []), ("host.labels['zone']", [["host", "labels", "zone"]]), ("a[0].b", [["a"]]),
      ("a.b[c.d].e", [["a", "b"], ["c", "d"]]),
      ("not (a and b) ? c : [d, e.f]", [["a"], ["b"], ["c"], ["d"], ["e", "f"]]),
      ("default(a.b, first(c))", [["a", "b"], ["c"]]),
      ("first(a).b", [["a"]]), ("x in y and x", [["x"], ["y"]]),
    ] as [(String, Set<[String]>)])
  func namesWhatItReads(source: String, references: Set<[String]>) throws {
    #expect(try Expression(parsing: source, at: Self.start).references == references)
  }

  @Test func isBoundedInSizeAndDepth() {
    let deep = String(repeating: "(", count: 40) + "1" + String(repeating: ")", count: 40)
    let sources = [
      deep, String(repeating: "not ", count: 40) + "true", String(repeating: "[", count: 100_000),
      String(repeating: "len(", count: 100_000), Array(repeating: "a", count: 600).joined(separator: " or "),
      "a" + String(repeating: ".a", count: 600), String(repeating: "1 ? ", count: 5000),
      "'" + String(repeating: "x", count: 5000) + "' == a",
    ]
    for source in sources {
      #expect(throws: DiagnosticsError.self, "\(source.prefix(20))") {
        try Expression(parsing: source, at: Self.start)
      }
    }
  }

  @Test func joinsDoNotMultiply() throws {
    let long = Value.list(Array(repeating: .string(String(repeating: "x", count: 100)), count: 500))
    let expression = try Expression(parsing: "join(l, join(l, join(l, join(l, '-'))))", at: Self.start)
    let error = try #require(throws: ExpressionError.self) { try expression.evaluate(in: ["l": long]) }
    #expect(error.message == "`join(l, join(l, '-'))` grows beyond 65536 bytes")
  }

  @Test func conditionsAreTrueOrFalse() throws {
    #expect(try Expression(parsing: "1 < 2", at: Self.start).condition(in: [:]))
    let error = try #require(throws: ExpressionError.self) {
      try Expression(parsing: "len('a')", at: Self.start).condition(in: [:])
    }
    #expect(error.description == "r.yaml:7:10: `len('a')` is not true or false")
  }

  @Test func areValues() throws {
    let one = try Expression(parsing: "a.b == 'c'", at: Self.start)
    #expect(try one == Expression(parsing: "a.b == 'c'", at: Self.start))
    #expect(try one != Expression(parsing: "a.b == 'd'", at: Self.start))
  }
}
