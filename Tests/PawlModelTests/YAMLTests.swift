import Testing

@testable import PawlModel

@Suite struct YAMLTests {
  /// What is wrong with a text as YAML; empty when nothing is.
  private func problems(_ text: String) -> [String] {
    do {
      _ = try YAMLDocument(text: text, file: "f.yaml")
      return []
    } catch {
      return error.diagnostics.map(\.description)
    }
  }

  @Test(arguments: [
    ("", "f.yaml:1:1: error: the file is empty"),
    ("# only a comment\n", "f.yaml:1:1: error: the file is empty"),
    (
      "a: [1",
      "f.yaml:1:6: error: this is not valid YAML: did not find expected ',' or ']' (while parsing a flow sequence)"
    ),
    ("a: b: c", "f.yaml:1:5: error: this is not valid YAML: mapping values are not allowed in this context"),
    (
      "a: 1\n\tb: 2",
      "f.yaml:2:1: error: this is not valid YAML: found a tab character that violates indentation (while scanning a plain scalar)"
    ),
    (
      "a: 1\n---\nb: 2\n",
      "f.yaml:2:1: error: this is not valid YAML: but found another document (expected a single document in the stream)"
    ),
    ("a: 1\nb: \u{1}", "f.yaml:2:4: error: this is not valid YAML: control characters are not allowed"),
    ("a: *nowhere", "f.yaml:1:4: error: this is not valid YAML: found undefined alias"),
    (
      "a: &x 1\nb: *x",
      "f.yaml:1:4: error: YAML anchors and aliases are not supported. Write the value out at each place."
    ),
    ("a: !!int \"1\"", "f.yaml:1:4: error: YAML tags such as 'tag:yaml.org,2002:int' are not supported"),
    ("a: !mine {b: 1}", "f.yaml:1:4: error: YAML tags such as '!mine' are not supported"),
    ("{[a]: 1}", "f.yaml:1:2: error: a key has to be text"),
  ])
  func reportsWhatIsNotPlainYAML(text: String, message: String) {
    #expect(problems(text).first == message)
  }

  @Test func acceptsWhatLooksLikeAnAliasInProse() {
    #expect(problems("a: this & that *is* fine\nb: \"*x &y\"\nc: |\n  *x &y\n") == [])
  }

  @Test func limitsTheSize() {
    let text = "a: " + String(repeating: "x", count: YAMLDocument.Limit.bytes)
    #expect(problems(text) == ["f.yaml:1:1: error: the file has 1048579 bytes; the limit is 1048576"])
  }

  @Test(arguments: [47, 48, 900, 200_000])
  func limitsTheDepth(depth: Int) {
    let text = String(repeating: "[", count: depth) + "1" + String(repeating: "]", count: depth)
    #expect(problems(text).isEmpty == (depth == 47), "\(problems(text))")
    let block =
      (0..<min(depth, 1400)).map { String(repeating: " ", count: $0) + "a:" }.joined(separator: "\n") + " x"
    #expect(problems(block).isEmpty == (depth == 47), "\(problems(block).count)")
  }

  @Test func limitsTheNumberOfValues() {
    let text = "[" + String(repeating: "1,", count: YAMLDocument.Limit.nodes) + "]"
    #expect(problems(text).count == 1)
    #expect(problems(text).first?.hasSuffix("nested too deeply or too large to be one of Pawl's") == true)
  }

