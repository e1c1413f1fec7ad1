import Foundation
import Testing

@testable import PawlSSH

@Suite("known_hosts")
struct KnownHostsTests {
  static let keyA: [UInt8] = Array("key a".utf8)
  static let keyB: [UInt8] = Array("key b".utf8)

  struct Case: Sendable, CustomTestStringConvertible {
    var name: String
    var text: String
    var host = "node"
    var port = 22
    var expected: String
    var testDescription: String { name }
  }

  static func line(_ names: String, type: String = "ssh-ed25519", key: [UInt8] = keyA) -> String {
    "\(names) \(type) \(Data(key).base64EncodedString()) comment words\n"
  }

  /// HMAC of a salt, as `ssh-keygen -H` writes it.
  static func hashed(_ name: String) -> String {
    let salt = Array("0123456789abcdefghij".utf8)
    let hash = SHA1.hmac(key: salt, message: Array(name.utf8))
    return "|1|\(Data(salt).base64EncodedString())|\(Data(hash).base64EncodedString())"
  }

  static let cases: [Case] = [
    Case(name: "plain", text: line("node"), expected: "match"),
    Case(name: "one of several names", text: line("a,node,10.0.0.1"), expected: "match"),
    Case(name: "letters of either size", text: line("NODE"), host: "Node", expected: "match"),
    Case(name: "another host", text: line("other"), expected: "unknown"),
    Case(name: "nothing", text: "", expected: "unknown"),
    Case(name: "comments and rubbish", text: "# node\n\nnode\nnode ssh-ed25519 ???\n", expected: "unknown"),
    Case(name: "other key", text: line("node", key: keyB), expected: "mismatch 1"),
    Case(
      name: "other key first, right key later", text: line("node", key: keyB) + line("node"),
      expected: "match"),
    Case(name: "other type only", text: line("node", type: "ssh-rsa"), expected: "unknown ssh-rsa"),
    Case(name: "port", text: line("[node]:2222"), port: 2222, expected: "match"),
    Case(name: "wrong port", text: line("[node]:2222"), port: 2223, expected: "unknown"),
    Case(name: "port entry does not count for 22", text: line("[node]:2222"), expected: "unknown"),
    Case(name: "entry without a port counts for any", text: line("node"), port: 2222, expected: "match"),
    Case(
      name: "other key without a port is no mismatch", text: line("node", key: keyB), port: 2222,
      expected: "unknown ssh-ed25519"),
    Case(name: "wildcards", text: line("10.0.?.*"), host: "10.0.3.44", expected: "match"),
    Case(name: "wildcard in the middle", text: line("a*b*c"), host: "axxbyybzc", expected: "match"),
    Case(name: "wildcard misses", text: line("a*b*c"), host: "axxcyy", expected: "unknown"),
    Case(name: "negated", text: line("*.lab,!bad.lab"), host: "bad.lab", expected: "unknown"),
    Case(name: "not negated", text: line("*.lab,!bad.lab"), host: "good.lab", expected: "match"),
    Case(name: "hashed", text: line(hashed("node")), expected: "match"),
    Case(name: "hashed with port", text: line(hashed("[node]:2222")), port: 2222, expected: "match"),
    Case(name: "hashed other", text: line(hashed("nod")), expected: "unknown"),
    Case(name: "hashed mismatch", text: line(hashed("node"), key: keyB), expected: "mismatch 1"),
    Case(name: "revoked", text: line("node") + "@revoked " + line("node"), expected: "revoked 2"),
    Case(name: "authority", text: "@cert-authority " + line("node"), expected: "unknown"),
    Case(
      name: "carriage returns", text: "node ssh-ed25519 \(Data(keyA).base64EncodedString())\r\n",
      expected: "match"),
  ]

  @Test("What the files say", arguments: cases)
  func verdicts(item: Case) {
    let known = KnownHosts(text: item.text, file: "kh")
    let verdict = known.verdict(host: item.host, port: item.port, keyType: "ssh-ed25519", key: Self.keyA)
    let text =
      switch verdict {
      case .match: "match"
      case .mismatch(let entry): "mismatch \(entry.line)"
      case .revoked(let entry): "revoked \(entry.line)"
      case .unknown(let types): (["unknown"] + types).joined(separator: " ")
      }
    #expect(text == item.expected)
  }

  @Test("Key types come in the order of the file, each once")
  func types() {
    let text =
      Self.line("node", type: "ssh-rsa") + Self.line("x") + Self.line("node")
      + Self.line("node", key: Self.keyB)
    #expect(
      KnownHosts(text: text, file: "kh").keyTypes(host: "node", port: 22) == ["ssh-rsa", "ssh-ed25519"])
  }

  @Test("Hashing agrees with ssh-keygen")
  func agreesWithTool() async throws {
    let path = NSTemporaryDirectory() + "pawl-kh-\(UUID().uuidString)"
    let key = "AAAAC3NzaC1lZDI1NTE5AAAAIGyr7wzXkyBq1n3z2v3+0tqVv6q3Qh4oYbnA6d8vX1cB"
    try Data("node.example ssh-ed25519 \(key)\n[node.example]:2222 ssh-ed25519 \(key)\n".utf8)
      .write(to: URL(fileURLWithPath: path))
    defer { for file in [path, path + ".old"] { removeFiles(file) } }
    try await runTool("/usr/bin/ssh-keygen", ["-q", "-H", "-f", path])
    let known = KnownHosts(files: [path])
    #expect(known.entries.count == 2)
    #expect(known.entries.allSatisfy { $0.names[0].hasPrefix("|1|") })
    let bytes = Array(try #require(Data(base64Encoded: key)))
    for port in [22, 2222] {
      #expect(known.verdict(host: "node.example", port: port, keyType: "ssh-ed25519", key: bytes) == .match)
    }
    #expect(
      known.verdict(host: "node.example", port: 22, keyType: "ssh-ed25519", key: [1])
        == .mismatch(known.entries[0]))
  }

  @Test("Private keys are told apart without a passphrase")
  func keyFiles() async throws {
    let directory = NSTemporaryDirectory() + "pawl-keys-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    defer { removeFiles(directory) }
    let cases: [(name: String, arguments: [String], kind: PrivateKeyFile.Kind, isEncrypted: Bool)] = [
      ("a", ["-t", "ed25519", "-N", ""], .ed25519, false),
      ("b", ["-t", "ed25519", "-N", "words"], .ed25519, true),
      ("c", ["-t", "ecdsa", "-N", ""], .ecdsa, false),
      ("d", ["-t", "ecdsa", "-m", "PEM", "-N", "words"], .ecdsa, true),
      ("e", ["-t", "rsa", "-m", "PEM", "-N", ""], .rsa, false),
      ("f", ["-t", "rsa", "-N", "words"], .rsa, true),
    ]
    for (name, arguments, kind, isEncrypted) in cases {
      try await runTool("/usr/bin/ssh-keygen", ["-q", "-f", "\(directory)/\(name)"] + arguments)
      let data = try #require(FileManager.default.contents(atPath: "\(directory)/\(name)"))
      let key = try #require(PrivateKeyFile(contents: Array(data)))
      #expect(key.kind == kind && key.isEncrypted == isEncrypted, "\(name)")
      let publicKey = try #require(FileManager.default.contents(atPath: "\(directory)/\(name).pub"))
      #expect(PrivateKeyFile(contents: Array(publicKey)) == nil)
      for length in stride(from: 0, to: data.count, by: 13) {
        // Cut files are refused or read, never a crash.
        _ = PrivateKeyFile(contents: Array(data.prefix(length)))
      }
    }
  }
}