  /// Nine aliases to nine aliases to …: a thousand million values in a few lines.
  @Test func refusesAliasBombs() {
    var lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    for level in 1..<10 {
      lines.append(
        "a\(level): &a\(level) [" + Array(repeating: "*a\(level - 1)", count: 9).joined(separator: ", ") + "]"
      )
    }
    lines.append("? *a9\n: y")
    #expect(
      problems(lines.joined(separator: "\n")) == [
        "f.yaml:2:10: error: YAML anchors and aliases are not supported. Write the value out at each place."
      ])
  }

  @Test func keepsPlacesAfterRepeatedKeys() throws {
    let text = "a: 1\nb: {x: 1, x: 2}\n\"a\": 3\na: 4\n"
    let root = try YAMLDocument(text: text, file: "f.yaml").root
    let log = DiagnosticLog()
    let cursor = YAMLCursor(node: root, log: log, name: "the file")
    let entries = try #require(cursor.entries())
    _ = cursor.value(of: entries[1]).entries()
    #expect(entries.map(\.key) == ["a", "b"])
    #expect(
      DiagnosticsError(log.diagnostics).diagnostics.map(\.description) == [
        "f.yaml:2:11: error: 'x' is given twice; first on line 2",
        "f.yaml:3:1: error: 'a' is given twice; first on line 1",
        "f.yaml:4:1: error: 'a' is given twice; first on line 1",
      ])
  }

  @Test func boundsRepeatedKeys() {
    let text = String(repeating: "a: 1\n", count: 200)
    #expect(problems(text) == ["f.yaml:51:1: error: the key is given twice"])
    #expect(problems("{[a]: 1, [a]: 2}") == ["f.yaml:1:2: error: the key is given twice"])
  }

  @Test(arguments: ["&-a", "&_", "&9"])
  func noticesBombsOfOtherNames(anchor: String) {
    let alias = "*" + anchor.dropFirst()
    let text = "a: \(anchor) x\nb: [" + Array(repeating: alias, count: 9).joined(separator: ",") + "]"
    #expect(
      problems(text) == [
        "f.yaml:2:5: error: YAML anchors and aliases are not supported. Write the value out at each place."
      ])
  }

  struct Config: Decodable, Equatable {
    struct User: Decodable, Equatable { let name: String }
    let users: [User]
    let port: Int
    var context: String?
    var insecure: Bool?
  }

  @Test func decodesTypesOfOthers() throws {
    let yaml = "users: [{name: a, more: 1}]\nport: 6443\n"
    let json = "{\"users\": [{\"name\": \"a\"}], \"port\": 6443}"
    let wanted = Config(users: [Config.User(name: "a")], port: 6443)
    #expect(try decodeYAML(Config.self, from: yaml, file: "k") == wanted)
    #expect(try decodeYAML(Config.self, from: json, file: "k") == wanted)
    #expect(try decodeYAML(Config.self, from: yaml + "context: null\ninsecure:\n", file: "k") == wanted)
    let texts = try decodeYAML(Config.self, from: yaml + "context: \"null\"\ninsecure: true\n", file: "k")
    #expect(texts == Config(users: wanted.users, port: 6443, context: "null", insecure: true))
  }

  @Test(arguments: [
    ("users:\n  - nme: a\nport: 1", "k:2:5: error: the key 'name' is missing"),
    ("users:\n  - name: [a]\nport: 1", "k:2:11: error: 'users.Index 0.name' has the wrong type"),
    ("users: []\nport: secret", "k:2:7: error: 'port' has the wrong type"),
    ("users: []\nport: 1\nport: 2", "k:3:1: error: 'port' is given twice; first on line 2"),
    ("[]", "k:1:1: error: the file has the wrong type"),
    (
      "users: [",
      "k:1:9: error: this is not valid YAML: did not find expected node content (while parsing a flow node)"
    ),
  ])
  func namesThePlaceOfDecodingErrors(text: String, message: String) throws {
    let error = try #require(throws: DiagnosticsError.self) {
      try decodeYAML(Config.self, from: text, file: "k")
    }
    #expect(error.description == message)
  }

  @Test(arguments: [
    ("a: xyz", 1, 1, 5), ("a:   \"xyz\"", 2, 1, 9), ("a: 'xyz'", 0, 1, 5), ("a: \"x\\nyz\"", 2, 1, 4),
    ("a: |\n    one\n    two\n", 5, 3, 6), ("a: |\n    one\n\n      two\n", 7, 4, 7),
    ("a: >\n  one\n  two\n", 5, 1, 4),
    ("b: ä\na: äxyz", 1, 2, 5),
  ])
  func findsPlacesInsideScalars(text: String, offset: Int, line: Int, column: Int) throws {
    let root = try YAMLDocument(text: text, file: "f").root
    guard case .mapping(let entries) = root.content, let entry = entries.first(where: { $0.key == "a" }),
      case .scalar(let scalar) = entry.value.content
    else {
      Issue.record("no scalar")
      return
    }
    #expect(scalar.places.location(at: offset) == SourceLocation(file: "f", line: line, column: column))
  }
}
